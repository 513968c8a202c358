//! From what a client sent to what may be stored: shape, defaults, admission, validation. In this order, so that
//! admission sees complete objects and validation sees what will be stored.

use std::borrow::Cow;

use serde_json::Value;

use super::{Call, Core, parse, scale};
use crate::access;
use crate::error::{ApiError, Cause};
use crate::http::query::FieldValidation;
use crate::kinds::{Shape, builtin, complete, definition, quantity, typed, validate};
use crate::names;
use crate::options::{AdmissionRequest, Operation};
use crate::patch::go_print;
use crate::read;
use crate::schema::Schema;
use crate::store::Object;
use crate::value;

/// Metadata that are left out when they are empty.
const OMITTED: [&str; 4] = ["labels", "annotations", "finalizers", "ownerReferences"];

/// Brings an object into the shape of its kind, and says what does not belong there.
///
/// # Errors
/// 400 when it cannot be read as its kind at all, or has unknown fields and the client is strict.
pub fn shape(call: &Call, object: Value, warnings: &mut Vec<String>) -> Result<Value, ApiError> {
    read(call, object, warnings).map_err(|why| unreadable(call, &why))
}

/// The same for what a patch made of an object. `patch` is what the client is told to have sent, if it is not that.
///
/// # Errors
/// 422 when it cannot be read as its kind at all, or has unknown fields and the client is strict.
pub fn shape_patched(call: &Call, object: Value, patch: Option<&Value>, warnings: &mut Vec<String>) -> Result<Value, ApiError> {
    let made = if call.user.is_system() { Value::Null } else { object.clone() };
    read(call, object, warnings).map_err(|why| ApiError::invalid_patch(&patch.map_or_else(|| made.to_string(), go_print), &why))
}

/// Reads an object as its kind, or says why it cannot be.
fn read(call: &Call, mut object: Value, warnings: &mut Vec<String>) -> Result<Value, String> {
    let default = if call.user.is_system() { FieldValidation::Ignore } else { FieldValidation::Warn };
    let validation = call.query.field_validation().unwrap_or(default);
    let (mut object, unknown) = match &call.version.shape {
        Shape::Typed(normalise) => {
            if !call.user.is_system() {
                typed::fill_nulls(&mut object);
            }
            let given = (validation != FieldValidation::Ignore).then(|| object.clone());
            let explained = |error: serde_json::Error| {
                given.as_ref().map_or_else(|| error.to_string(), |given| typed::unreadable::explain(*normalise, given))
            };
            let mut kept = normalise(object).map_err(explained)?;
            if !call.user.is_system() {
                quantity::settle(&call.kind, &mut kept)?;
            }
            let unknown = given.map(|given| typed::dropped(&given, &kept)).unwrap_or_default();
            (kept, unknown)
        }
        Shape::Schema(schema) => {
            shape_metadata(call, &mut object)?;
            let mut unknown = schema.prune(&mut object);
            unknown.sort_unstable();
            schema.default(&mut object);
            (object, unknown)
        }
        Shape::Free => {
            shape_metadata(call, &mut object)?;
            (object, Vec::new())
        }
    };
    let unknown = unknown.into_iter().map(|path| format!("unknown field \"{path}\""));
    let odd: Vec<String> = call.repeated.iter().cloned().chain(unknown).collect();
    match validation {
        FieldValidation::Warn => warnings.extend(odd),
        FieldValidation::Strict if !odd.is_empty() => return Err(format!("strict decoding error: {}", odd.join(", "))),
        FieldValidation::Ignore | FieldValidation::Strict => {}
    }
    value::metadata(&mut object).retain(|name, value| !(OMITTED.contains(&name.as_str()) && value::is_nothing(Some(value))));
    (call.kind.defaults)(&mut object);
    Ok(object)
}

fn unreadable(call: &Call, why: &str) -> ApiError {
    let (kind, version) = (&call.kind.kind, &call.version.name);
    ApiError::bad_request(format!("{kind} in version \"{version}\" cannot be handled as a {kind}: {why}"))
}

