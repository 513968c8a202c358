//! Namespaces. Their metadata are judged as those of every kind.

use serde_json::Value;

use crate::error::Cause;
use crate::names;
use crate::value;

/// What is wrong with what holds a namespace.
pub fn faults(object: &Value) -> Vec<Cause> {
    let held_by = value::at(object, &["spec", "finalizers"]).and_then(Value::as_array).into_iter().flatten();
    held_by.filter_map(Value::as_str).flat_map(finalizer_faults).collect()
}

fn finalizer_faults(name: &str) -> impl Iterator<Item = Cause> {
    let unknown = (!names::is_known_finalizer(name)).then(|| names::UNKNOWN_FINALIZER.to_owned());
    let name = Value::from(name);
    let faults = names::qualified_fault(name.as_str().unwrap_or_default()).into_iter().chain(unknown);
    faults.map(move |fault| Cause::invalid("spec.finalizers", &name, &fault))
}

/// What is wrong with the status that a user gives a namespace: its phase follows from whether it is being deleted.
pub fn status_faults(object: &Value) -> Vec<Cause> {
    let (wanted, when) = match value::meta(object, "deletionTimestamp") {
        "" => ("Active", "empty"),
        _ => ("Terminating", "not empty"),
    };
    let phase = value::text(object, &["status", "phase"]);
    let fault = Cause::invalid("status.Phase", &phase.into(), &format!("may only be '{wanted}' if `deletionTimestamp` is {when}"));
    Some(fault).filter(|_| phase != wanted).into_iter().collect()
}
