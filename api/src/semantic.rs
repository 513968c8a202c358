//! Whether two pieces of an object mean the same, and where they do not.
//!
//! Nothing, null and empty text, lists and maps mean the same; `1` and `1000m` of a resource mean the same. This module
//! must not know kinds. Source: k8s.io/apimachinery `pkg/api/equality`, knative.dev/pkg `kmp`.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::quantity::Quantity;

/// Whether two values of one type mean the same.
///
/// A value that cannot be written as JSON equals nothing; none of our types is such.
pub fn equal<T: Serialize>(a: &T, b: &T) -> bool {
    match (serde_json::to_value(a), serde_json::to_value(b)) {
        (Ok(a), Ok(b)) => differences(&a, &b).is_empty(),
        _ => false,
    }
}

/// What changed between two values of one type: one block per place with the old and the new value, or nothing.
pub fn diff<T: Serialize>(old: &T, new: &T) -> String {
    match (serde_json::to_value(old), serde_json::to_value(new)) {
        (Ok(old), Ok(new)) => differences(&old, &new).iter().map(ToString::to_string).collect(),
        _ => "the values cannot be compared".to_owned(),
    }
}

struct Difference<'a> {
    path: String,
    old: &'a Value,
    new: &'a Value,
}

impl std::fmt::Display for Difference<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = self.path.trim_start_matches('.');
        writeln!(f, "{path}:")?;
        for (sign, value) in [('-', self.old), ('+', self.new)] {
            match value {
                Value::Null => {}
                Value::String(text) => writeln!(f, "\t{sign}: {text:?}")?,
                other => writeln!(f, "\t{sign}: \"{other}\"")?,
            }
        }
        Ok(())
    }
}

fn differences<'a>(old: &'a Value, new: &'a Value) -> Vec<Difference<'a>> {
    let mut found = Vec::new();
    walk("", old, new, &mut found);
    found
}

fn walk<'a>(path: &str, old: &'a Value, new: &'a Value, found: &mut Vec<Difference<'a>>) {
    match (old, new) {
        (old, new) if is_blank(old) && is_blank(new) => {}
        (Value::Object(old), Value::Object(new)) => walk_objects(path, old, new, found),
        (Value::Array(old), Value::Array(new)) => {
            for index in 0..old.len().max(new.len()) {
                let at = |list: &'a [Value]| list.get(index).unwrap_or(&Value::Null);
                match (at(old), at(new)) {
                    // An element more is a difference, even if it is empty.
                    (old @ Value::Null, new) | (old, new @ Value::Null) => {
                        found.push(Difference { path: format!("{path}[{index}]"), old, new });
                    }
                    (old, new) => walk(&format!("{path}[{index}]"), old, new, found),
                }
            }
        }
        (old, new) if old == new || same_amount(path, old, new) => {}
        (old, new) => found.push(Difference { path: path.to_owned(), old, new }),
    }
}

fn walk_objects<'a>(path: &str, old: &'a Map<String, Value>, new: &'a Map<String, Value>, found: &mut Vec<Difference<'a>>) {
    let added = new.keys().filter(|key| !old.contains_key(*key));
    for key in old.keys().chain(added) {
        let at = |map: &'a Map<String, Value>| map.get(key).unwrap_or(&Value::Null);
        walk(&format!("{path}.{key}"), at(old), at(new), found);
    }
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.values().all(is_blank),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Two spellings of one amount of a resource.
fn same_amount(path: &str, old: &Value, new: &Value) -> bool {
    let (Value::String(old), Value::String(new)) = (old, new) else { return false };
    let of_resource = [".limits.", ".requests.", ".sizeLimit"].iter().any(|part| path.contains(part));
    of_resource && matches!((old.parse::<Quantity>(), new.parse::<Quantity>()), (Ok(old), Ok(new)) if old == new)
}

#[cfg(test)]
mod tests;
