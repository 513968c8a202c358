//! The status of definitions: which names they have got, whether they are in use, in which versions objects may be stored.
//! Pure, but for the time. Source: k8s.io/apiextensions-apiserver/pkg/controller.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::clock;
use crate::value::{self, child, object_mut};

/// Sets the condition of a type. The time moves only when the status changes.
pub fn set_condition(object: &mut Value, kind: &str, status: &str, reason: &str, message: &str) {
    let fields = child(object_mut(object), "status");
    let conditions = fields.entry("conditions").or_insert_with(|| json!([]));
    let mut new = json!({"lastTransitionTime": clock::now(), "message": message, "reason": reason, "status": status, "type": kind});
    let Some(list) = conditions.as_array_mut() else { return };
    match list.iter_mut().find(|condition| condition["type"] == kind) {
        Some(old) => {
            if old["status"] == status {
                new["lastTransitionTime"] = old["lastTransitionTime"].clone();
            }
            *old = new;
        }
        None => list.push(new),
    }
}

/// Whether a condition is true.
pub fn is_true(object: &Value, kind: &str) -> bool {
    let conditions = value::at(object, &["status", "conditions"]).and_then(Value::as_array);
    conditions.into_iter().flatten().any(|condition| condition["type"] == kind && condition["status"] == "True")
}

/// Works out the status of a definition. `others` are the definitions of the same group.
pub fn settle(object: &mut Value, others: &[Value]) {
    let names = value::at(object, &["spec", "names"]).cloned().unwrap_or_default();
    let (accepted, conflict) = accept(&names, value::at(object, &["status", "acceptedNames"]), others);
    let status = child(object_mut(object), "status");
    status.insert("acceptedNames".into(), accepted);
    match &conflict {
        None => set_condition(object, "NamesAccepted", "True", "NoConflicts", "no conflicts found"),
        Some((reason, message)) => set_condition(object, "NamesAccepted", "False", reason, message),
    }
    if !is_true(object, "Established") {
        match conflict {
            // Nothing in this server has to catch up, so that a definition with its names is in use at once.
            None => set_condition(object, "Established", "True", "InitialNamesAccepted", "the initial names have been accepted"),
            Some(_) => set_condition(object, "Established", "False", "NotAccepted", "not all names are accepted"),
        }
    }
    approve(object);
    store(object);
}

/// The names that a definition gets, and the last of the conflicts that keep it from others.
fn accept(wanted: &Value, have: Option<&Value>, others: &[Value]) -> (Value, Option<(String, String)>) {
    let none = json!({"plural": "", "kind": ""});
    let have = have.filter(|have| have.is_object()).unwrap_or(&none);
    let mut names = have.clone();
    let (mut resources, mut kinds) = (BTreeSet::new(), BTreeSet::new());
    for other in others.iter().filter_map(|other| value::at(other, &["status", "acceptedNames"])) {
        resources.extend(["plural", "singular"].into_iter().filter_map(|name| other[name].as_str()));
        resources.extend(other["shortNames"].as_array().into_iter().flatten().filter_map(Value::as_str));
        kinds.extend(["kind", "listKind"].into_iter().filter_map(|name| other[name].as_str()));
    }
    let mut conflict = None;
    let used = |name: &str| format!("{name:?} is already in use");
    let mut take = |member: &str, reason: &str, taken: &BTreeSet<&str>| {
        let name = wanted[member].as_str().unwrap_or_default();
        if have[member].as_str() != Some(name) && taken.contains(name) {
            conflict = Some((reason.to_owned(), used(name)));
        } else if !wanted[member].is_null() {
            names[member] = wanted[member].clone();
        }
    };
    take("plural", "PluralConflict", &resources);
    take("singular", "SingularConflict", &resources);
    take("kind", "KindConflict", &kinds);
    take("listKind", "ListKindConflict", &kinds);
    let mine: Vec<&str> = have["shortNames"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let short: Vec<&str> = wanted["shortNames"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let lost: Vec<String> = short.iter().filter(|name| !mine.contains(name) && resources.contains(**name)).map(|name| used(name)).collect();
    match lost.as_slice() {
        [] => set_or_remove(&mut names, "shortNames", &wanted["shortNames"]),
        [one] => conflict = conflict.or_else(|| Some(("ShortNamesConflict".into(), one.clone()))),
        several => conflict = conflict.or_else(|| Some(("ShortNamesConflict".into(), format!("[{}]", several.join(", "))))),
    }
    set_or_remove(&mut names, "categories", &wanted["categories"]);
    (names, conflict)
}

fn set_or_remove(names: &mut Value, member: &str, wanted: &Value) {
    let fields = object_mut(names);
    if wanted.is_null() {
        fields.shift_remove(member);
    } else {
        fields.insert(member.into(), wanted.clone());
    }
}

/// The annotation that groups of the Kubernetes project must have.
pub const APPROVAL: &str = "api-approved.kubernetes.io";

/// How a definition stands to the project whose group it uses: the status and reason of the condition, and why. `None`
/// for all other groups.
pub fn approval(object: &Value) -> Option<(&'static str, &'static str, String)> {
    let group = value::text(object, &["spec", "group"]);
    let protected = |suffix: &str| group == suffix || group.ends_with(&format!(".{suffix}"));
    if !protected("k8s.io") && !protected("kubernetes.io") {
        return None;
    }
    let annotation = value::text(object, &["metadata", "annotations", APPROVAL]);
    let see = "see https://github.com/kubernetes/enhancements/pull/1111";
    let url = annotation.split_once("://").is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.trim_start_matches('/').is_empty());
    Some(match annotation {
        "" => ("False", "MissingAnnotation", format!("protected groups must have approval annotation {APPROVAL:?}, {see}")),
        text if text.starts_with("unapproved") => ("False", "UnapprovedAnnotation", format!("not approved: {text:?}")),
        text if url => ("True", "ApprovedAnnotation", format!("approved in {text}")),
        _ => {
            let why = format!(
                "protected groups must have approval annotation {APPROVAL:?} with either a URL or a reason starting with \"unapproved\", {see}"
            );
            ("False", "InvalidAnnotation", why)
        }
    })
}

fn approve(object: &mut Value) {
    if let Some((status, reason, message)) = approval(object) {
        set_condition(object, "KubernetesAPIApprovalPolicyConformant", status, reason, &message);
    }
}

/// Notes the version in which objects are stored from now on.
fn store(object: &mut Value) {
    let versions = value::at(object, &["spec", "versions"]).and_then(Value::as_array);
    let storage =
        versions.into_iter().flatten().find(|version| version["storage"] == Value::Bool(true)).map(|version| version["name"].clone());
    let stored = child(object_mut(object), "status").entry("storedVersions").or_insert_with(|| json!([]));
    if let (Some(storage), Some(list)) = (storage, stored.as_array_mut())
        && !list.contains(&storage)
    {
        list.push(storage);
    }
}
