//! Garbage collection of Revisions: observe, plan, carry out.
//!
//! This module must not decide; `ebb_controller_core::gc` does.

use std::sync::Arc;

use ebb_api::serving::Revision;
use ebb_controller_core::{After, gc};
use ebb_plumbing::Key;

use super::configuration::revisions_of;
use crate::error::Error;
use crate::reconcile::{Context, Reconciler};

/// Deletes old Revisions.
#[derive(Clone, Copy, Debug)]
pub struct Gc;

impl Reconciler for Gc {
    const NAME: &'static str = "gc";

    async fn reconcile(&self, context: &Context, key: &Key) -> Result<After, Error> {
        let Some(found) = context.caches.configurations.find(key) else { return Ok(After::NextChange) };
        let revisions = revisions_of(&context.caches, &found);
        let revisions: Vec<&Revision> = revisions.iter().map(Arc::as_ref).collect();
        let settings = context.settings.current();
        let seen = gc::Seen { configuration: &found, revisions: &revisions };
        let plan = gc::plan(&seen, &settings.config.gc, Context::now());
        context.carry_out_without_status(found.as_ref(), plan).await
    }
}