/// Metadata of custom kinds are those of all kinds.
fn shape_metadata(call: &Call, object: &mut Value) -> Result<(), String> {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
    const NORMALISE: typed::Normalise = typed::normalise::<ObjectMeta>;
    let fields = value::metadata(object);
    let given = Value::Object(std::mem::take(fields));
    let copy = (!call.user.is_system()).then(|| given.clone());
    match NORMALISE(given) {
        Ok(Value::Object(kept)) => {
            *fields = kept;
            Ok(())
        }
        Ok(_) => Err("metadata is no object".into()),
        Err(error) => Err(copy.map_or_else(|| format!("metadata: {error}"), |copy| typed::unreadable::explain(NORMALISE, &copy))),
    }
}

/// Warns of what a custom object may have but had better not; `old` is what the object was before.
pub fn warn(call: &Call, old: Option<&Value>, object: &Value, warnings: &mut Vec<String>) {
    if !call.kind.custom || call.user.is_system() {
        return;
    }
    let before = old.map(|old| value::meta_list(old, "finalizers")).unwrap_or_default();
    let new = value::meta_list(object, "finalizers").into_iter().filter(|name| !name.contains('/') && !before.contains(name));
    let why = "prefer a domain-qualified finalizer name to avoid accidental conflicts with other finalizer writers";
    warnings.extend(new.map(|name| format!("metadata.finalizers: {name:?}: {why}")));
}

/// Fills in what Kubernetes fills in for its users; `old` is what the object was before.
pub fn complete(call: &Call, old: Option<&Value>, object: &mut Value) {
    if !call.user.is_system() {
        complete::complete(&call.kind, old, object);
    }
}

/// Puts in what Kubernetes decides for its users; `old` is what the object was before.
pub fn furnish(call: &Call, old: Option<&Value>, object: &mut Value) {
    if !call.user.is_system() {
        complete::settle(&call.kind, old, object);
    }
}

/// The same for its status.
pub fn furnish_status(call: &Call, object: &mut Value) {
    if !call.user.is_system() {
        complete::settle_status(&call.kind, object);
    }
}

/// Asks the hook about an object, and brings what it made of it into shape: it may have left defaults to the schema.
///
/// # Errors
/// 400 with the hook's message.
pub fn admit(
    core: &Core,
    call: &Call,
    operation: Operation,
    object: Value,
    old: Option<&Value>,
    warnings: &mut Vec<String>,
) -> Result<Value, ApiError> {
    match ask(core, call, operation, Some(&object), old, warnings)? {
        None => Ok(object),
        Some(admitted) => shape(call, admitted, &mut Vec::new()),
    }
}

/// Asks who may do it, where that depends on the object, and then the hook; `None` when the hook has no interest.
///
/// # Errors
/// 403, and 400 with the hook's message.
pub fn ask(
    core: &Core,
    call: &Call,
    operation: Operation,
    object: Option<&Value>,
    old: Option<&Value>,
    warnings: &mut Vec<String>,
) -> Result<Option<Value>, ApiError> {
    access::escalation::check(core, call, operation, object, old)?;
    let (kind, subresource) = (&call.kind, call.subresource.as_deref());
    if !core.admission.concerns(&kind.group, &kind.resource, subresource) {
        return Ok(None);
    }
    let request = AdmissionRequest {
        operation,
        group: &kind.group,
        version: &call.version.name,
        resource: &kind.resource,
        subresource,
        kind: &kind.kind,
        namespace: &call.namespace,
        name: object.or(old).map_or(call.name.as_str(), |object| value::meta(object, "name")),
        object,
        old_object: old,
        user: &call.user,
        dry_run: call.query.dry_run()?,
    };
    let admitted = core.admission.admit(&request).map_err(|denied| ApiError::bad_request(denied.message))?;
    warnings.extend(admitted.warnings);
    Ok(Some(admitted.object))
}

