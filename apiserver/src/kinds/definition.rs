//! Custom resource definitions as objects: what they begin with, and what is wrong with them.
//! Source: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions.

use serde_json::{Value, json};

use crate::clock;
use crate::error::Cause;
use crate::value::{self, child, object_mut};

/// The finalizer that keeps a definition until its objects are gone.
pub const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// Fills in the names that follow from others.
pub fn defaults(object: &mut Value) {
    let spec = child(object_mut(object), "spec");
    let names = child(spec, "names");
    let kind = names.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
    if !names.contains_key("singular") {
        names.insert("singular".into(), kind.to_lowercase().into());
    }
    if !names.contains_key("listKind") {
        names.insert("listKind".into(), format!("{kind}List").into());
    }
    if !spec.contains_key("conversion") {
        spec.insert("conversion".into(), json!({"strategy": "None"}));
    }
}

/// A new definition is established at once: nothing in this server has to catch up.
pub fn born(object: &mut Value) {
    let names = value::at(object, &["spec", "names"]).cloned().unwrap_or_default();
    let versions = value::at(object, &["spec", "versions"]).and_then(Value::as_array).cloned().unwrap_or_default();
    let stored: Vec<Value> =
        versions.iter().filter(|version| version["storage"] == Value::Bool(true)).map(|version| version["name"].clone()).collect();
    let now = clock::now();
    let condition = |kind: &str, reason: &str, message: &str| json!({"type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": now});
    let conditions = [
        condition("NamesAccepted", "NoConflicts", "no conflicts found"),
        condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
    ];
    let status = json!({"conditions": conditions, "acceptedNames": names, "storedVersions": stored});
    object_mut(object).insert("status".into(), status);
    let finalizers = value::metadata(object).entry("finalizers").or_insert_with(|| json!([]));
    if let Some(list) = finalizers.as_array_mut()
        && !list.iter().any(|finalizer| finalizer == CLEANUP)
    {
        list.push(CLEANUP.into());
    }
}

/// What is wrong with a definition beyond its shape.
pub fn faults(object: &Value) -> Vec<Cause> {
    let mut faults = Vec::new();
    let (group, plural) = (value::text(object, &["spec", "group"]), value::text(object, &["spec", "names", "plural"]));
    let name = value::meta(object, "name");
    if name != format!("{plural}.{group}") {
        faults.push(Cause::invalid("metadata.name", &name.into(), "must be spec.names.plural+\".\"+spec.group"));
    }
    for field in ["plural", "kind"] {
        if value::text(object, &["spec", "names", field]).is_empty() {
            faults.push(Cause::required(format!("spec.names.{field}"), ""));
        }
    }
    if !matches!(value::text(object, &["spec", "scope"]), "Namespaced" | "Cluster") {
        let scope = value::at(object, &["spec", "scope"]).cloned().unwrap_or_default();
        faults.push(Cause::unsupported("spec.scope", &scope, &["\"Cluster\"".into(), "\"Namespaced\"".into()]));
    }
    if value::text(object, &["spec", "conversion", "strategy"]) == "Webhook" {
        faults.push(Cause::invalid("spec.conversion.strategy", &"Webhook".into(), "this server converts by changing the apiVersion only"));
    }
    faults.extend(version_faults(object));
    faults
}

fn version_faults(object: &Value) -> Vec<Cause> {
    let versions = value::at(object, &["spec", "versions"]).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let stored = versions.iter().filter(|version| version["storage"] == Value::Bool(true)).count();
    if stored == 1 {
        return Vec::new();
    }
    let given = Value::from(versions.iter().map(|version| version["name"].clone()).collect::<Vec<_>>());
    vec![Cause::invalid("spec.versions", &given, "must have exactly one version marked as storage version")]
}
