//! Revisions: observe, plan, carry out.
//!
//! This module must not decide; `ebb_controller_core::revision` does.

use std::sync::Arc;

use ebb_api::names;
use ebb_api::serving::{Revision, RevisionStatus};
use ebb_controller_core::{After, revision};
use ebb_plumbing::Key;
use k8s_openapi::api::core::v1::Pod;

use crate::caches::revision_word;
use crate::error::Error;
use crate::reconcile::{Context, HasStatus, Reconciler};

/// Reconciles Revisions.
#[derive(Clone, Copy, Debug)]
pub struct Revisions;

impl HasStatus for Revision {
    type Status = RevisionStatus;

    fn with_status(&self, status: RevisionStatus) -> Self {
        Self { status: Some(status), ..self.clone() }
    }
}

impl Reconciler for Revisions {
    const NAME: &'static str = "revision";

    async fn reconcile(&self, context: &Context, key: &Key) -> Result<After, Error> {
        let caches = &context.caches;
        let Some(found) = context.find(&caches.revisions, key) else { return Ok(After::NextChange) };
        let deployment = caches.deployments.get(&key.namespace, &names::deployment_name(&key.name));
        let autoscaler = caches.autoscalers.find(key);
        let service = caches.core_services.find(key);
        let pods = caches.pods.by_index(&revision_word(&key.namespace, &key.name));
        let pods: Vec<&Pod> = pods.iter().map(Arc::as_ref).collect();
        let settings = context.settings.current();
        let mut seen = revision::Seen {
            revision: &found,
            deployment: deployment.as_deref(),
            autoscaler: autoscaler.as_deref(),
            service: service.as_deref(),
            pods: &pods,
            refused: None,
        };
        let plan = revision::plan(&seen, &settings, Context::now());
        match context.carry_out(found.as_ref(), plan).await {
            Err(Error::Refused(refusal)) => {
                seen.refused = Some(&refusal);
                context.carry_out(found.as_ref(), revision::plan(&seen, &settings, Context::now())).await?;
                Err(Error::Refused(refusal))
            }
            result => result,
        }
    }
}
