//! Quantities of a container's resources as the node needs them: limits, and the resource fields of the downward API.
//!
//! Pure. It must not parse: that is `ebb_api::quantity`.

use std::cmp::Ordering;

use ebb_api::quantity::Quantity as Parsed;
use k8s_openapi::api::core::v1::{Container, Pod, ResourceFieldSelector};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

/// What a quantity says. `None` when it does not parse or is less than nothing.
pub fn read(quantity: &Quantity) -> Option<Parsed> {
    quantity.0.parse().ok().filter(|parsed: &Parsed| parsed.sign() != Ordering::Less)
}

/// The value of `limits.cpu`, `requests.memory` and so on, in units of the divisor, rounded up. A container without the
/// entry sees 0, because a process on this machine is not limited unless it says so.
pub fn resource_field(pod: &Pod, container: &Container, field: &ResourceFieldSelector) -> Option<String> {
    let container = match &field.container_name {
        Some(name) => pod.spec.as_ref()?.containers.iter().find(|container| container.name == *name)?,
        None => container,
    };
    let (kind, resource) = field.resource.split_once('.')?;
    let resources = container.resources.clone().unwrap_or_default();
    let map = match kind {
        "limits" => resources.limits,
        "requests" => resources.requests,
        _ => return None,
    };
    // As Kubernetes counts: CPU in thousandths, everything else in whole units.
    let (unit, count): (u64, fn(&Parsed) -> i64) = if resource == "cpu" { (1_000, Parsed::millis) } else { (1, Parsed::value) };
    let counted = |quantity: &Quantity| read(quantity).map(|parsed| count(&parsed).unsigned_abs());
    let value = map.unwrap_or_default().get(resource).map_or(Some(0), counted)?;
    let divisor = field.divisor.as_ref().map_or(Some(0), counted)?;
    // An unset divisor is 1; Kubernetes writes that as "0", too.
    let divisor = if divisor == 0 { unit } else { divisor };
    Some(value.div_ceil(divisor).to_string())
}

#[cfg(test)]
mod tests;
