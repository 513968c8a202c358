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
    const FIELD: &str = "spec.finalizers";
    let odd = names::qualified_fault(name).map(|fault| Cause::invalid(FIELD, &name.into(), &fault));
    odd.into_iter().chain(names::finalizer_fault(FIELD, name))
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
