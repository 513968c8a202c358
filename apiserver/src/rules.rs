//! The rules for metadata: what a client may choose, what the server sets, what survives an update, what a deletion does.
//! Pure: times and uids are arguments. Sources: k8s.io/apiserver/pkg/registry/rest and registry/generic/registry.

use serde_json::{Value, json};

use crate::error::{ApiError, Cause, unregistered};
use crate::http::media::go_type;
use crate::kinds::{Generations, Kind, Version, builtin};
use crate::store::object::{FOREGROUND, ORPHAN};
use crate::value::{self, carry, metadata, object_mut};

/// Checks that a body that replaces an object says which one it is.
///
/// # Errors
/// 400, as Kubernetes says it.
pub fn fit_to_name(name: &str, object: &Value) -> Result<(), ApiError> {
    if !value::meta(object, "name").is_empty() {
        return Ok(());
    }
    Err(ApiError::bad_request(format!("the name of the object ({name} based on URL) was undeterminable: name must be provided")))
}

/// Checks that a body is an object of the kind, in the version and namespace of the path, and completes it.
///
/// # Errors
/// 400, as Kubernetes says it.
pub fn fit_to_path(kind: &Kind, version: &str, namespace: &str, name: &str, object: &mut Value) -> Result<(), ApiError> {
    if !object.is_object() {
        return Err(ApiError::bad_request("the body of the request is no JSON object"));
    }
    let api_version = kind.api_version(version);
    if let Some(odd) = object.get("metadata").filter(|metadata| !metadata.is_object() && !metadata.is_null()) {
        let (name, found) = (&kind.kind, go_type(odd));
        let why = format!("json: cannot unmarshal {found} into Go struct field {name}.metadata of type v1.ObjectMeta");
        return Err(ApiError::bad_request(format!("{name} in version {version:?} cannot be handled as a {name}: {why}")));
    }
    if !kind.custom {
        fit_type(&api_version, &kind.group, &kind.kind, object)?;
    }
    for (member, wanted, what) in [("apiVersion", api_version.as_str(), "API version"), ("kind", kind.kind.as_str(), "kind")] {
        match value::text(object, &[member]) {
            "" if kind.custom => return Err(ApiError::bad_request(format!("Object '{member}' is missing in the body of the request"))),
            "" => {}
            given if given == wanted => {}
            given => {
                let message = format!("the {what} in the data ({given}) does not match the expected {what} ({wanted})");
                return Err(ApiError::bad_request(message));
            }
        }
        object_mut(object).insert(member.into(), wanted.into());
    }
    fit_namespace(kind, namespace, object)?;
    match (name, value::meta(object, "name")) {
        ("", _) => Ok(()),
        (name, "") => {
            metadata(object).insert("name".into(), name.into());
            Ok(())
        }
        (name, given) if given == name => Ok(()),
        (name, given) => {
            let message = format!("the name of the object ({given}) does not match the name on the URL ({name})");
            Err(ApiError::bad_request(message))
        }
    }
}

/// Checks that an object is of a type of a built-in group, if it says of which type it is.
///
/// # Errors
/// 400, in the words in which Go's clients know it.
pub fn fit_type(api_version: &str, group: &str, kind: &str, object: &Value) -> Result<(), ApiError> {
    let given = Some(value::text(object, &["kind"])).filter(|given| !given.is_empty()).unwrap_or(kind);
    let version = Some(value::text(object, &["apiVersion"])).filter(|given| !given.is_empty()).unwrap_or(api_version);
    let short = version.rsplit('/').next().unwrap_or_default();
    type_fault(api_version, group, kind, object)
        .map_err(|why| ApiError::bad_request(format!("{given} in version {short:?} cannot be handled as a {kind}: {why}")))
}

/// That an object is not of a type of a built-in group.
///
/// # Errors
/// Of which it is instead.
pub fn type_fault(api_version: &str, group: &str, kind: &str, object: &Value) -> Result<(), String> {
    let given = Some(value::text(object, &["kind"])).filter(|given| !given.is_empty()).unwrap_or(kind);
    let version = Some(value::text(object, &["apiVersion"])).filter(|given| !given.is_empty()).unwrap_or(api_version);
    if given != kind {
        let short = version.rsplit('/').next().unwrap_or_default();
        let package = group.split('.').next().filter(|name| !name.is_empty()).unwrap_or("core");
        return Err(format!("converting ({short}.{given}) to ({package}.{kind}): unknown conversion"));
    }
    if version == api_version { Ok(()) } else { Err(unregistered(given, version)) }
}

