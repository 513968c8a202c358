//! What is wrong with roles and bindings. Source: k8s.io/kubernetes/pkg/apis/rbac/validation.

use ebb_apiserver_core::rbac;
use serde_json::{Value, json};

use super::certificates;
use crate::error::Cause;
use crate::kinds::{Kind, Naming};
use crate::names;
use crate::value;

fn list<'a>(object: &'a Value, path: &[&str]) -> &'a [Value] {
    value::at(object, path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn unsupported(field: String, given: &str, allowed: &[&str]) -> Cause {
    let allowed: Vec<String> = allowed.iter().map(|name| format!("{name:?}")).collect();
    Cause::unsupported(field, &given.into(), &allowed)
}

/// What is wrong with an object of this group; nothing with others.
pub fn faults(kind: &Kind, object: &Value) -> Vec<Cause> {
    if kind.group != rbac::GROUP {
        return certificates::faults(kind, object);
    }
    match kind.resource.as_str() {
        "roles" => rule_faults(object, true),
        "clusterroles" => {
            let mut faults = rule_faults(object, false);
            let aggregates = object.get("aggregationRule").is_some_and(|rule| !rule.is_null());
            if aggregates && list(object, &["aggregationRule", "clusterRoleSelectors"]).is_empty() {
                let detail = "at least one clusterRoleSelector required if aggregationRule is non-nil";
                faults.push(Cause::required("aggregationRule.clusterRoleSelectors", detail));
            }
            faults
        }
        "rolebindings" => binding_faults(object, &["Role", "ClusterRole"]),
        "clusterrolebindings" => binding_faults(object, &["ClusterRole"]),
        _ => Vec::new(),
    }
}

/// What is wrong with an update.
pub fn update_faults(kind: &Kind, old: &Value, new: &Value) -> Vec<Cause> {
    if certificates::is_request(kind) && old.get("spec") != new.get("spec") {
        return vec![Cause::forbidden("spec", "a request for a certificate cannot be changed")];
    }
    if kind.group != rbac::GROUP || old.get("roleRef") == new.get("roleRef") {
        return Vec::new();
    }
    let part = |name: &str| value::text(new, &["roleRef", name]);
    let given = json!({"APIGroup": part("apiGroup"), "Kind": part("kind"), "Name": part("name")});
    vec![Cause::invalid("roleRef", &given, "cannot change roleRef")]
}

fn rule_faults(role: &Value, namespaced: bool) -> Vec<Cause> {
    let mut faults = Vec::new();
    for (index, rule) in list(role, &["rules"]).iter().enumerate() {
        let at = |field: &str| format!("rules[{index}].{field}");
        let empty = |field: &str| list(rule, &[field]).is_empty();
        if empty("verbs") {
            faults.push(Cause::required(at("verbs"), "verbs must contain at least one value"));
        }
        if !empty("nonResourceURLs") {
            let urls = rule.get("nonResourceURLs").cloned().unwrap_or_default();
            if namespaced {
                faults.push(Cause::invalid(at("nonResourceURLs"), &urls, "namespaced rules cannot apply to non-resource URLs"));
            }
            if !(empty("apiGroups") && empty("resources") && empty("resourceNames")) {
                let detail = "rules cannot apply to both regular resources and non-resource URLs";
                faults.push(Cause::invalid(at("nonResourceURLs"), &urls, detail));
            }
            continue;
        }
        if empty("apiGroups") {
            faults.push(Cause::required(at("apiGroups"), "resource rules must supply at least one api group"));
        }
        if empty("resources") {
            faults.push(Cause::required(at("resources"), "resource rules must supply at least one resource"));
        }
    }
    faults
}

fn binding_faults(binding: &Value, kinds: &[&str]) -> Vec<Cause> {
    let mut faults = Vec::new();
    let part = |name: &str| value::text(binding, &["roleRef", name]);
    if part("apiGroup") != rbac::GROUP {
        faults.push(unsupported("roleRef.apiGroup".into(), part("apiGroup"), &[rbac::GROUP]));
    }
    if !kinds.contains(&part("kind")) {
        faults.push(unsupported("roleRef.kind".into(), part("kind"), kinds));
    }
    match part("name") {
        "" => faults.push(Cause::required("roleRef.name", "")),
        name => faults.extend(names::name_fault(Naming::Segment, name).map(|fault| Cause::invalid("roleRef.name", &name.into(), &fault))),
    }
    let namespaced = kinds.contains(&"Role");
    for (index, subject) in list(binding, &["subjects"]).iter().enumerate() {
        faults.extend(subject_faults(subject, namespaced, &format!("subjects[{index}]")));
    }
    faults
}

fn subject_faults(subject: &Value, namespaced: bool, at: &str) -> Vec<Cause> {
    let mut faults = Vec::new();
    let part = |name: &str| value::text(subject, &[name]);
    if part("name").is_empty() {
        faults.push(Cause::required(format!("{at}.name"), ""));
    }
    match part("kind") {
        "ServiceAccount" => {
            let name = part("name");
            if let Some(fault) = names::name_fault(Naming::Subdomain, name).filter(|_| !name.is_empty()) {
                faults.push(Cause::invalid(format!("{at}.name"), &name.into(), &fault));
            }
            if !part("apiGroup").is_empty() {
                faults.push(unsupported(format!("{at}.apiGroup"), part("apiGroup"), &[""]));
            }
            if !namespaced && part("namespace").is_empty() {
                faults.push(Cause::required(format!("{at}.namespace"), ""));
            }
        }
        "User" | "Group" if part("apiGroup") == rbac::GROUP => {}
        "User" | "Group" => faults.push(unsupported(format!("{at}.apiGroup"), part("apiGroup"), &[rbac::GROUP])),
        other => faults.push(unsupported(format!("{at}.kind"), other, &["ServiceAccount", "User", "Group"])),
    }
    faults
}
