//! How Go reads and prints plain values, because users see the results in messages and write them in ConfigMaps.
//!
//! This module must not know what the values mean.

use std::fmt::Write as _;

/// A value in double quotes, escaped as Go's `%q` does for what occurs in names and messages.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A float as Go's `%v` prints it: shortest form, with an exponent below 1e-4 and from 1e21.
#[must_use]
pub fn float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-4..1e21).contains(&magnitude) {
        let text = format!("{value:e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
        return format!("{mantissa}e{sign}{digits:0>2}");
    }
    format!("{value}")
}

/// A list of values as Go's `%v` prints a slice.
#[must_use]
pub fn slice<T: std::fmt::Display>(values: impl IntoIterator<Item = T>) -> String {
    let values: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    format!("[{}]", values.join(" "))
}

/// Reads an integer of up to `bits` bits as Go's `strconv.ParseInt` does in base 10.
///
/// # Errors
/// Go's message for text that is no integer or does not fit.
pub fn parse_int(text: &str, bits: u32) -> Result<i64, String> {
    let failed = |why: &str| format!("strconv.ParseInt: parsing {}: {why}", quote(text));
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(failed("invalid syntax"));
    }
    let limit = 1_i128 << (bits.clamp(1, 64) - 1);
    let value: i128 = text.parse().map_err(|_| failed("value out of range"))?;
    if value < -limit || value >= limit {
        return Err(failed("value out of range"));
    }
    i64::try_from(value).map_err(|_| failed("value out of range"))
}

/// Reads a bool as Go's `strconv.ParseBool` does.
///
/// # Errors
/// Go's message for any other word.
pub fn parse_bool(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(false),
        _ => Err(format!("strconv.ParseBool: parsing {}: invalid syntax", quote(text))),
    }
}

/// Reads a finite float as Go's `strconv.ParseFloat` does; what is not finite is no number here.
///
/// # Errors
/// Go's message for text that is no number.
pub fn parse_float(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) if text.starts_with(|c: char| c.is_ascii_digit()) => {
            Err(format!("strconv.ParseFloat: parsing {}: value out of range", quote(text)))
        }
        _ => Err(format!("strconv.ParseFloat: parsing {}: invalid syntax", quote(text))),
    }
}

#[cfg(test)]
mod tests;
