//! What is deleted because the place where it lives is: the objects of a namespace, and those of a custom kind.

use std::sync::Arc;

use futures::StreamExt;
use serde_json::Value;

use super::CONCURRENT;
use super::collect::remove_finalizer;
use super::remaining;
use crate::error::ApiError;
use crate::kinds::definition::{CLEANUP, status};
use crate::rules::Propagation;
use crate::store::{Object, Resource};
use crate::write::{Call, Core, delete, finalize};

/// Deletes what is in a namespace, and lets the namespace go when nothing is left. The last deletion calls again.
pub async fn empty_namespace(core: &Arc<Core>, resource: &Arc<Resource>, namespace: &Arc<Object>) -> Result<(), ApiError> {
    // No more are let in since the namespace is on its way out; those that were let in before are waited for.
    core.registry.creating.none(namespace.name()).await;
    let mut left = Vec::new();
    for resource in core.registry.all().iter().filter(|resource| resource.kind().namespaced) {
        let remaining = empty(core, resource, namespace.name()).await?;
        if !remaining.is_empty() {
            left.push((resource.kind(), remaining));
        }
    }
    finalize::change(resource, namespace, |object| {
        remaining::tell(object, &left);
        if left.is_empty()
            && let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut)
        {
            spec.shift_remove("finalizers");
        }
    })
    .await
}

/// Deletes the objects of a custom kind, and lets its definition go when none is left.
pub async fn empty_kind(core: &Arc<Core>, resource: &Arc<Resource>, definition: &Arc<Object>) -> Result<(), ApiError> {
    let left = match core.registry.find_id(definition.name()) {
        Some(kind) => empty(core, &kind, "").await?.len(),
        None => 0,
    };
    if left == 0 {
        finalize::change(resource, definition, |object| remove_finalizer(object, CLEANUP)).await?;
    }
    Ok(())
}

/// Works the status of a definition out again: names that another had may be free.
pub async fn settle_definition(core: &Arc<Core>, resource: &Arc<Resource>, definition: &Arc<Object>) -> Result<(), ApiError> {
    let others = definition.value().map(|value| core.registry.neighbours(&value)).unwrap_or_default();
    finalize::change(resource, definition, |object| status::settle(object, &others)).await
}

/// Deletes objects, and says which are left because something holds them.
async fn empty(core: &Arc<Core>, resource: &Arc<Resource>, namespace: &str) -> Result<Vec<Arc<Object>>, ApiError> {
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
    Ok(resource.list(namespace, None).1)
}
