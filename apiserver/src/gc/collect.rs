//! What becomes of dependents.

use std::sync::Arc;

use serde_json::Value;

use super::follow::owner_item;
use crate::error::ApiError;
use crate::rules::Propagation;
use crate::store::object::{FOREGROUND, ORPHAN};
use crate::store::{Object, Resource};
use crate::value;
use crate::write::{Call, Core, delete, finalize};

/// How an owner reference stands.
enum Standing {
    /// The owner is there.
    Solid,
    /// The owner is there only until its dependents are gone.
    Waiting,
    /// There is no such object.
    Absent,
}

fn standing(core: &Core, object: &Object, owner: &crate::store::Owner) -> Standing {
    // A kind that is not known here cannot be judged.
    let Some((resource, item)) = owner_item(&core.registry, object, owner) else { return Standing::Solid };
    match resource.get(&item.key) {
        Some(found) if *found.uid != *owner.uid => Standing::Absent,
        Some(found) if found.deleting && found.foreground => Standing::Waiting,
        Some(_) => Standing::Solid,
        None => Standing::Absent,
    }
}

/// Deletes an object whose owners are all gone or going, and lets go of those that are gone if others are left.
pub async fn check_owners(core: &Arc<Core>, resource: &Arc<Resource>, object: &Arc<Object>) -> Result<(), ApiError> {
    let mut solid = Vec::new();
    let mut waiting = 0;
    for owner in &object.owners {
        match standing(core, object, owner) {
            Standing::Solid => solid.push(&*owner.uid),
            Standing::Waiting => waiting += 1,
            Standing::Absent => {}
        }
    }
    match (solid.len(), waiting) {
        (0, 0) => remove(core, resource, object, Propagation::Background).await,
        // Whoever waits for this one waits for its dependents too.
        (0, _) => remove(core, resource, object, Propagation::Foreground).await,
        (kept, _) if kept < object.owners.len() => {
            finalize::change(resource, object, |object| retain_owners(object, |uid| solid.contains(&uid))).await
        }
        _ => Ok(()),
    }
}

fn retain_owners(object: &mut Value, keep: impl Fn(&str) -> bool) {
    let metadata = value::metadata(object);
    if let Some(owners) = metadata.get_mut("ownerReferences").and_then(Value::as_array_mut) {
        owners.retain(|owner| keep(value::text(owner, &["uid"])));
        if owners.is_empty() {
            metadata.shift_remove("ownerReferences");
        }
    }
}

async fn remove(core: &Arc<Core>, resource: &Arc<Resource>, object: &Object, propagation: Propagation) -> Result<(), ApiError> {
    let Some(call) = Call::internal(resource, object) else { return Ok(()) };
    match delete::delete(core, &call, &delete::Options::propagating(propagation).only(&object.uid)).await {
        // Gone, or gone and made anew: not the object that was meant.
        Err(error) if matches!(error.reason, "NotFound" | "Conflict") => Ok(()),
        result => result.map(|_| ()),
    }
}

/// The dependents of an object, wherever they can be: looked up in the objects themselves, because a decision that cannot
/// be undone hangs on it.
fn dependents(core: &Core, owner: &Object) -> Vec<(Arc<Resource>, Arc<Object>)> {
    let of = |resource: Arc<Resource>| {
        let found = resource.find(owner.namespace(), |object| object.owners.iter().any(|reference| reference.uid == owner.uid));
        found.into_iter().map(move |object| (resource.clone(), object))
    };
    core.registry.all().into_iter().flat_map(of).collect()
}

/// Deletes the dependents of an owner, and lets the owner go when none is left that it waits for.
pub async fn foreground(core: &Arc<Core>, resource: &Arc<Resource>, owner: &Arc<Object>) -> Result<(), ApiError> {
    let dependents = dependents(core, owner);
    let blocks = |object: &Object| object.owners.iter().any(|reference| reference.uid == owner.uid && reference.block_owner_deletion);
    if !dependents.iter().any(|(_, object)| blocks(object)) {
        finalize::change(resource, owner, |object| remove_finalizer(object, FOREGROUND)).await?;
    }
    let looks = dependents.iter().filter(|(_, object)| !object.deleting).map(|(resource, object)| check_owners(core, resource, object));
    futures::future::try_join_all(looks).await.map(|_| ())
}

/// Makes the dependents of an owner forget it, and lets the owner go.
pub async fn orphan(core: &Arc<Core>, resource: &Arc<Resource>, owner: &Arc<Object>) -> Result<(), ApiError> {
    let dependents = dependents(core, owner);
    let partings = dependents
        .iter()
        .map(|(resource, object)| finalize::change(resource, object, |object| retain_owners(object, |uid| uid != &*owner.uid)));
    futures::future::try_join_all(partings).await?;
    finalize::change(resource, owner, |object| remove_finalizer(object, ORPHAN)).await
}

/// Takes a finalizer away.
pub fn remove_finalizer(object: &mut Value, name: &str) {
    let metadata = value::metadata(object);
    if let Some(finalizers) = metadata.get_mut("finalizers").and_then(Value::as_array_mut) {
        finalizers.retain(|finalizer| finalizer != name);
        if finalizers.is_empty() {
            metadata.shift_remove("finalizers");
        }
    }
}
