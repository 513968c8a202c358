//! What is deleted because the place where it lives is: the objects of a namespace, and those of a custom kind.

use std::sync::Arc;

use futures::StreamExt;
use serde_json::Value;

use super::CONCURRENT;
use super::collect::remove_finalizer;
use crate::error::ApiError;
use crate::kinds::definition::CLEANUP;
use crate::rules::Propagation;
use crate::store::{Object, Resource};
use crate::write::{Call, Core, delete, finalize};

/// Deletes what is in a namespace, and lets the namespace go when nothing is left. The last deletion calls again.
pub async fn empty_namespace(core: &Arc<Core>, resource: &Arc<Resource>, namespace: &Arc<Object>) -> Result<(), ApiError> {
    let mut left = 0;
    for resource in core.registry.all().iter().filter(|resource| resource.kind().namespaced) {
        left += empty(core, resource, namespace.name()).await?;
    }
    if left == 0 {
        finalize::change(resource, namespace, |object| {
            if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) {
                spec.shift_remove("finalizers");
            }
        })
        .await?;
    }
    Ok(())
}

/// Deletes the objects of a custom kind, and lets its definition go when none is left.
pub async fn empty_kind(core: &Arc<Core>, resource: &Arc<Resource>, definition: &Arc<Object>) -> Result<(), ApiError> {
    let left = match core.registry.find_id(definition.name()) {
        Some(kind) => empty(core, &kind, "").await?,
        None => 0,
    };
    if left == 0 {
        finalize::change(resource, definition, |object| remove_finalizer(object, CLEANUP)).await?;
    }
    Ok(())
}

/// Deletes objects, and says how many are left because something holds them.
async fn empty(core: &Arc<Core>, resource: &Arc<Resource>, namespace: &str) -> Result<usize, ApiError> {
    let (_, objects) = resource.list(namespace, None);
    let doomed: Vec<_> = objects.into_iter().filter(|object| !object.deleting).collect();
    let deletions = doomed.into_iter().map(|object| async move {
        let Some(call) = Call::internal(resource, &object) else { return Ok(()) };
        match delete::delete(core, &call, &delete::Options::propagating(Propagation::Background)).await {
            Err(error) if error.reason == "NotFound" => Ok(()),
            result => result.map(|_| ()),
        }
    });
    let mut deletions = futures::stream::iter(deletions).buffer_unordered(CONCURRENT);
    while let Some(result) = deletions.next().await {
        result?;
    }
    Ok(resource.list(namespace, None).1.len())
}
