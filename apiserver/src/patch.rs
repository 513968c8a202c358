//! Patches: from an object and a patch to the patched object. Pure. Applied configurations (server-side apply) are no
//! patches in this sense: what becomes of them depends on who manages what. They are in `managed`.

mod json;
pub mod strategic;

use serde_json::Value;

use crate::error::ApiError;
use crate::value;

/// At most so many operations in one JSON patch, as in Kubernetes: they can copy, and so grow an object exponentially.
const OPERATIONS_MAX: usize = 10_000;

/// A patch as it came.
#[derive(Debug)]
pub enum Patch {
    /// RFC 6902.
    Json(json_patch::Patch),
    /// RFC 7396.
    Merge(Value),
    /// Kubernetes' merge that knows the keys of lists; built-in kinds only.
    Strategic(Value),
}

impl Patch {
    /// Reads a JSON patch.
    ///
    /// # Errors
    /// 400.
    pub fn json(mut value: Value) -> Result<Self, ApiError> {
        // What is not given is null.
        for operation in value.as_array_mut().into_iter().flatten() {
            if matches!(value::text(operation, &["op"]), "add" | "replace" | "test") {
                value::object_mut(operation).entry("value").or_insert(Value::Null);
            }
        }
        let patch: json_patch::Patch = serde_json::from_value(value).map_err(|error| {
            tracing::debug!(%error, "a JSON patch cannot be read");
            ApiError::patch_failed()
        })?;
        if patch.0.len() > OPERATIONS_MAX {
            let message = format!(
                "Request entity too large: The allowed maximum operations in a JSON patch is {OPERATIONS_MAX}, got {}",
                patch.0.len()
            );
            return Err(ApiError::other(413, "RequestEntityTooLarge", message));
        }
        Ok(Self::Json(patch))
    }

    /// The patched object.
    ///
    /// # Errors
    /// 422 when a JSON patch does not fit the object.
    pub fn apply(&self, mut object: Value) -> Result<Value, ApiError> {
        match self {
            Self::Json(patch) => json::patch(&mut object, patch).map_err(|error| {
                tracing::debug!(%error, "a JSON patch does not fit");
                ApiError::patch_failed()
            })?,
            Self::Merge(patch) => json_patch::merge(&mut object, patch),
            Self::Strategic(patch) => strategic::merge(&mut object, patch)?,
        }
        if object.is_object() { Ok(object) } else { Err(ApiError::bad_request("the patched object is no object")) }
    }
}

/// A value as Go prints it, in which messages show patches.
pub fn go_print(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".into(),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(go_print).collect::<Vec<_>>().join(" ")),
        Value::Object(members) => {
            let mut members: Vec<String> = members.iter().map(|(name, member)| format!("{name}:{}", go_print(member))).collect();
            members.sort();
            format!("map[{}]", members.join(" "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
