//! The server's own edits of metadata, on behalf of garbage collection. They ask nobody: they only take something away
//! that a deletion had put there, or a reference to something that is gone.

use std::sync::Arc;

use serde_json::Value;

use super::{Answer, Call, RACES_MAX, edit, parse};
use crate::error::ApiError;
use crate::store::{Object, Resource};
use crate::value;

/// PUT of a namespace's `finalize`: says which finalizers are left in its `spec`.
///
/// # Errors
/// As Kubernetes answers.
pub async fn put(call: &Call, body: &Value) -> Result<Answer, ApiError> {
    for _ in 0..RACES_MAX {
        let current = call.object()?;
        edit::check_version(call, &current, body, true)?;
        let old = parse(&current)?;
        let mut new = old.clone();
        let wanted = value::at(body, &["spec", "finalizers"]).filter(|list| list.as_array().is_some_and(|list| !list.is_empty()));
        value::carry(wanted, value::child(value::object_mut(&mut new), "spec"), "finalizers");
        if let Some(written) = edit::store(call, &current, &old, new).await? {
            return Ok(Answer { written, code: 200, warnings: Vec::new() });
        }
    }
    Err(ApiError::conflict(&call.kind, &call.name))
}

/// Changes an object, if it is still there, and still the same one.
///
/// # Errors
/// When it cannot be stored, or too many others change it at the same time.
pub async fn change(resource: &Arc<Resource>, object: &Object, change: impl Fn(&mut Value)) -> Result<(), ApiError> {
    let Some(call) = Call::internal(resource, object) else { return Ok(()) };
    for _ in 0..RACES_MAX {
        let Some(current) = resource.get(&object.key).filter(|current| current.uid == object.uid) else { return Ok(()) };
        let old = parse(&current)?;
        let mut new = old.clone();
        change(&mut new);
        if edit::store(&call, &current, &old, new).await?.is_some() {
            return Ok(());
        }
    }
    Err(ApiError::conflict(&call.kind, &call.name))
}
