//! Who manages which fields (`metadata.managedFields`), and server-side apply: the shell around
//! `ebb_apiserver_core::apply`. It finds the types, the manager and the time, and puts the outcome into objects.
//!
//! What the server's own rooms write ([`crate::SYSTEM_USER`]) is not noted: it is derived from what users wrote, nobody
//! applies it, and the notes would be half of every object. What such a write changes or removes is taken from whoever
//! managed it, as with any other write, so that nobody is said to manage what he did not say.

pub mod complete;
pub mod options;
pub mod scale;
pub mod table;
pub mod types;

use ebb_apiserver_core::apply::manager::with_old_times;
use ebb_apiserver_core::apply::{Fault, Managed, Scope, Set};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use serde_json::{Value, json};

use crate::clock;
use crate::error::ApiError;
use crate::kinds::{Shape, typed};
use crate::value::{self, object_mut};
use crate::write::Call;
use types::Type;

const FIELD: &str = "managedFields";

/// What is known of the managers before a write is complete.
#[derive(Clone)]
pub enum Managers {
    /// It is no apply. This is what the client's object says of managers, if it says anything.
    Told(Option<Value>),
    /// It is an apply, and these are the managers after it.
    Applied(Option<Value>),
}

impl Managers {
    /// Takes what a client's object says.
    pub fn told(object: &Value) -> Self {
        Self::Told(value::at(object, &["metadata", FIELD]).cloned())
    }
}

/// Fields that a request cannot set, whatever it says: they are not owned through it. Source: `GetResetFields` of the
/// strategies in k8s.io/kubernetes/pkg/registry; the status of built-in kinds leaves metadata alone here.
fn reset(call: &Call) -> Set {
    match call.subresource.as_deref() {
        Some("status") => Set::of([["spec"].as_slice(), &["metadata"]]),
        _ if call.version.status => Set::of([["status"].as_slice()]),
        _ => Set::default(),
    }
}

/// What each request of a kind has in common.
struct Ground {
    version: String,
    reset: Set,
    empty: Value,
    now: String,
}

impl Ground {
    fn new(call: &Call) -> Self {
        let version = call.kind.api_version(&call.version.name);
        let empty = completed(call, &json!({"apiVersion": version, "kind": call.kind.kind}));
        Self { version, reset: reset(call), empty, now: clock::now() }
    }

    fn within<'c, T>(&self, call: &'c Call, act: impl FnOnce(&Scope<'_, Type<'c>>) -> T) -> T {
        let types = |api_version: &str| {
            let versions = call.kind.versions.iter();
            let found = versions.into_iter().find(|version| call.kind.api_version(&version.name) == api_version)?;
            Some(types::of(&call.kind, found))
        };
        act(&Scope {
            version: &self.version,
            types: &types,
            subresource: call.subresource.as_deref().unwrap_or_default(),
            reset: &self.reset,
            empty: &self.empty,
            now: &self.now,
        })
    }
}

/// An object as it is compared: in the version of the request, without managers, with what is always there.
fn completed(call: &Call, object: &Value) -> Value {
    let mut object = object.clone();
    object_mut(&mut object).insert("apiVersion".into(), call.kind.api_version(&call.version.name).into());
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        metadata.shift_remove(FIELD);
    }
    if let Type::Struct(shape) = types::of(&call.kind, &call.version) {
        complete::fill(shape, &mut object);
    }
    object
}

/// Managers as they stand in an object; none if they cannot be read.
fn decode(entries: Option<&Value>) -> Option<Managed> {
    // Through their type, which spells times in one way.
    let entries = typed::normalise::<Vec<ManagedFieldsEntry>>(entries?.clone()).ok()?;
    Managed::decode(Some(&entries))
}

/// The managers after a write. `old` is the object before it, `new` the object as the client wants it, defaults included.
pub fn note(call: &Call, old: Option<&Value>, new: &Value, managers: Managers) -> Option<Value> {
    let live = old.and_then(|old| value::at(old, &["metadata", FIELD]));
    match managers {
        Managers::Applied(managers) => managers,
        Managers::Told(_) if call.user.is_system() => live.and_then(|live| note_unnoted(call, live, old?, new)),
        Managers::Told(told) => {
            let told = told.filter(|_| call.subresource.is_none());
            let given = match told {
                Some(told) if Managed::is_reset(&told) => Some(Managed::default()),
                told => decode(told.as_ref()).filter(|managed| !managed.owners.is_empty()),
            };
            let managed = given.or_else(|| decode(live)).unwrap_or_default();
            if old.is_some() && managed.owners.is_empty() {
                return None;
            }
            let (old, new) = (old.map(|old| completed(call, old)), completed(call, new));
            // As upstream: of what cannot be compared nothing is known any more.
            let noted = Ground::new(call).within(call, |scope| scope.update(old.as_ref(), &new, managed, &call.manager));
            noted.ok().and_then(|managed| managed.encode())
        }
    }
}

