//! What is wrong with objects of the built-in kinds, beyond their shape, in Kubernetes' words. Asked about what users write;
//! controllers in this process are trusted to write what can be.
//! Source: k8s.io/kubernetes/pkg/apis/{core,apps}/validation.

mod config;
mod event;
mod namespace;
mod note;
mod pod;
mod service;
mod workload;

use serde_json::Value;

use super::{Kind, Naming, builtin};
use crate::error::Cause;
use crate::names;
use crate::value;

/// What is wrong with an object; `old` is what it was before. What was wrong then already is no fault of this change.
pub fn faults(kind: &Kind, old: Option<&Value>, object: &Value) -> Vec<Cause> {
    let mut faults = all(kind, old, object);
    // Definitions are made by a server of their own, which knows no finalizers but those of others.
    if !kind.custom && kind.resource != "customresourcedefinitions" {
        faults.extend(names::finalizer_faults(object));
    }
    if let Some(old) = old.filter(|_| !faults.is_empty()) {
        let mut before = all(kind, None, old);
        before.extend(names::finalizer_faults(old));
        faults.retain(|fault| !before.contains(fault));
    }
    faults
}

/// What is wrong with the status that a user gives an object.
pub fn status_faults(kind: &Kind, object: &Value) -> Vec<Cause> {
    match (kind.group.as_str(), kind.resource.as_str()) {
        ("", builtin::NAMESPACES) => namespace::status_faults(object),
        ("apps", "deployments") => workload::deployment_status_faults(object),
        _ => Vec::new(),
    }
}

fn all(kind: &Kind, old: Option<&Value>, object: &Value) -> Vec<Cause> {
    match (kind.group.as_str(), kind.resource.as_str()) {
        ("", builtin::NAMESPACES) => namespace::faults(object),
        ("", "pods") => pod::faults(old, object),
        ("apps", "deployments") => workload::deployment_faults(object),
        ("apps", "replicasets") => workload::replica_set_faults(object),
        ("", "services") => service::faults(old, object),
        ("", "configmaps") => config::config_map_faults(object),
        ("", "secrets") => config::secret_faults(old, object),
        ("events.k8s.io", "events") => event::faults(old, object),
        ("", "persistentvolumeclaims") => config::claim_faults(old, object),
        ("", "events") => note::event_faults(object),
        ("coordination.k8s.io", "leases") => note::lease_faults(object),
        ("discovery.k8s.io", "endpointslices") if value::text(object, &["addressType"]).is_empty() => {
            vec![Cause::required("addressType", "")]
        }
        _ => Vec::new(),
    }
}

/// The elements of a list, each with its path.
fn each<'a>(holder: &'a Value, path: &str, name: &str) -> impl Iterator<Item = (String, &'a Value)> {
    let path = format!("{path}.{name}");
    holder
        .get(name)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .enumerate()
        .map(move |(index, element)| (format!("{path}[{index}]"), element))
}

/// A text that must be one of a few; what is empty has its default already.
fn one_of(faults: &mut Vec<Cause>, holder: &Value, path: &str, name: &str, supported: &[&str]) {
    let given = value::text(holder, &[name]);
    if !given.is_empty() && !supported.contains(&given) {
        let supported: Vec<String> = supported.iter().map(|text| format!("{text:?}")).collect();
        faults.push(Cause::unsupported(format!("{path}.{name}"), &given.into(), &supported));
    }
}

/// A name that must be a label, and not be taken.
fn label_name<'a>(faults: &mut Vec<Cause>, holder: &'a Value, path: &str, taken: &mut Vec<&'a str>) {
    let name = value::text(holder, &["name"]);
    let path = format!("{path}.name");
    if name.is_empty() {
        faults.push(Cause::required(path, ""));
    } else if let Some(fault) = names::name_fault(Naming::Label, name) {
        faults.push(Cause::invalid(path, &name.into(), &fault));
    } else if taken.contains(&name) {
        faults.push(Cause::duplicate(path, &name.into()));
    }
    taken.push(name);
}

/// What is wrong with a map of labels.
fn label_set_faults(labels: Option<&Value>, path: &str) -> Vec<Cause> {
    let mut faults = Vec::new();
    for (key, label) in labels.and_then(Value::as_object).into_iter().flatten() {
        let of_key = names::qualified_fault(key);
        faults.extend(of_key.map(|fault| Cause::invalid(path, &key.as_str().into(), &fault)));
        let of_value = names::label_value_fault(label.as_str().unwrap_or_default());
        faults.extend(of_value.map(|fault| Cause::invalid(path, label, &fault)));
    }
    faults
}

fn is_port(number: &Value) -> bool {
    number.as_i64().is_some_and(|number| (1..=65535).contains(&number))
}

const PORT: &str = "must be between 1 and 65535, inclusive";
const PROTOCOLS: [&str; 3] = ["SCTP", "TCP", "UDP"];
