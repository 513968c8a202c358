//! The labeler: observe, plan, carry out.
//!
//! This module must not decide; `ebb_controller_core::labeler` does.

use std::sync::Arc;

use ebb_api::serving::Route;
use ebb_controller_core::{After, controller_of, labeler};
use ebb_plumbing::Key;
use kube::ResourceExt;

use super::route::targets;
use crate::caches::Caches;
use crate::error::Error;
use crate::hooks::word_of_route;
use crate::reconcile::{Context, Reconciler};

/// Writes Routes onto what they refer to.
#[derive(Clone, Copy, Debug)]
pub struct Labeler;

impl Reconciler for Labeler {
    const NAME: &'static str = "labeler";

    async fn reconcile(&self, context: &Context, key: &Key) -> Result<After, Error> {
        let Some(found) = context.caches.routes.find(key) else { return Ok(After::NextChange) };
        let seen = observe(&context.caches, key, found.clone());
        let plan = labeler::plan(&seen, Context::now());
        context.carry_out_without_status(found.as_ref(), plan).await
    }
}

fn observe(caches: &Caches, key: &Key, found: Arc<Route>) -> labeler::Seen {
    let (mut configurations, mut revisions) = targets(caches, &found);
    // A Revision that is named leads to its Configuration.
    let owners: Vec<String> =
        revisions.values().filter_map(|revision| controller_of(&revision.metadata)).map(|owner| owner.name.clone()).collect();
    let owners = owners.iter().filter_map(|name| caches.configurations.get(&key.namespace, name));
    let word = word_of_route(key);
    configurations.extend(owners.chain(caches.configurations.by_index(&word)).map(|object| (object.name_any(), object)));
    revisions.extend(caches.revisions.by_index(&word).into_iter().map(|object| (object.name_any(), object)));
    labeler::Seen { route: found, configurations, revisions }
}
