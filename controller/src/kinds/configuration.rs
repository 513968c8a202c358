//! Configurations: observe, plan, carry out.
//!
//! This module must not decide; `ebb_controller_core::configuration` does.

use std::sync::Arc;

use ebb_api::serving::{Configuration, ConfigurationStatus, Revision};
use ebb_controller_core::{After, configuration};
use ebb_plumbing::Key;

use crate::caches::{Caches, owned_by};
use crate::error::Error;
use crate::reconcile::{Context, HasStatus, Reconciler};

/// Reconciles Configurations.
#[derive(Clone, Copy, Debug)]
pub struct Configurations;

impl HasStatus for Configuration {
    type Status = ConfigurationStatus;

    fn with_status(&self, status: ConfigurationStatus) -> Self {
        Self { status: Some(status), ..self.clone() }
    }
}

/// The Revisions that a Configuration controls.
pub fn revisions_of(caches: &Caches, configuration: &Configuration) -> Vec<Arc<Revision>> {
    caches.revisions.by_index(&owned_by(configuration.metadata.uid.as_deref().unwrap_or_default()))
}

impl Reconciler for Configurations {
    const NAME: &'static str = "configuration";

    async fn reconcile(&self, context: &Context, key: &Key) -> Result<After, Error> {
        let caches = &context.caches;
        let Some(found) = context.find(&caches.configurations, key) else { return Ok(After::NextChange) };
        let revisions = revisions_of(caches, &found);
        let revisions: Vec<&Revision> = revisions.iter().map(Arc::as_ref).collect();
        let named = caches.revisions.get(&key.namespace, &configuration::revision_name(&found));
        let mut seen = configuration::Seen { configuration: &found, revisions: &revisions, named: named.as_deref(), refused: None };
        let plan = configuration::plan(&seen, Context::now());
        match context.carry_out(found.as_ref(), plan).await {
            Err(Error::Refused(refusal)) => {
                seen.refused = Some(&refusal);
                context.carry_out(found.as_ref(), configuration::plan(&seen, Context::now())).await?;
                Err(Error::Refused(refusal))
            }
            result => result,
        }
    }
}
