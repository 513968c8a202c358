//! Kubernetes quantities (`500m`, `128Mi`) as numbers, and the resource fields of the downward API.
//!
//! Pure. Numbers are kept as thousandths, so that `500m` of a CPU is exact.

use k8s_openapi::api::core::v1::{Container, Pod, ResourceFieldSelector};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

/// A quantity in thousandths of its unit, rounded up. `None` when it does not parse or does not fit.
pub fn thousandths(quantity: &Quantity) -> Option<u128> {
    let text = quantity.0.trim();
    let digits = text.find(|at: char| !at.is_ascii_digit() && at != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(digits);
    let (numerator, denominator) = scale(suffix)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.len() > 12 {
        return None;
    }
    let places = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let mantissa: u128 = format!("{whole}{fraction}").parse().ok()?;
    let value = mantissa.checked_mul(numerator)?.checked_mul(1_000)?;
    Some(value.div_ceil(places.checked_mul(denominator)?))
}

fn scale(suffix: &str) -> Option<(u128, u128)> {
    let kilo = |times: u32| Some((1_000_u128.pow(times), 1));
    let kibi = |times: u32| Some((1_024_u128.pow(times), 1));
    match suffix {
        "" => Some((1, 1)),
        "n" => Some((1, 1_000_000_000)),
        "u" => Some((1, 1_000_000)),
        "m" => Some((1, 1_000)),
        "k" => kilo(1),
        "M" => kilo(2),
        "G" => kilo(3),
        "T" => kilo(4),
        "P" => kilo(5),
        "E" => kilo(6),
        "Ki" => kibi(1),
        "Mi" => kibi(2),
        "Gi" => kibi(3),
        "Ti" => kibi(4),
        "Pi" => kibi(5),
        "Ei" => kibi(6),
        _ => {
            let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
            let power = 10_u128.checked_pow(exponent.unsigned_abs())?;
            Some(if exponent < 0 { (1, power) } else { (power, 1) })
        }
    }
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
    let value = map.unwrap_or_default().get(resource).map_or(Some(0), thousandths)?;
    let divisor = field.divisor.as_ref().map_or(Some(0), thousandths)?;
    // An unset divisor is 1; Kubernetes writes that as "0", too.
    let divisor = if divisor == 0 { 1_000 } else { divisor };
    Some(value.div_ceil(divisor).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_parse() {
        for (text, want) in [
            ("0", Some(0)),
            ("1", Some(1_000)),
            ("500m", Some(500)),
            ("0.5", Some(500)),
            ("1.5Gi", Some(1_610_612_736_000)),
            ("128Mi", Some(134_217_728_000)),
            ("1k", Some(1_000_000)),
            ("1e3", Some(1_000_000)),
            ("1n", Some(1)),
            ("", None),
            ("Mi", None),
            ("1Q", None),
            ("-1", None),
            ("99999999999999999999999999999999999999Ei", None),
        ] {
            assert_eq!(thousandths(&Quantity(text.into())), want, "{text}");
        }
    }
}
