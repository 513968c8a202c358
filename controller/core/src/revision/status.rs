//! What a Revision's status says, from its PodAutoscaler, its Deployment and its pods.
//!
//! Readiness is sticky: once the initial scale was reached the Revision stays ready, also at zero. A failure is sticky
//! too, until a pod becomes ready after all; so the cause does not vanish with the pod that showed it.
//!
//! This module must not decide what is written elsewhere.

use ebb_api::autoscaling::PodAutoscalerStatus;
use ebb_api::conditions::{Conditioned, State, kind};
use ebb_api::config::Snapshots;
use ebb_api::serving::{ContainerStatus, Revision, RevisionStatus};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Container;

use super::health::{self, Trouble};
use super::plan::Seen;
use crate::container::digest_of;
use crate::plan::Refusal;

const DEPLOYING: &str = "Deploying";
const PROGRESS_DEADLINE_EXCEEDED: &str = "ProgressDeadlineExceeded";

/// What follows from the Revision alone: the images' digests and the place of its logs.
pub fn take_spec(status: &mut RevisionStatus, revision: &Revision, config: &Snapshots) {
    let digests = |containers: &[Container]| {
        let statuses = containers.iter();
        statuses.map(|container| ContainerStatus { name: container.name.clone(), image_digest: digest_of(container) }).collect()
    };
    status.container_statuses = digests(&revision.spec.pod.containers);
    status.init_container_statuses = digests(revision.spec.pod.init_containers.as_deref().unwrap_or_default());
    let uid = revision.metadata.uid.as_deref().unwrap_or_default();
    status.log_url = config.observability.revision_url_template.replace("${REVISION_UID}", uid);
}

/// A child's name belongs to somebody else.
pub fn not_owned(status: &mut RevisionStatus, kind: &str, name: &str, now: Timestamp) {
    let message = format!("There is an existing {kind} \"{name}\" that we do not own.");
    status.mark_false(kind::RESOURCES_AVAILABLE, "NotOwned", &message, now);
}

/// The API server would not have a child.
pub fn refused(status: &mut RevisionStatus, refused: &Refusal, now: Timestamp) {
    let message = format!("{} \"{}\" could not be made: {}", refused.kind, refused.name, refused.message);
    status.mark_false(kind::RESOURCES_AVAILABLE, "FailedCreate", &message, now);
}

/// What the PodAutoscaler, the Deployment and the pods say.
pub fn take_pods(status: &mut RevisionStatus, seen: &Seen<'_>, always_schedulable: bool, now: Timestamp) {
    let autoscaler = seen.autoscaler.and_then(|autoscaler| autoscaler.status.as_ref());
    take_scale(status, autoscaler, now);
    if autoscaler.is_some_and(|autoscaler| autoscaler.is_true(kind::SCALE_TARGET_INITIALIZED)) || status.is_ready_for_good() {
        status.mark_true(kind::CONTAINER_HEALTHY, now);
        status.mark_true(kind::RESOURCES_AVAILABLE, now);
        return;
    }
    let trouble = health::look(seen.deployment, seen.pods, always_schedulable);
    mark_container(status, &trouble, now);
    mark_resources(status, &trouble, autoscaler, now);
}

trait ReadyForGood {
    fn is_ready_for_good(&self) -> bool;
}

impl ReadyForGood for RevisionStatus {
    /// Both conditions were True once, and nothing but this module marks them.
    fn is_ready_for_good(&self) -> bool {
        self.is_true(kind::CONTAINER_HEALTHY) && self.is_true(kind::RESOURCES_AVAILABLE)
    }
}

fn take_scale(status: &mut RevisionStatus, autoscaler: Option<&PodAutoscalerStatus>, now: Timestamp) {
    let known = |scale: Option<i32>| scale.filter(|scale| *scale >= 0);
    status.actual_replicas = known(autoscaler.and_then(|autoscaler| autoscaler.actual_scale));
    status.desired_replicas = known(autoscaler.and_then(|autoscaler| autoscaler.desired_scale));
    match autoscaler.and_then(Conditioned::happy) {
        Some(ready) => status.mark_as(kind::ACTIVE, ready, now),
        None => status.mark_unknown(kind::ACTIVE, DEPLOYING, "", now),
    }
}

fn mark_container(status: &mut RevisionStatus, trouble: &Trouble, now: Timestamp) {
    match &trouble.container {
        Some((reason, message)) => status.mark_false(kind::CONTAINER_HEALTHY, reason, message, now),
        None if status.is_false(kind::CONTAINER_HEALTHY) => {}
        // Knative says nothing here; what the pod waits for is what people look for.
        None => status.mark_unknown(kind::CONTAINER_HEALTHY, DEPLOYING, &trouble.waiting, now),
    }
}

fn mark_resources(status: &mut RevisionStatus, trouble: &Trouble, autoscaler: Option<&PodAutoscalerStatus>, now: Timestamp) {
    let timed_out = status
        .condition(kind::RESOURCES_AVAILABLE)
        .is_some_and(|condition| condition.state() == State::False && condition.reason == PROGRESS_DEADLINE_EXCEEDED);
    let gave_up = autoscaler.is_some_and(|autoscaler| autoscaler.is_failed() && !autoscaler.service_name.is_empty());
    match &trouble.resources {
        Some((reason, message)) => status.mark_false(kind::RESOURCES_AVAILABLE, reason, message, now),
        None if timed_out => {}
        None if gave_up => {
            status.mark_false(kind::RESOURCES_AVAILABLE, PROGRESS_DEADLINE_EXCEEDED, "Initial scale was never achieved", now);
        }
        None => status.mark_unknown(kind::RESOURCES_AVAILABLE, DEPLOYING, &trouble.waiting, now),
    }
}
