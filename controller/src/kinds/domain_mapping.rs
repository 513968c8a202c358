//! DomainMappings: observe, plan, carry out.
//!
//! This module must not decide; `ebb_controller_core::domain_mapping` does.

use ebb_api::serving::{DomainMapping, DomainMappingStatus};
use ebb_controller_core::After;
use ebb_controller_core::domain_mapping::{self, Referent, Target};
use ebb_plumbing::Key;

use crate::caches::Caches;
use crate::error::Error;
use crate::reconcile::{Context, HasStatus, Reconciler};

/// Reconciles DomainMappings.
#[derive(Clone, Copy, Debug)]
pub struct DomainMappings;

impl HasStatus for DomainMapping {
    type Status = DomainMappingStatus;

    fn with_status(&self, status: DomainMappingStatus) -> Self {
        Self { status: Some(status), ..self.clone() }
    }
}

impl Reconciler for DomainMappings {
    const NAME: &'static str = "domain_mapping";

    async fn reconcile(&self, context: &Context, key: &Key) -> Result<After, Error> {
        let caches = &context.caches;
        let Some(found) = context.find(&caches.domain_mappings, key) else { return Ok(After::NextChange) };
        let claim = caches.domain_claims.get("", &key.name);
        let target = target(caches, &found);
        let ingress = caches.ingresses.get(&key.namespace, &domain_mapping::ingress_name(&found));
        let seen = domain_mapping::Seen { mapping: &found, claim: claim.as_deref(), target: target.as_ref(), ingress: ingress.as_deref() };
        let plan = domain_mapping::plan(&seen, &context.settings.current(), Context::now());
        context.carry_out(found.as_ref(), plan).await
    }
}

/// What a mapping refers to. Admission allows its own namespace only.
fn target(caches: &Caches, mapping: &DomainMapping) -> Option<Target> {
    let reference = &mapping.spec.reference;
    let namespace = mapping.metadata.namespace.as_deref().unwrap_or_default();
    match domain_mapping::referent(reference)? {
        Referent::Service => caches.services.get(namespace, &reference.name).map(Target::Service),
        Referent::Route => caches.routes.get(namespace, &reference.name).map(Target::Route),
        Referent::CoreService => caches.core_services.get(namespace, &reference.name).map(Target::CoreService),
    }
}