fn fit_namespace(kind: &Kind, namespace: &str, object: &mut Value) -> Result<(), ApiError> {
    let given = value::meta(object, "namespace");
    if !kind.namespaced {
        metadata(object).shift_remove("namespace");
        return Ok(());
    }
    if given != namespace && !given.is_empty() {
        let message = "the namespace of the provided object does not match the namespace sent on the request";
        return Err(ApiError::bad_request(message));
    }
    metadata(object).insert("namespace".into(), namespace.into());
    Ok(())
}

/// Takes out what a new object cannot say of itself.
pub fn forget_system_metadata(object: &mut Value) {
    let fields = metadata(object);
    for name in ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] {
        fields.shift_remove(name);
    }
}

/// Makes a new object out of what a client sent.
pub fn bear(kind: &Kind, version: &Version, object: &mut Value, now: &str, uid: String) {
    if version.status && !kind.status_at_birth {
        object_mut(object).shift_remove("status");
    }
    let fields = metadata(object);
    for name in ["resourceVersion", "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields"] {
        fields.shift_remove(name);
    }
    fields.insert("uid".into(), uid.into());
    fields.insert("creationTimestamp".into(), now.into());
    if kind.generations == Generations::Spec {
        fields.insert("generation".into(), 1.into());
    }
    (kind.born)(object);
}

/// What a client's update of the main resource leaves as it is.
pub fn carry_over(kind: &Kind, version: &Version, old: &Value, new: &mut Value) {
    for name in ["uid", "creationTimestamp", "generation", "deletionTimestamp", "deletionGracePeriodSeconds", "generateName"] {
        carry(value::at(old, &["metadata", name]), metadata(new), name);
    }
    for name in ["selfLink", "managedFields"] {
        metadata(new).shift_remove(name);
    }
    if version.status {
        carry(old.get("status"), object_mut(new), "status");
    }
    // What holds a namespace is changed by its `finalize` alone.
    if kind.group.is_empty() && kind.resource == builtin::NAMESPACES {
        carry(old.get("spec"), object_mut(new), "spec");
    }
}

/// Raises the generation if an update changed what counts. In kinds whose types are known, an empty list or map means
/// nothing: typed clients write them, and no new generation must come of a client that changed only a label.
pub fn raise_generation(kind: &Kind, version: &Version, old: &Value, new: &mut Value) {
    if kind.generations == Generations::Spec && counts(kind, version, old, new) {
        raise(new);
    }
}

fn raise(object: &mut Value) {
    let generation = value::at(object, &["metadata", "generation"]).and_then(Value::as_i64).unwrap_or_default();
    metadata(object).insert("generation".into(), (generation + 1).into());
}

fn counts(kind: &Kind, version: &Version, old: &Value, new: &Value) -> bool {
    let annotations = |object| value::at(object, &["metadata", "annotations"]).cloned();
    // What runs a Deployment reads its annotations, too.
    if kind.group == "apps" && kind.resource == "deployments" && annotations(old) != annotations(new) {
        return true;
    }
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else { return true };
    let ignored = |name: &str| matches!(name, "metadata" | "apiVersion" | "kind") || (version.status && name == "status");
    let same = |old, new| if kind.custom { old == new } else { value::means_the_same(old, new) };
    let differs = |name: &String| !ignored(name) && !same(old.get(name), new.get(name));
    old.keys().chain(new.keys()).any(differs)
}

/// Whether two states of an object differ in anything but the resourceVersion.
pub fn differ(old: &Value, new: &Value) -> bool {
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else { return true };
    if old.len() != new.len() {
        return true;
    }
    old.iter().any(|(name, value)| match (name.as_str(), new.get(name)) {
        (_, None) => true,
        ("metadata", Some(other)) => metadata_differ(value, other),
        (_, Some(other)) => other != value,
    })
}