/// The managers after a write that is not noted.
fn note_unnoted(call: &Call, live: &Value, old: &Value, new: &Value) -> Option<Value> {
    let owns_status = |entry: &Value| value::at(entry, &["fieldsV1", "f:status"]).is_some();
    let apart = call.subresource.as_deref() == Some("status") && !live.as_array().is_some_and(|entries| entries.iter().any(owns_status));
    let unchanged = || Some(live.clone());
    if apart {
        return unchanged();
    }
    let Some(managed) = decode(Some(live)) else { return unchanged() };
    let (old, new) = (completed(call, old), completed(call, new));
    match Ground::new(call).within(call, |scope| scope.update_unnoted(&old, &new, managed)) {
        Ok(managed) => managed.encode(),
        Err(_) => unchanged(),
    }
}

/// Puts managers into an object. If their times are all that a write would change, they stay as they were.
pub fn put(old: Option<&Value>, new: &mut Value, managers: Option<Value>) {
    let set = |new: &mut Value, managers: Option<Value>| {
        let metadata = value::metadata(new);
        metadata.shift_remove(FIELD);
        metadata.extend(managers.map(|managers| (FIELD.to_owned(), managers)));
    };
    let Some(old) = old else { return set(new, managers) };
    let before = value::at(old, &["metadata", FIELD]);
    let settled = with_old_times(before, managers.clone());
    set(new, settled);
    if crate::rules::differ(old, new) {
        set(new, managers);
    }
}

/// Applies a configuration to the object before it, or to nothing. Gives the object as it should be, and its managers.
///
/// # Errors
/// 400 when it is no configuration of the kind, 500 when it does not fit the type, as upstream, 409 when others manage what
/// it changes.
pub fn apply(call: &Call, old: Option<&Value>, config: &Value) -> Result<(Value, Option<Value>), ApiError> {
    check(call, config)?;
    let live = old.and_then(|old| value::at(old, &["metadata", FIELD]));
    let managed = match live {
        None => Managed::default(),
        Some(live) => decode(Some(live)).ok_or_else(|| ApiError::internal("failed to decode managed fields"))?,
    };
    let ground = Ground::new(call);
    let before = old.map_or_else(|| ground.empty.clone(), |old| completed(call, old));
    let force = call.query.flag("force");
    let applied = ground.within(call, |scope| scope.apply(&before, config, &managed, &call.manager, force));
    let (object, managed) = applied.map_err(|fault| refused(call, config, &fault))?;
    let mut object = object.unwrap_or(before);
    if let Type::Struct(shape) = types::of(&call.kind, &call.version) {
        complete::strip(shape, &mut object, old);
    }
    Ok((object, managed.encode()))
}

fn refused(call: &Call, config: &Value, fault: &Fault) -> ApiError {
    match fault {
        Fault::Conflicts(conflicts) => ApiError::apply_conflict(conflicts.message(), conflicts.causes()),
        Fault::Unfit(faults) => unfit(call, config, &faults.to_string()),
    }
}

fn unfit(call: &Call, config: &Value, why: &str) -> ApiError {
    let (namespace, name) = (value::meta(config, "namespace"), value::meta(config, "name"));
    ApiError::unknown(format!("failed to create typed patch object ({namespace}/{name}; {}): {why}", options::type_of(config, call)))
}

/// Whether a configuration is one of the kind, and has only fields that the kind knows.
fn check(call: &Call, config: &Value) -> Result<(), ApiError> {
    let wanted = (call.kind.api_version(&call.version.name), call.kind.kind.as_str());
    if (value::text(config, &["apiVersion"]), value::text(config, &["kind"])) != (wanted.0.as_str(), wanted.1) {
        return Err(ApiError::bad_request(format!("invalid object type: {}", options::type_of(config, call))));
    }
    if value::at(config, &["metadata", FIELD]).is_some_and(|managers| !managers.is_null()) {
        return Err(ApiError::bad_request("metadata.managedFields must be nil"));
    }
    let unknown = match &call.version.shape {
        Shape::Typed(normalise) => {
            let mut whole = config.clone();
            typed::fill_nulls(&mut whole);
            let kept = normalise(whole).map_err(|_| unfit(call, config, &typed::unreadable::explain(*normalise, config)))?;
            typed::dropped(config, &kept)
        }
        Shape::Schema(_) | Shape::Free => Vec::new(),
    };
    match unknown.as_slice() {
        [] => Ok(()),
        [one] => Err(unfit(call, config, &format!(".{one}: field not declared in schema"))),
        many => {
            let lines: Vec<String> = many.iter().map(|path| format!("\n  .{path}: field not declared in schema")).collect();
            Err(unfit(call, config, &format!("errors:{}", lines.concat())))
        }
    }
}