/// Everything that is wrong with an object that could be stored.
///
/// `old` is the object before an update: what an update leaves as it was is not judged again.
pub fn faults(call: &Call, object: &Value, old: Option<&Value>) -> Vec<Cause> {
    let mut faults = names::metadata_faults(object);
    faults.extend(access::validate::faults(&call.kind, object));
    match call.subresource.as_deref() {
        _ if call.user.is_system() => {}
        None => faults.extend(validate::faults(&call.kind, old, object)),
        Some("status") => faults.extend(validate::status_faults(&call.kind, object)),
        Some(_) => {}
    }
    if let Shape::Schema(schema) = &call.version.shape {
        faults.extend(schema_faults(call, schema, object, old));
    }
    if *call.resource.id == *builtin::DEFINITIONS {
        faults.extend(definition::faults(object, old));
        if faults.is_empty()
            && let Err(message) = usable(object)
        {
            faults.push(Cause { field: "spec".into(), reason: "FieldValueInvalid", message: format!("Invalid value: {message}") });
        }
    }
    faults
}

fn schema_faults(call: &Call, schema: &Schema, object: &Value, old: Option<&Value>) -> Vec<Cause> {
    // An update of the status is judged by the status alone, and told so.
    let mut faults = match (call.subresource.as_deref(), schema.property("status"), object.get("status")) {
        (Some("status"), Some(of), Some(status)) => of.validate(status, old.and_then(|old| old.get("status")), "status"),
        (Some("status"), _, _) => Vec::new(),
        _ => schema.validate(object, old, ""),
    };
    faults.extend(call.version.scale.as_ref().map(|paths| scale::faults(paths, object)).unwrap_or_default());
    faults.extend(schema.embedded_faults(object));
    if old.is_none_or(|old| schema.duplicates(old).is_empty()) {
        faults.extend(schema.duplicates(object));
    }
    let broken = schema.break_rules(object, old, &faults);
    faults.extend(broken);
    faults
}

/// Works out the status of a definition among the others of its group.
pub fn settle(core: &Core, call: &Call, object: &mut Value) {
    if *call.resource.id == *builtin::DEFINITIONS {
        definition::status::settle(object, &core.registry.neighbours(object));
    }
}

/// Whether a kind can be made of a definition.
fn usable(object: &Value) -> Result<(), String> {
    let definition = serde_json::from_value(object.clone()).map_err(|error| error.to_string())?;
    crate::kinds::custom::kind(&definition, crate::kinds::Lasting::Durable).map(|_| ())
}

/// Turns faults into the answer.
///
/// # Errors
/// 422 if there are any.
pub fn judge(call: &Call, name: &str, faults: &[Cause]) -> Result<(), ApiError> {
    if faults.is_empty() { Ok(()) } else { Err(ApiError::invalid(&call.kind, name, faults)) }
}

/// An object as it is kept, in the form in which the call sees it; versions of a kind all have the same form.
pub fn seen(call: &Call, kept: &Object) -> Result<Value, ApiError> {
    Ok(shown(call, parse(kept)?))
}

/// What would be kept, as the answer to a dry run shows it.
pub fn shown(call: &Call, kept: Value) -> Value {
    if call.kind.form.is_some() { read::seen(&call.kind, &call.version, kept) } else { kept }
}

/// An object of [`seen`] as it is kept.
pub fn kept<'a>(call: &Call, seen: &'a Value) -> Cow<'a, Value> {
    match call.kind.form {
        Some(form) => Cow::Owned(form.write(seen.clone())),
        None => Cow::Borrowed(seen),
    }
}

/// Objects are kept in one version, whatever the version in which they came.
pub fn stored_version(call: &Call, mut object: Value) -> Value {
    if let Some(form) = call.kind.form {
        return form.write(object);
    }
    if call.version.name != call.kind.stored {
        value::object_mut(&mut object).insert("apiVersion".into(), call.kind.api_version(&call.kind.stored).into());
        // The other version may know no defaults.
        let stored = call.kind.version(&call.kind.stored);
        if let Some(Shape::Schema(schema)) = stored.map(|version| &version.shape) {
            schema.default(&mut object);
        }
    }
    object
}