fn metadata_differ(old: &Value, new: &Value) -> bool {
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else { return true };
    let relevant = |fields: &value::Fields| fields.keys().filter(|name| *name != "resourceVersion").count();
    relevant(old) != relevant(new) || old.iter().any(|(name, value)| name != "resourceVersion" && new.get(name) != Some(value))
}

/// What is wrong with an update beyond the object itself.
pub fn update_faults(kind: &Kind, old: &Value, new: &Value) -> Vec<Cause> {
    let mut faults = Vec::new();
    if !value::meta(old, "deletionTimestamp").is_empty() {
        let before = value::meta_list(old, "finalizers");
        let new_ones: Vec<&str> = value::meta_list(new, "finalizers").into_iter().filter(|name| !before.contains(name)).collect();
        if !new_ones.is_empty() {
            let told = new_ones.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
            let detail = format!("no new finalizers can be added if the object is being deleted, found new finalizers []string{{{told}}}");
            faults.push(Cause::forbidden("metadata.finalizers", &detail));
        }
    }
    faults.extend(immutable_faults(kind, old, new));
    faults.extend(crate::access::validate::update_faults(kind, old, new));
    faults
}

fn immutable_faults(kind: &Kind, old: &Value, new: &Value) -> Vec<Cause> {
    let mut faults = Vec::new();
    if kind.group == "apps" && value::at(old, &["spec", "selector"]) != value::at(new, &["spec", "selector"]) {
        let selector = value::at(new, &["spec", "selector"]).cloned().unwrap_or_default();
        faults.push(Cause::invalid("spec.selector", &selector, "field is immutable"));
    }
    let frozen = old.get("immutable") == Some(&Value::Bool(true));
    if frozen && matches!(kind.resource.as_str(), "configmaps" | "secrets") && kind.group.is_empty() {
        for field in ["data", "binaryData", "immutable"].into_iter().filter(|field| old.get(*field) != new.get(*field)) {
            faults.push(Cause::forbidden(field, "field is immutable when `immutable` is set"));
        }
    }
    faults
}

/// Whether nothing keeps an object that is being deleted.
pub fn is_over(kind: &Kind, object: &Value) -> bool {
    let grace = value::at(object, &["metadata", "deletionGracePeriodSeconds"]).and_then(Value::as_i64).unwrap_or_default();
    !value::meta(object, "deletionTimestamp").is_empty() && grace == 0 && !is_held(kind, object)
}

/// Whether a finalizer holds an object.
pub fn is_held(kind: &Kind, object: &Value) -> bool {
    let namespace = kind.group.is_empty() && kind.resource == builtin::NAMESPACES;
    let spec = value::at(object, &["spec", "finalizers"]).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    !value::meta_list(object, "finalizers").is_empty() || (namespace && spec)
}

/// What is to happen to dependents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Propagation {
    /// They are collected after the owner is gone.
    #[default]
    Background,
    /// The owner stays until they are gone.
    Foreground,
    /// They stay.
    Orphan,
}

/// Marks an object as being deleted.
pub fn condemn(object: &mut Value, grace: i64, date: &str, propagation: Propagation) {
    let mut finalizers: Vec<String> = value::meta_list(object, "finalizers").into_iter().map(str::to_owned).collect();
    finalizers.retain(|name| name != FOREGROUND && name != ORPHAN);
    match propagation {
        Propagation::Background => {}
        Propagation::Foreground => finalizers.push(FOREGROUND.into()),
        Propagation::Orphan => finalizers.push(ORPHAN.into()),
    }
    let fields = metadata(object);
    if finalizers.is_empty() {
        fields.shift_remove("finalizers");
    } else {
        fields.insert("finalizers".into(), json!(finalizers));
    }
    let first = !fields.contains_key("deletionTimestamp");
    let shorter = fields.get("deletionGracePeriodSeconds").and_then(Value::as_i64).is_none_or(|given| grace < given);
    if first || shorter {
        fields.insert("deletionTimestamp".into(), date.into());
        fields.insert("deletionGracePeriodSeconds".into(), grace.into());
    }
    if first && value::at(object, &["metadata", "generation"]).is_some() {
        raise(object);
    }
}

#[cfg(test)]
mod tests;
