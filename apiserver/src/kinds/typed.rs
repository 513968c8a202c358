//! The shape of built-in kinds: their Rust types in k8s-openapi. What a type does not know is dropped, what it cannot read
//! is refused.

pub mod unreadable;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads an object as its type and writes it again.
pub type Normalise = fn(Value) -> Result<Value, serde_json::Error>;

/// The [`Normalise`] of a type.
pub fn normalise<T: DeserializeOwned + Serialize>(value: Value) -> Result<Value, serde_json::Error> {
    serde_json::to_value(serde_json::from_value::<T>(value)?)
}

/// Turns null into an empty text where a map holds texts, as Go reads it.
pub fn fill_nulls(object: &mut Value) {
    for path in ["/data", "/binaryData", "/stringData", "/metadata/labels", "/metadata/annotations"] {
        for (_, value) in object.pointer_mut(path).and_then(Value::as_object_mut).into_iter().flatten().filter(|(_, value)| value.is_null())
        {
            *value = "".into();
        }
    }
}

/// Paths that are in `given` but not in `kept`, such as `spec.replics`. Empty values are not counted: types drop them.
pub fn dropped(given: &Value, kept: &Value) -> Vec<String> {
    let mut paths = Vec::new();
    compare(given, Some(kept), &mut String::new(), &mut paths);
    paths
}

fn compare(given: &Value, kept: Option<&Value>, path: &mut String, paths: &mut Vec<String>) {
    let empty = match given {
        Value::Null => true,
        Value::Object(fields) => fields.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    if empty {
        return;
    }
    let Some(kept) = kept else {
        paths.push(path.clone());
        return;
    };
    let length = path.len();
    match (given, kept) {
        (Value::Object(given), Value::Object(kept)) => {
            for (name, value) in given {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
                compare(value, kept.get(name), path, paths);
                path.truncate(length);
            }
        }
        (Value::Array(given), Value::Array(kept)) => {
            for (index, value) in given.iter().enumerate() {
                path.push_str(&format!("[{index}]"));
                compare(value, kept.get(index), path, paths);
                path.truncate(length);
            }
        }
        _ => {}
    }
}
