//! Kubernetes' resource quantities (`500m`, `1.5Gi`, `1e3`), exact, without floats.
//!
//! This module must not know which resource a quantity is of. Source: k8s.io/apimachinery `pkg/api/resource`.

use std::cmp::Ordering;

const FORMAT: &str = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const NO_NUMBER: &str = "unable to parse numeric part of quantity";
const NO_SUFFIX: &str = "unable to parse quantity's suffix";

/// A parsed quantity: `mantissa * 10^decimal * 2^binary`.
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    mantissa: i128,
    decimal: i32,
    binary: u32,
}

impl Quantity {
    /// The amount in whole units, rounded up, as Kubernetes' `Value()`: bytes of memory, cores of CPU. Saturates.
    #[must_use]
    pub fn value(&self) -> i64 {
        self.scaled(0)
    }

    /// The amount in thousandths, rounded up, as Kubernetes' `MilliValue()`: thousandths of a core. Saturates.
    #[must_use]
    pub fn millis(&self) -> i64 {
        self.scaled(3)
    }

    /// Below, at or above zero.
    #[must_use]
    pub fn sign(&self) -> Ordering {
        self.mantissa.cmp(&0)
    }

    /// The amount times `10^digits`, rounded away from zero for what is positive, as Kubernetes rounds up.
    fn scaled(&self, digits: i32) -> i64 {
        let saturated = if self.mantissa < 0 { i64::MIN } else { i64::MAX };
        let Some(mut value) = 2_i128.checked_pow(self.binary).and_then(|factor| self.mantissa.checked_mul(factor)) else {
            return saturated;
        };
        let mut exponent = self.decimal + digits;
        while exponent < 0 && value != 0 {
            // Rounding every digit up on the way equals rounding once at the end: a remainder is never lost.
            value = value / 10 + i128::from(value % 10 > 0);
            exponent += 1;
        }
        while exponent > 0 && value != 0 {
            let Some(larger) = value.checked_mul(10) else { return saturated };
            value = larger;
            exponent -= 1;
        }
        i64::try_from(value).unwrap_or(saturated)
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    /// Compares in billionths, which is as fine as Kubernetes keeps a quantity.
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |q: &Self| (q.value(), q.scaled(9));
        key(self).cmp(&key(other))
    }
}

impl std::str::FromStr for Quantity {
    type Err = String;

    /// Reads a quantity, or says what Kubernetes says.
    fn from_str(text: &str) -> Result<Self, String> {
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let end = unsigned.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at(end);
        if number.is_empty() {
            return Err(FORMAT.to_owned());
        }
        let (integer, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.contains('.') || (integer.is_empty() && fraction.is_empty()) {
            return Err(FORMAT.to_owned());
        }
        let (scale, binary) = suffix_scale(suffix)?;
        let fraction = fraction.trim_end_matches('0');
        let digits = format!("{integer}{fraction}");
        let digits = digits.trim_start_matches('0');
        let magnitude: i128 = if digits.is_empty() { 0 } else { digits.parse().map_err(|_| NO_NUMBER.to_owned())? };
        let decimal = scale - i32::try_from(fraction.len()).map_err(|_| NO_NUMBER.to_owned())?;
        Ok(Self { mantissa: if text.starts_with('-') { -magnitude } else { magnitude }, decimal, binary })
    }
}

/// The power of ten and the power of two that a suffix stands for.
fn suffix_scale(suffix: &str) -> Result<(i32, u32), String> {
    Ok(match suffix {
        "" => (0, 0),
        "n" => (-9, 0),
        "u" => (-6, 0),
        "m" => (-3, 0),
        "k" => (3, 0),
        "M" => (6, 0),
        "G" => (9, 0),
        "T" => (12, 0),
        "P" => (15, 0),
        "E" => (18, 0),
        "Ki" => (0, 10),
        "Mi" => (0, 20),
        "Gi" => (0, 30),
        "Ti" => (0, 40),
        "Pi" => (0, 50),
        "Ei" => (0, 60),
        other => {
            let exponent = other.strip_prefix(['e', 'E']).ok_or_else(|| bad_suffix(other))?;
            let exponent: i32 = exponent.parse().map_err(|_| NO_SUFFIX.to_owned())?;
            (exponent.clamp(-1_000, 1_000), 0)
        }
    })
}

/// Kubernetes tells text that cannot be a suffix from text that could be one but is not.
fn bad_suffix(suffix: &str) -> String {
    let letters = suffix.trim_start_matches(|c| "eEinumkKMGTP".contains(c));
    let digits = letters.strip_prefix(['+', '-']).unwrap_or(letters);
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { NO_SUFFIX.to_owned() } else { FORMAT.to_owned() }
}

#[cfg(test)]
mod tests;
