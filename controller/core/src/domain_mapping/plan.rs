//! The plan for a DomainMapping.
//!
//! This module must not know how its children look; `children` does.

use ebb_api::conditions::{Conditioned, kind};
use ebb_api::networking::{ClusterDomainClaim, Ingress};
use ebb_api::serving::{DomainMapping, DomainMappingStatus};
use jiff::Timestamp;

use super::reference::{Target, resolve};
use super::{FINALIZER, children, status};
use crate::meta::{Holder, holder};
use crate::object::Object;
use crate::plan::{Apply, Because, Event, Plan};
use crate::settings::Settings;

/// All that a DomainMapping's plan depends on.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The DomainMapping.
    pub mapping: &'a DomainMapping,
    /// The claim of its domain, whoever holds it.
    pub claim: Option<&'a ClusterDomainClaim>,
    /// What it refers to.
    pub target: Option<&'a Target>,
    /// Whatever has the name of its Ingress.
    pub ingress: Option<&'a Ingress>,
}

/// The name of the Ingress that a DomainMapping wants.
#[must_use]
pub fn ingress_name(mapping: &DomainMapping) -> String {
    children::ingress_name(mapping)
}

/// What is to be done about a DomainMapping.
pub fn plan(seen: &Seen<'_>, settings: &Settings, now: Timestamp) -> Plan<DomainMappingStatus> {
    let mapping = seen.mapping;
    let finalizers = mapping.metadata.finalizers.as_deref().unwrap_or_default();
    let held = finalizers.iter().any(|finalizer| finalizer == FINALIZER);
    if mapping.metadata.deletion_timestamp.is_some() {
        return if held { let_go(seen, settings) } else { Plan::nothing(Because::BeingDeleted) };
    }
    if !held {
        // First of all, so that nothing is claimed that could not be given up again.
        let finalizers = finalizers.iter().cloned().chain([FINALIZER.to_owned()]).collect();
        return Plan { apply: vec![with_finalizers(mapping, finalizers)], ..Plan::nothing(Because::ChildrenMissing) };
    }
    let stored = mapping.status.clone().unwrap_or_default();
    let mut next = stored.clone();
    next.begin(mapping.metadata.generation, now);
    if stored.observed_generation != mapping.metadata.generation {
        status::ingress_not_configured(&mut next, now);
    }
    let mut plan = with_claim(seen, &mut next, settings, now);
    next.finish(mapping.metadata.generation, &stored);
    plan.events.extend(events(&stored, &next));
    plan.status = (mapping.status.as_ref() != Some(&next)).then_some(next);
    plan
}

/// A claim that the mapping may have made by itself goes with it, if its own namespace holds it. The mapping itself goes
/// only when the claim is gone.
fn let_go(seen: &Seen<'_>, settings: &Settings) -> Plan<DomainMappingStatus> {
    let mapping = seen.mapping;
    let ours = |claim: &&ClusterDomainClaim| Some(&claim.spec.namespace) == mapping.metadata.namespace.as_ref();
    let claim = seen.claim.filter(|_| settings.config.network.autocreate_cluster_domain_claims).filter(ours);
    if let Some(claim) = claim {
        let delete = if claim.metadata.deletion_timestamp.is_none() { vec![Object::from(claim.clone())] } else { Vec::new() };
        return Plan { delete, ..Plan::nothing(Because::BeingDeleted) };
    }
    let left = mapping.metadata.finalizers.iter().flatten().filter(|finalizer| *finalizer != FINALIZER).cloned().collect();
    Plan { apply: vec![with_finalizers(mapping, left)], ..Plan::nothing(Because::BeingDeleted) }
}

fn with_finalizers(mapping: &DomainMapping, finalizers: Vec<String>) -> Apply {
    let mut mapping = mapping.clone();
    mapping.metadata.finalizers = Some(finalizers);
    Apply::Update(mapping.into())
}

fn with_claim(seen: &Seen<'_>, next: &mut DomainMappingStatus, settings: &Settings, now: Timestamp) -> Plan<DomainMappingStatus> {
    let mapping = seen.mapping;
    status::take_url(next, mapping, settings);
    let claim = match seen.claim {
        Some(claim) if Some(&claim.spec.namespace) == mapping.metadata.namespace.as_ref() => None,
        None if settings.config.network.autocreate_cluster_domain_claims => Some(Apply::Create(children::claim(mapping).into())),
        refused => {
            status::not_claimed(next, mapping, refused, now);
            return Plan::nothing(Because::DomainNotClaimed);
        }
    };
    status::claimed(next, now);
    status::take_certificate(next, mapping, now);
    let namespace = mapping.metadata.namespace.as_deref().unwrap_or_default();
    match resolve(&mapping.spec.reference, seen.target, namespace) {
        Ok(backend) => {
            status::resolved(next, now);
            with_ingress(seen, next, Vec::from_iter(claim), &backend, settings, now)
        }
        Err(why) => {
            status::not_resolved(next, &why, now);
            Plan::of(Vec::from_iter(claim), Because::ReferenceNotResolved)
        }
    }
}

fn with_ingress(
    seen: &Seen<'_>,
    next: &mut DomainMappingStatus,
    mut apply: Vec<Apply>,
    backend: &super::reference::Backend,
    settings: &Settings,
    now: Timestamp,
) -> Plan<DomainMappingStatus> {
    match seen.ingress.map(|ingress| holder(&ingress.metadata, "DomainMapping", &seen.mapping.metadata)) {
        Some(Holder::Stranger) => {
            status::ingress_not_owned(next, &children::ingress_name(seen.mapping), now);
            return Plan::of(apply, Because::NotOwned);
        }
        Some(Holder::Predecessor) => {
            status::ingress_not_configured(next, now);
            return Plan::of(apply, Because::PredecessorLeaves);
        }
        Some(Holder::Ours) | None => {}
    }
    let ingress = children::ingress(seen.mapping, backend, seen.ingress, settings);
    match seen.ingress.filter(|_| !ingress.new_generation) {
        Some(ingress) => status::take_ingress(next, ingress, now),
        None => status::ingress_not_configured(next, now),
    }
    apply.extend(ingress.apply);
    Plan::of(apply, if next.is_true(kind::READY) { Because::Settled } else { Because::WaitingForIngress })
}

/// A mapping that has just become ready or failed is news.
fn events(before: &DomainMappingStatus, after: &DomainMappingStatus) -> Option<Event> {
    if after.is_ready() {
        return (!before.is_ready()).then(|| Event::normal("DomainMappingReady", format!("Domain is ready at {}", after.url)));
    }
    let ready = after.happy().filter(|ready| ready.is_false())?;
    let told = before.happy().is_some_and(|old| old.is_false() && old.reason == ready.reason && old.message == ready.message);
    (!told).then(|| Event::warning("DomainMappingFailed", format!("{}: {}", ready.reason, ready.message)))
}
