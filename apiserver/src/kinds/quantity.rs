//! Quantities, such as `500m` or `1Gi`: what they are worth, and the one way in which each is written. Pure.
//! Source: k8s.io/apimachinery/pkg/api/resource.

use serde_json::Value;

use super::Kind;
use crate::value;

/// What is worth less than this is rounded up to it.
const NANO: i128 = 1_000_000_000;
const UNFIT: &str = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const DECIMAL: [(&str, i32); 10] =
    [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// How a quantity is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    Decimal,
    Binary,
    Exponent,
}

/// A quantity, in billionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity {
    nanos: i128,
    style: Style,
}

impl Quantity {
    /// Reads a quantity.
    ///
    /// # Errors
    /// What is wrong with it, in Kubernetes' words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let digits = text.trim_start_matches(['+', '-']);
        let end = digits.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(digits.len());
        let (number, suffix) = digits.split_at(end);
        let (style, scale) = scale(suffix).ok_or(UNFIT)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if text.len() - digits.len() > 1 || (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return Err(UNFIT.into());
        }
        let nanos = worth(whole, fraction, scale).ok_or("unable to parse numeric part of quantity")?;
        Ok(Self { nanos: if text.starts_with('-') { -nanos } else { nanos }, style })
    }

    /// Whether it is less than nothing.
    pub fn is_negative(self) -> bool {
        self.nanos < 0
    }

    /// Whether it is worth more than another.
    pub fn exceeds(self, other: Self) -> bool {
        self.nanos > other.nanos
    }

    /// The way in which it is written.
    pub fn canonical(self) -> String {
        let small = self.nanos.abs() < 1024 * NANO;
        match self.style {
            Style::Binary if !small => {
                let (mut number, mut unit) = (rounded_up(self.nanos), 0);
                while number % 1024 == 0 && unit + 1 < BINARY.len() {
                    (number, unit) = (number / 1024, unit + 1);
                }
                format!("{number}{}", BINARY[unit])
            }
            Style::Decimal | Style::Binary => {
                let (number, exponent) = self.shortest();
                let suffix = DECIMAL.iter().find(|(_, of)| *of == exponent).map_or("", |(suffix, _)| suffix);
                format!("{number}{suffix}")
            }
            Style::Exponent => match self.shortest() {
                (number, 0) => number.to_string(),
                (number, exponent) => format!("{number}e{exponent}"),
            },
        }
    }

    /// A whole number, and the highest power of a thousand by which it is to be multiplied.
    fn shortest(self) -> (i128, i32) {
        let (mut number, mut exponent) = (self.nanos, -9);
        if number == 0 {
            return (0, 0);
        }
        while number % 1000 == 0 && exponent < 18 {
            (number, exponent) = (number / 1000, exponent + 3);
        }
        (number, exponent)
    }
}

fn rounded_up(nanos: i128) -> i128 {
    nanos / NANO + i128::from(nanos % NANO > 0)
}

/// By what a number with a suffix is to be multiplied: a power of ten, or one of 1024.
fn scale(suffix: &str) -> Option<(Style, (i128, i32))> {
    if let Some((_, exponent)) = DECIMAL.iter().find(|(name, _)| *name == suffix) {
        return Some((Style::Decimal, (1, *exponent)));
    }
    if let Some(power) = BINARY.iter().position(|name| *name == suffix) {
        return Some((Style::Binary, (1_i128 << (10 * power), 0)));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    Some((Style::Exponent, (1, exponent)))
}

/// The worth of a number in billionths, rounded up; `None` when it is too much to be counted.
fn worth(whole: &str, fraction: &str, (factor, exponent): (i128, i32)) -> Option<i128> {
    let number: i128 = format!("0{whole}{fraction}").parse().ok()?;
    let places = i32::try_from(fraction.len()).ok()?;
    let scaled = number.checked_mul(factor)?;
    let power = exponent + 9 - places;
    let ten = 10_i128.checked_pow(power.unsigned_abs());
    if power >= 0 {
        return scaled.checked_mul(ten?);
    }
    // Whatever is divided by more than can be counted is less than the least.
    let ten = ten.unwrap_or(i128::MAX);
    Some(scaled / ten + i128::from(scaled % ten > 0))
}

/// Writes the quantities of an object in the one way.
///
/// # Errors
/// What is wrong with one of them.
pub fn settle(kind: &Kind, object: &mut Value) -> Result<(), String> {
    match (kind.group.as_str(), kind.resource.as_str()) {
        ("", "pods") => settle_pod(object.get_mut("spec")),
        ("apps", "deployments" | "replicasets") => settle_pod(object.pointer_mut("/spec/template/spec")),
        ("", "persistentvolumeclaims") => settle_resources(object.pointer_mut("/spec/resources")),
        ("", "resourcequotas") => settle_all(object.pointer_mut("/spec/hard")),
        ("", "limitranges") => {
            let limits = object.pointer_mut("/spec/limits").and_then(Value::as_array_mut);
            limits.into_iter().flatten().try_for_each(|limit| {
                let names = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"];
                names.into_iter().try_for_each(|name| settle_all(limit.get_mut(name)))
            })
        }
        ("", "nodes") => ["/status/capacity", "/status/allocatable"].into_iter().try_for_each(|path| settle_all(object.pointer_mut(path))),
        _ => Ok(()),
    }
}

fn settle_pod(spec: Option<&mut Value>) -> Result<(), String> {
    let Some(spec) = spec else { return Ok(()) };
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            settle_resources(container.get_mut("resources"))?;
        }
    }
    Ok(())
}

fn settle_resources(resources: Option<&mut Value>) -> Result<(), String> {
    let Some(resources) = resources else { return Ok(()) };
    ["limits", "requests"].into_iter().try_for_each(|name| settle_all(resources.get_mut(name)))
}

fn settle_all(quantities: Option<&mut Value>) -> Result<(), String> {
    for (_, quantity) in quantities.map(value::object_mut).into_iter().flatten() {
        let canonical = Quantity::parse(quantity.as_str().unwrap_or_default())?.canonical();
        *quantity = canonical.into();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Quantity, UNFIT};

    #[test]
    fn quantities_are_written_in_one_way() {
        let cases = [
            ("0", "0"),
            ("0.5", "500m"),
            ("1000m", "1"),
            ("1500m", "1500m"),
            ("1000", "1k"),
            ("1024", "1024"),
            ("1000000", "1M"),
            ("-2.50", "-2500m"),
            ("+3", "3"),
            (".5", "500m"),
            ("1024Mi", "1Gi"),
            ("1536Mi", "1536Mi"),
            ("1.5Gi", "1536Mi"),
            ("0.5Ki", "512"),
            ("1e3", "1e3"),
            ("5E0", "5"),
            ("1E", "1E"),
            ("1n", "1n"),
            ("0.1n", "1n"),
        ];
        for (text, wanted) in cases {
            assert_eq!(Quantity::parse(text).map(Quantity::canonical).as_deref(), Ok(wanted), "{text}");
        }
        for text in ["", "lots", "1 Gi", "1x", "--1", "1.2.3", "."] {
            assert_eq!(Quantity::parse(text).unwrap_err(), UNFIT, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_worth_the_same(number in 0_u32..5_000_000, suffix in "(|[num]|[kMGTP]|[KMGTP]i|e[0-9])") {
            let given = Quantity::parse(&format!("{number}{suffix}")).unwrap();
            let written = Quantity::parse(&given.canonical()).unwrap();
            prop_assert_eq!(written.nanos, given.nanos);
            prop_assert_eq!(written.canonical(), given.canonical());
        }
    }
}
