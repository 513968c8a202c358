//! JSON patches for writes that several parties make to one object: each replaces its own part and no other.

use kube::Error;
use serde::Serialize;
use serde_json::{Value, json};

/// A patch that sets one place.
///
/// # Errors
/// When the value cannot be JSON.
pub fn set(path: &str, value: &impl Serialize) -> serde_json::Result<json_patch::Patch> {
    many([(path.to_owned(), serde_json::to_value(value)?)])
}

/// A patch that sets several places.
///
/// # Errors
/// When a path is no JSON pointer.
pub fn many(places: impl IntoIterator<Item = (String, Value)>) -> serde_json::Result<json_patch::Patch> {
    let operations: Vec<Value> = places.into_iter().map(|(path, value)| json!({"op": "add", "path": path, "value": value})).collect();
    serde_json::from_value(Value::Array(operations))
}

/// The object is not there (any more), or is another one of the same name.
pub fn is_gone(error: &Error) -> bool {
    matches!(error, Error::Api(status) if status.code == 404 || status.code == 409 && status.message.contains("precondition"))
}
