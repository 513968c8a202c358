//! Events and leases: what is noted of something else.

use serde_json::Value;

use crate::error::Cause;
use crate::value;

/// What is wrong with an Event.
pub fn event_faults(object: &Value) -> Vec<Cause> {
    let (own, of) = (value::meta(object, "namespace"), value::text(object, &["involvedObject", "namespace"]));
    // What is in no namespace is told of in the first one.
    let fits = own == of || (of.is_empty() && own == "default");
    let why = "does not match event.namespace";
    if fits { Vec::new() } else { vec![Cause::invalid("involvedObject.namespace", &of.into(), why)] }
}

/// What is wrong with a Lease.
pub fn lease_faults(object: &Value) -> Vec<Cause> {
    let limits = [("leaseDurationSeconds", 1, "must be greater than 0"), ("leaseTransitions", 0, "must be greater than or equal to 0")];
    let faults = limits.into_iter().filter_map(|(name, least, why)| {
        let number = value::at(object, &["spec", name]).filter(|number| number.as_i64().is_some_and(|number| number < least))?;
        Some(Cause::invalid(format!("spec.{name}"), number, why))
    });
    faults.collect()
}
