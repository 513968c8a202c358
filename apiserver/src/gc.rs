//! Garbage collection: what happens to dependents when their owners go, and to the contents of namespaces and of custom
//! kinds. One task follows what is published and decides which objects to look at; the looks are whole-state and can be
//! repeated. Sources: "Garbage Collection" in Kubernetes' documentation, k8s.io/kubernetes/pkg/controller/garbagecollector.

mod collect;
mod contents;
mod expire;
mod follow;
mod remaining;

use std::fmt;
use std::sync::Arc;

use ebb_plumbing::{After, BoxError, CancellationToken, WorkQueue};

use crate::kinds::builtin;
use crate::write::Core;

/// So many objects are looked at together: enough for one commit to take their deletions together.
const CONCURRENT: usize = 64;

/// An object to look at.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Item {
    /// `PLURAL.GROUP` of its resource.
    pub resource: Arc<str>,
    /// Its key.
    pub key: Arc<str>,
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.resource, self.key)
    }
}

/// Collects until shutdown.
pub async fn run(core: Arc<Core>, shutdown: CancellationToken) -> Result<(), BoxError> {
    let queue = WorkQueue::<Item>::default();
    let follower = follow::run(core.clone(), queue.clone(), shutdown.clone());
    let expiry = expire::run(core.clone(), shutdown.clone());
    let work = queue.run("garbage collection", CONCURRENT, shutdown, |item| look(core.clone(), item));
    let ((), (), worked) = tokio::join!(follower, expiry, work);
    worked
}

/// Does whatever an object needs now.
async fn look(core: Arc<Core>, item: Item) -> Result<After, crate::ApiError> {
    let Some(resource) = core.registry.find_id(&item.resource) else { return Ok(After::Settled) };
    let Some(object) = resource.get(&item.key) else { return Ok(After::Settled) };
    if object.deleting && *resource.id == *builtin::NAMESPACES {
        contents::empty_namespace(&core, &resource, &object).await?;
    }
    if object.deleting && *resource.id == *builtin::DEFINITIONS {
        contents::empty_kind(&core, &resource, &object).await?;
    }
    if !object.deleting && *resource.id == *builtin::DEFINITIONS {
        contents::settle_definition(&core, &resource, &object).await?;
    }
    if object.deleting && object.orphan {
        collect::orphan(&core, &resource, &object).await?;
    }
    if object.deleting && object.foreground {
        collect::foreground(&core, &resource, &object).await?;
    }
    if !object.deleting && !object.owners.is_empty() {
        collect::check_owners(&core, &resource, &object).await?;
    }
    Ok(After::Settled)
}

#[cfg(test)]
mod tests;
