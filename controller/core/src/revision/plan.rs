//! The plan for a Revision.
//!
//! This module must not know how its children look; `children` does.

use ebb_api::autoscaling::PodAutoscaler;
use ebb_api::conditions::Conditioned;
use ebb_api::serving::{Revision, RevisionStatus};
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Pod, Service as CoreService};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{children, status};
use crate::meta::{self, Holder, holder};
use crate::plan::{Because, Event, Plan, Refusal};
use crate::settings::Settings;

/// All that a Revision's plan depends on.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The Revision.
    pub revision: &'a Revision,
    /// Whatever has the name of its Deployment.
    pub deployment: Option<&'a Deployment>,
    /// Whatever has the name of its PodAutoscaler.
    pub autoscaler: Option<&'a PodAutoscaler>,
    /// Whatever has the name of its Kubernetes Service.
    pub service: Option<&'a CoreService>,
    /// Its pods, in any order.
    pub pods: &'a [&'a Pod],
    /// The API server would not have one of the children.
    pub refused: Option<&'a Refusal>,
}

/// What is to be done about a Revision.
pub fn plan(seen: &Seen<'_>, settings: &Settings, now: Timestamp) -> Plan<RevisionStatus> {
    let revision = seen.revision;
    if revision.metadata.deletion_timestamp.is_some() {
        return Plan::nothing(Because::BeingDeleted);
    }
    let stored = revision.status.clone().unwrap_or_default();
    let mut next = stored.clone();
    next.begin(revision.metadata.generation, now);
    status::take_spec(&mut next, revision, &settings.config);
    let mut plan = with_children(seen, &mut next, settings, now);
    next.finish(revision.metadata.generation, &stored);
    plan.events.extend(events(&stored, &next));
    plan.status = (revision.status.as_ref() != Some(&next)).then_some(next);
    plan
}

fn with_children(seen: &Seen<'_>, next: &mut RevisionStatus, settings: &Settings, now: Timestamp) -> Plan<RevisionStatus> {
    match foreign_child(seen) {
        Some((Holder::Predecessor, ..)) => return Plan::nothing(Because::PredecessorLeaves),
        Some((_, kind, name)) => {
            status::not_owned(next, kind, name, now);
            return Plan::nothing(Because::NotOwned);
        }
        None => {}
    }
    status::take_pods(next, seen, settings.config.deployment.pod_is_always_schedulable, now);
    if let Some(refused) = seen.refused {
        status::refused(next, refused, now);
        return Plan::nothing(Because::Refused);
    }
    let apply = [
        // The autoscaler first: it must know the Revision when the first pod appears.
        children::pod_autoscaler(seen.revision, next, seen.autoscaler),
        children::deployment(seen.revision, seen.deployment, settings),
        children::service(seen.revision, seen.service),
    ];
    let otherwise = if next.is_ready() {
        Because::Settled
    } else if next.is_failed() {
        Because::PodsFailed
    } else {
        Because::WaitingForPods
    };
    Plan::of(apply.into_iter().flatten().collect(), otherwise)
}

/// The first child whose name somebody else holds.
fn foreign_child<'a>(seen: &Seen<'a>) -> Option<(Holder, &'static str, &'a str)> {
    let children: [(&'static str, Option<&'a ObjectMeta>); 3] = [
        ("Deployment", seen.deployment.map(|object| &object.metadata)),
        ("PodAutoscaler", seen.autoscaler.map(|object| &object.metadata)),
        ("Kubernetes Service", seen.service.map(|object| &object.metadata)),
    ];
    children.into_iter().find_map(|(kind, metadata)| {
        let metadata = metadata?;
        let holder = holder(metadata, "Revision", &seen.revision.metadata);
        (holder != Holder::Ours).then(|| (holder, kind, meta::name_of(metadata)))
    })
}

/// A Revision that has just become ready or failed is news.
fn events(before: &RevisionStatus, after: &RevisionStatus) -> Option<Event> {
    if after.is_ready() {
        let message = "Revision becomes ready upon all resources being ready";
        return (!before.is_ready()).then(|| Event::normal("RevisionReady", message));
    }
    let ready = after.happy().filter(|ready| ready.is_false())?;
    let told = before.happy().is_some_and(|old| old.is_false() && old.reason == ready.reason);
    (!told).then(|| Event::warning("RevisionFailed", format!("{}: {}", ready.reason, ready.message)))
}
