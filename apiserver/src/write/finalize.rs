//! The server's own edits of metadata, on behalf of garbage collection. They ask nobody: they only take something away
//! that a deletion had put there, or a reference to something that is gone.

use std::sync::Arc;

use serde_json::Value;

use super::{Call, RACES_MAX, edit, parse};
use crate::error::ApiError;
use crate::store::{Object, Resource};

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
