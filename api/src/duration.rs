//! Durations as Go writes them (`1h2m3.5s`), which is how ConfigMaps and annotations hold them.
//!
//! This module must not read a clock.

use std::time::Duration;

use crate::go::quote;

const NANOS_PER_SECOND: i128 = 1_000_000_000;

/// A signed span of time in nanoseconds, as Go's `time.Duration`. Signed, so that a negative value can be named in the
/// message that refuses it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GoDuration(i64);

impl GoDuration {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Whole seconds; saturates at about 292 years.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000))
    }

    /// Whether there are no fractions of a second.
    #[must_use]
    pub const fn is_whole_seconds(self) -> bool {
        self.0 % 1_000_000_000 == 0
    }

    /// As a length of time; a negative one is zero.
    #[must_use]
    pub fn to_std(self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0).unwrap_or(0))
    }

    /// From a length of time; saturates at about 292 years.
    #[must_use]
    pub fn from_std(duration: Duration) -> Self {
        Self(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX))
    }
}

impl std::str::FromStr for GoDuration {
    type Err = String;

    /// Reads what Go's `time.ParseDuration` reads, and fails with its messages.
    fn from_str(text: &str) -> Result<Self, String> {
        let invalid = || format!("time: invalid duration {}", quote(text));
        let (negative, mut rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        if rest == "0" {
            return Ok(Self::ZERO);
        }
        if rest.is_empty() {
            return Err(invalid());
        }
        let mut total: i128 = 0;
        while !rest.is_empty() {
            let (nanos, after) = one_part(text, rest)?;
            total += nanos;
            if total > i128::from(i64::MAX) + i128::from(negative) {
                return Err(invalid());
            }
            rest = after;
        }
        i64::try_from(if negative { -total } else { total }).map(Self).map_err(|_| invalid())
    }
}

/// Reads one number with its unit from the start of `rest`; `whole` is named in errors.
fn one_part<'t>(whole: &str, rest: &'t str) -> Result<(i128, &'t str), String> {
    let invalid = || format!("time: invalid duration {}", quote(whole));
    let (integer, after) = digits(rest);
    let (fraction, after) = after.strip_prefix('.').map_or(("", after), digits);
    if integer.is_empty() && fraction.is_empty() {
        return Err(invalid());
    }
    let unit_end = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
    let (unit, after) = after.split_at(unit_end);
    let scale: i128 = match unit {
        "" => return Err(format!("time: missing unit in duration {}", quote(whole))),
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => NANOS_PER_SECOND,
        "m" => 60 * NANOS_PER_SECOND,
        "h" => 3_600 * NANOS_PER_SECOND,
        _ => return Err(format!("time: unknown unit {} in duration {}", quote(unit), quote(whole))),
    };
    // 18 digits are finer than any unit's nanosecond, and more of them would not fit.
    let fraction = &fraction[..fraction.len().min(18)];
    let whole_units: i128 = if integer.is_empty() { 0 } else { integer.parse().map_err(|_| invalid())? };
    let parts: i128 = if fraction.is_empty() { 0 } else { fraction.parse().map_err(|_| invalid())? };
    let below = parts.checked_mul(scale).ok_or_else(invalid)? / 10_i128.pow(u32::try_from(fraction.len()).unwrap_or(0));
    let nanos = whole_units.checked_mul(scale).and_then(|nanos| nanos.checked_add(below)).ok_or_else(invalid)?;
    if nanos > i128::from(i64::MAX) + 1 {
        return Err(invalid());
    }
    Ok((nanos, after))
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

impl std::fmt::Display for GoDuration {
    /// Prints what Go prints: `1m30s`, `1.5s`, `20ms`, `0s`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let nanos = self.0.unsigned_abs();
        if self.0 < 0 {
            f.write_str("-")?;
        }
        match nanos {
            0 => f.write_str("0s"),
            1..1_000 => write!(f, "{nanos}ns"),
            1_000..1_000_000 => write!(f, "{}µs", with_fraction(nanos, 1_000)),
            1_000_000..1_000_000_000 => write!(f, "{}ms", with_fraction(nanos, 1_000_000)),
            _ => {
                let minutes = nanos / 60_000_000_000;
                let seconds = with_fraction(nanos % 60_000_000_000, 1_000_000_000);
                match (minutes / 60, minutes % 60) {
                    (0, 0) => write!(f, "{seconds}s"),
                    (0, minutes) => write!(f, "{minutes}m{seconds}s"),
                    (hours, minutes) => write!(f, "{hours}h{minutes}m{seconds}s"),
                }
            }
        }
    }
}

/// `value / unit` in decimal without trailing zeros.
fn with_fraction(value: u64, unit: u64) -> String {
    let width = unit.ilog10() as usize;
    let fraction = format!("{:0width$}", value % unit);
    match fraction.trim_end_matches('0') {
        "" => format!("{}", value / unit),
        fraction => format!("{}.{fraction}", value / unit),
    }
}

#[cfg(test)]
mod tests;
