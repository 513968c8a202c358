//! The functions of templates.
//!
//! This module must not know templates.

use std::cmp::Ordering;

use base64::Engine as _;
use serde_json::Value;

use super::format;

const NAMES: [&str; 21] = [
    "and",
    "or",
    "not",
    "len",
    "index",
    "slice",
    "print",
    "printf",
    "println",
    "html",
    "js",
    "urlquery",
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "exists",
    "base64decode",
    "call",
];

/// Whether there is a function of that name.
pub fn is_known(name: &str) -> bool {
    NAMES.contains(&name)
}

/// Go's name for the type of a value.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(_) => "float64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// Whether a value counts as true: it is not false, zero or empty.
pub fn holds(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

/// Calls a function; `and` and `or` are the caller's, who knows when to stop.
pub fn call(name: &str, arguments: &[Value]) -> Result<Value, String> {
    match (name, arguments) {
        ("not", [one]) => Ok(Value::Bool(!holds(one))),
        ("len", [one]) => length(one),
        ("index", [from, keys @ ..]) => index(from, keys),
        ("slice", [from, ends @ ..]) => slice(from, ends),
        ("print", values) => Ok(format::print(values).into()),
        ("println", values) => Ok(format::println(values).into()),
        ("printf", [Value::String(template), values @ ..]) => Ok(format::printf(template, values).into()),
        ("html", values) => Ok(escaped(&format::print(values), html).into()),
        ("js", values) => Ok(escaped(&format::print(values), js).into()),
        ("urlquery", values) => Ok(urlquery(&format::print(values)).into()),
        ("eq", [first, others @ ..]) if !others.is_empty() => equals_any(first, others).map(Value::Bool),
        ("ne", [one, other]) => equals_any(one, std::slice::from_ref(other)).map(|equal| Value::Bool(!equal)),
        ("lt", [one, other]) => compare(one, other).map(|order| Value::Bool(order.is_lt())),
        ("le", [one, other]) => compare(one, other).map(|order| Value::Bool(order.is_le())),
        ("gt", [one, other]) => compare(one, other).map(|order| Value::Bool(order.is_gt())),
        ("ge", [one, other]) => compare(one, other).map(|order| Value::Bool(order.is_ge())),
        ("exists", [from, keys @ ..]) => Ok(Value::Bool(exists(from, keys))),
        ("base64decode", [Value::String(text)]) => {
            let bytes = base64::engine::general_purpose::STANDARD.decode(text).map_err(|error| format!("base64 decode failed: {error}"))?;
            Ok(String::from_utf8_lossy(&bytes).into_owned().into())
        }
        ("call", _) => Err("there is nothing to call in an object".to_owned()),
        ("printf", [other, ..]) => Err(format!("wrong type for value; expected string; got {}", type_name(other))),
        (_, arguments) => Err(format!("wrong number or type of args: {}", arguments.len())),
    }
}

fn length(value: &Value) -> Result<Value, String> {
    match value {
        Value::String(text) => Ok(text.len().into()),
        Value::Array(items) => Ok(items.len().into()),
        Value::Object(map) => Ok(map.len().into()),
        Value::Null => Err("len of nil pointer".to_owned()),
        other => Err(format!("len of type {}", type_name(other))),
    }
}

fn place(key: &Value, length: usize) -> Result<usize, String> {
    let wanted = key.as_i64().ok_or_else(|| format!("cannot index slice/array with type {}", type_name(key)))?;
    usize::try_from(wanted).ok().filter(|place| *place <= length).ok_or_else(|| format!("index out of range: {wanted}"))
}

fn index(from: &Value, keys: &[Value]) -> Result<Value, String> {
    let mut here = from;
    for key in keys {
        here = match (here, key) {
            (Value::Array(items), key) => {
                let place = place(key, items.len())?;
                items.get(place).ok_or_else(|| format!("index out of range: {place}"))?
            }
            (Value::Object(map), Value::String(key)) => map.get(key).unwrap_or(&Value::Null),
            (Value::Object(_), key) => return Err(format!("value has type {}; should be string", type_name(key))),
            (Value::Null, _) => return Err("index of untyped nil".to_owned()),
            (other, _) => return Err(format!("can't index item of type {}", type_name(other))),
        };
    }
    Ok(here.clone())
}

fn slice(from: &Value, ends: &[Value]) -> Result<Value, String> {
    let length = length(from)?.as_u64().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
    let end = |index: usize, otherwise: usize| ends.get(index).map_or(Ok(otherwise), |key| place(key, length));
    let (start, end) = (end(0, 0)?, end(1, length)?);
    if start > end {
        return Err(format!("invalid slice index: {start} > {end}"));
    }
    match from {
        Value::Array(items) => Ok(items[start..end].to_vec().into()),
        Value::String(text) => text.get(start..end).map(Value::from).ok_or_else(|| "the slice cuts a character".to_owned()),
        other => Err(format!("can't slice item of type {}", type_name(other))),
    }
}

/// Whether a path of keys leads somewhere.
fn exists(from: &Value, keys: &[Value]) -> bool {
    let step = |here: &Value, key: &Value| match (here, key) {
        (Value::Array(items), key) => key.as_u64().and_then(|place| items.get(usize::try_from(place).ok()?)).cloned(),
        (Value::Object(map), Value::String(key)) => map.get(key).cloned(),
        _ => None,
    };
    keys.iter().try_fold(from.clone(), |here, key| step(&here, key)).is_some_and(|found| !found.is_null())
}

fn equals_any(first: &Value, others: &[Value]) -> Result<bool, String> {
    let equal = |other: &Value| match (first, other) {
        (Value::Array(_) | Value::Object(_), _) | (_, Value::Array(_) | Value::Object(_)) => Err("uncomparable type".to_owned()),
        (Value::Number(one), Value::Number(other)) => Ok(one.as_f64() == other.as_f64()),
        (Value::Null, _) | (_, Value::Null) => Ok(first == other),
        (one, other) if type_name(one) != type_name(other) => Err("incompatible types for comparison".to_owned()),
        (one, other) => Ok(one == other),
    };
    for other in others {
        if equal(other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn compare(one: &Value, other: &Value) -> Result<Ordering, String> {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one.as_f64().partial_cmp(&other.as_f64()).ok_or_else(|| "invalid type for comparison".to_owned())
        }
        (Value::String(one), Value::String(other)) => Ok(one.cmp(other)),
        (one, other) if type_name(one) == type_name(other) => Err("invalid type for comparison".to_owned()),
        _ => Err("incompatible types for comparison".to_owned()),
    }
}

fn escaped(text: &str, escape: fn(char) -> Option<String>) -> String {
    text.chars().map(|c| escape(c).unwrap_or_else(|| c.to_string())).collect()
}

fn html(c: char) -> Option<String> {
    let text = match c {
        '"' => "&#34;",
        '\'' => "&#39;",
        '&' => "&amp;",
        '<' => "&lt;",
        '>' => "&gt;",
        '\0' => "\u{FFFD}",
        _ => return None,
    };
    Some(text.to_owned())
}

fn js(c: char) -> Option<String> {
    match c {
        '\\' => Some("\\\\".to_owned()),
        '\'' => Some("\\'".to_owned()),
        '"' => Some("\\\"".to_owned()),
        '<' | '>' | '&' | '=' => Some(format!("\\u{:04X}", u32::from(c))),
        c if c.is_control() => Some(format!("\\u{:04X}", u32::from(c))),
        _ => None,
    }
}

fn urlquery(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(char::from(byte)),
            b' ' => out.push('+'),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
