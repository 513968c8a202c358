//! POST on a collection.

use ebb_apiserver_core::rbac::{On, Request};
use serde_json::Value;

use super::{Answer, Call, Core, Written, commit, fit};
use crate::access::gate;
use crate::clock;
use crate::error::{ApiError, Cause};
use crate::kinds::builtin;
use crate::managed::{self, Managers};
use crate::names;
use crate::options::Operation;
use crate::rules;
use crate::store::{Change, Expected, object};
use crate::value;

/// A generated name is tried so often; 27^5 names make the second try rare.
const NAMES_MAX: usize = 8;

/// Creates an object.
///
/// # Errors
/// As Kubernetes answers.
pub async fn create(core: &Core, call: &Call, body: Value) -> Result<Answer, ApiError> {
    let told = Managers::told(&body);
    create_managed(core, call, body, told).await
}

/// Creates the object that a configuration applied to nothing makes. The path names it.
///
/// # Errors
/// As Kubernetes answers; 409 `AlreadyExists` when it is there by now.
pub async fn apply(core: &Core, call: &Call, config: &Value) -> Result<Answer, ApiError> {
    if !call.user.is_system() {
        // Whoever may patch need not be allowed to make.
        let (group, resource, namespace, name) = (&call.kind.group, &call.kind.resource, &call.namespace, &call.name);
        let on = On::Resource { group, resource, subresource: "", namespace, name };
        gate::require(&core.access, &call.user, &Request { verb: "create", on })?;
    }
    let (object, managers) = managed::apply(call, None, config)?;
    match value::meta(&object, "name") {
        "" => {
            let why = format!("the name of the object ({} based on URL) was undeterminable: name must be provided", call.name);
            return Err(ApiError::bad_request(why));
        }
        name if name != call.name => {
            let why = format!("the name of the object ({name}) does not match the name on the URL ({})", call.name);
            return Err(ApiError::bad_request(why));
        }
        _ => {}
    }
    let uid = value::meta(&object, "uid");
    if !uid.is_empty() {
        let why = format!("uid mismatch: the provided object specified uid {uid}, and no existing object was found");
        return Err(ApiError::conflict_because(&call.kind, &call.name, &why));
    }
    create_managed(core, call, object, Managers::Applied(managers)).await
}

async fn create_managed(core: &Core, call: &Call, mut body: Value, managers: Managers) -> Result<Answer, ApiError> {
    if call.kind.namespaced && call.namespace.is_empty() {
        return Err(ApiError::method_not_allowed());
    }
    rules::fit_to_path(&call.kind, &call.version.name, &call.namespace, "", &mut body)?;
    if !value::meta(&body, "resourceVersion").is_empty() {
        // Kubernetes takes this for a fault of its own.
        return Err(ApiError::unknown("resourceVersion should not be set on objects to be created"));
    }
    rules::forget_system_metadata(&mut body);
    // Held until the object is there: a namespace that is being emptied waits for it.
    let _creating = call.kind.namespaced.then(|| core.registry.creating.begin(&call.namespace));
    check_namespace(core, call, &body)?;
    let prefix = value::meta(&body, "generateName").to_owned();
    let generated = value::meta(&body, "name").is_empty() && !prefix.is_empty();
    for attempt in 1.. {
        let mut body = body.clone();
        if generated {
            // Room for the suffix; Kubernetes cuts in the same place.
            let room = prefix.char_indices().nth(58).map_or(prefix.len(), |(at, _)| at);
            value::metadata(&mut body).insert("name".into(), format!("{}{}", &prefix[..room], clock::name_suffix()).into());
        }
        match create_named(core, call, body, managers.clone()).await {
            Err(error) if generated && error.reason == "AlreadyExists" && attempt < NAMES_MAX => {}
            Err(error) if generated && error.reason == "AlreadyExists" => {
                let message = format!("{}, the server was not able to generate a unique name for the object", error.message);
                return Err(ApiError { message, ..error });
            }
            result => return result,
        }
    }
    Err(ApiError::internal("no name was free"))
}

fn check_namespace(core: &Core, call: &Call, body: &Value) -> Result<(), ApiError> {
    if !call.kind.namespaced {
        return Ok(());
    }
    match core.registry.namespace(&call.namespace) {
        Some(false) => Ok(()),
        Some(true) => {
            let why = format!("unable to create new content in namespace {} because it is being terminated", call.namespace);
            let message = format!("namespace {} is being terminated", call.namespace);
            let cause = Cause { field: "metadata.namespace".into(), reason: "NamespaceTerminating", message };
            Err(ApiError::forbidden(&call.kind, value::meta(body, "name"), &why).because(&cause))
        }
        None => {
            let namespaces = core.registry.find_id(builtin::NAMESPACES).ok_or_else(ApiError::page_not_found)?;
            Err(ApiError::not_found(&namespaces.kind(), &call.namespace))
        }
    }
}

async fn create_named(core: &Core, call: &Call, body: Value, managers: Managers) -> Result<Answer, ApiError> {
    let mut warnings = Vec::new();
    let mut shaped = fit::shape(call, body, &mut warnings)?;
    fit::complete(call, None, &mut shaped);
    let managers = managed::note(call, None, &shaped, managers);
    let mut new = fit::admit(core, call, Operation::Create, shaped, None, &mut warnings)?;
    rules::bear(&call.kind, &call.version, &mut new, &clock::now(), clock::uid());
    fit::furnish(call, None, &mut new);
    fit::settle(core, call, &mut new);
    let name = value::meta(&new, "name").to_owned();
    let mut faults = name_faults(call, value::meta(&new, "generateName"), &name);
    faults.extend(fit::faults(call, &new, None));
    fit::judge(call, &name, &faults)?;
    fit::warn(call, None, &new, &mut warnings);
    let mut new = fit::stored_version(call, new);
    managed::put(None, &mut new, managers);
    let key = object::key(&call.namespace, &name);
    loop {
        if let Some(taken) = call.resource.get(&key) {
            let refusal = if taken.deleting { ApiError::still_exists } else { ApiError::already_exists };
            return Err(refusal(&call.kind, &name));
        }
        if call.query.dry_run()? {
            return Ok(Answer { written: Written::Value(fit::shown(call, new)), code: 201, warnings });
        }
        if let Some(object) = commit(call, &key, Expected::Absent, Change::Put(new.clone())).await? {
            return Ok(Answer { written: Written::Stored(object), code: 201, warnings });
        }
    }
}

fn name_faults(call: &Call, prefix: &str, name: &str) -> Vec<Cause> {
    if name.is_empty() {
        return vec![Cause::required("metadata.name", "name or generateName is required")];
    }
    // What is behind the dash at the end of a prefix is not known yet.
    let begun = prefix.strip_suffix('-').map_or_else(|| prefix.to_owned(), |prefix| format!("{prefix}a"));
    let fault_of = |name: &str| names::name_fault(call.kind.naming, name);
    let of_prefix = Some(begun).filter(|begun| !begun.is_empty()).and_then(|begun| fault_of(&begun));
    let of_prefix = of_prefix.map(|fault| Cause::invalid("metadata.generateName", &prefix.into(), &fault));
    let of_name = fault_of(name).map(|fault| Cause::invalid("metadata.name", &name.into(), &fault));
    of_prefix.into_iter().chain(of_name).collect()
}
