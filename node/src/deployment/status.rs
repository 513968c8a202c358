//! A Deployment's status from its pods.
//!
//! Pure. Conditions and their reasons follow Kubernetes (`pkg/controller/deployment/progress.go`), with messages that
//! name what actually keeps the pods from becoming ready.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{Deployment, DeploymentCondition, DeploymentStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::facts::Pods;
use super::rollout::Wanted;

/// Kubernetes' default for `progressDeadlineSeconds`.
const DEADLINE: i32 = 600;

/// What a status is made from.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The Deployment, with the status it has now.
    pub deployment: &'a Deployment,
    /// What is wanted of it.
    pub wanted: Wanted,
    /// Its pods.
    pub pods: &'a Pods,
    /// Why pods could not be made, if they could not.
    pub create_error: Option<&'a str>,
    /// The time.
    pub now: Timestamp,
}

/// The new status, and when it must be looked at again although nothing happens.
pub fn status(seen: &Seen<'_>) -> (DeploymentStatus, Option<Duration>) {
    let live = &seen.pods.live;
    let count = |matches: &dyn Fn(&super::facts::PodFacts) -> bool| Some(number(live.iter().filter(|pod| matches(pod)).count()));
    let available = live.iter().filter(|pod| pod.available).count();
    let mut status = DeploymentStatus {
        observed_generation: seen.deployment.metadata.generation,
        replicas: Some(number(live.len())),
        updated_replicas: count(&|pod| pod.current),
        ready_replicas: count(&|pod| pod.ready),
        available_replicas: Some(number(available)),
        unavailable_replicas: Some(number(seen.wanted.replicas.max(live.len()) - available)),
        terminating_replicas: Some(number(seen.pods.terminating)),
        ..DeploymentStatus::default()
    };
    let old = seen.deployment.status.clone().unwrap_or_default();
    let (progressing, again) = progressing(seen, &old, &status);
    let conditions = [Some(availability(seen, available)), Some(progressing), replica_failure(seen)];
    let before = old.conditions.unwrap_or_default();
    status.conditions = Some(conditions.into_iter().flatten().map(|condition| carry(condition, &before, seen.now)).collect());
    let becomes_available = live.iter().filter_map(|pod| pod.available_in).min();
    (status, [again, becomes_available].into_iter().flatten().min())
}

fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn condition(kind: &str, status: bool, reason: &str, message: String) -> DeploymentCondition {
    DeploymentCondition {
        type_: Some(kind.into()),
        status: Some(if status { "True" } else { "False" }.into()),
        reason: Some(reason.into()),
        message: Some(message),
        ..DeploymentCondition::default()
    }
}

fn availability(seen: &Seen<'_>, available: usize) -> DeploymentCondition {
    let least = seen.wanted.replicas.saturating_sub(seen.wanted.unavailable);
    if available >= least {
        return condition("Available", true, "MinimumReplicasAvailable", "Deployment has minimum availability.".into());
    }
    let message = with_cause("Deployment does not have minimum availability.", seen);
    condition("Available", false, "MinimumReplicasUnavailable", message)
}

/// The message, and the first pod's problem, if one is known.
fn with_cause(message: &str, seen: &Seen<'_>) -> String {
    match seen.pods.live.iter().find_map(|pod| pod.problem.as_deref()) {
        Some(problem) => format!("{message} {problem}"),
        None => message.to_owned(),
    }
}

fn replica_failure(seen: &Seen<'_>) -> Option<DeploymentCondition> {
    seen.create_error.map(|error| condition("ReplicaFailure", true, "FailedCreate", error.to_owned()))
}

fn progressing(seen: &Seen<'_>, old: &DeploymentStatus, new: &DeploymentStatus) -> (DeploymentCondition, Option<Duration>) {
    let name = seen.deployment.metadata.name.as_deref().unwrap_or_default();
    let before = old.conditions.iter().flatten().find(|condition| condition.type_.as_deref() == Some("Progressing"));
    let complete = || condition("Progressing", true, "NewReplicaSetAvailable", format!("Deployment {name:?} has successfully progressed."));
    let wanted = number(seen.wanted.replicas);
    let all_new = new.updated_replicas == new.replicas;
    if all_new && new.available_replicas == Some(wanted) && new.replicas == Some(wanted) {
        return (complete(), None);
    }
    // Once a template has been rolled out, scaling it is not progress that could fail.
    if all_new && let Some(before) = before.filter(|before| before.reason.as_deref() == Some("NewReplicaSetAvailable")) {
        return (before.clone(), None);
    }
    let moving = || DeploymentCondition {
        last_update_time: Some(Time(seen.now)),
        ..condition("Progressing", true, "ReplicaSetUpdated", format!("Deployment {name:?} is progressing."))
    };
    let deadline = seen.deployment.spec.progress_deadline_seconds.unwrap_or(DEADLINE);
    let deadline = Duration::from_secs(u64::from(deadline.unsigned_abs()));
    let Some(before) = before.filter(|_| !moved(old, new)) else { return (moving(), Some(deadline)) };
    let since = before.last_update_time.as_ref().map_or(seen.now, |time| time.0);
    let waited = Duration::try_from(seen.now.duration_since(since)).unwrap_or_default();
    if before.reason.as_deref() == Some("ProgressDeadlineExceeded") || waited >= deadline {
        let message = with_cause(&format!("Deployment {name:?} has timed out progressing."), seen);
        return (condition("Progressing", false, "ProgressDeadlineExceeded", message), None);
    }
    (DeploymentCondition { status: Some("True".into()), ..before.clone() }, Some(deadline - waited))
}

/// Something got better since the last status: more new pods, fewer old ones, more that are ready or available.
fn moved(old: &DeploymentStatus, new: &DeploymentStatus) -> bool {
    let olds = |status: &DeploymentStatus| status.replicas.unwrap_or(0) - status.updated_replicas.unwrap_or(0);
    new.updated_replicas > old.updated_replicas.or(Some(0))
        || olds(new) < olds(old)
        || new.ready_replicas > old.ready_replicas.or(Some(0))
        || new.available_replicas > old.available_replicas.or(Some(0))
        || new.observed_generation != old.observed_generation
}

/// Times: `lastTransitionTime` moves with the status, `lastUpdateTime` with any change, and with progress (which has set
/// it already).
fn carry(mut condition: DeploymentCondition, before: &[DeploymentCondition], now: Timestamp) -> DeploymentCondition {
    let before = before.iter().find(|before| before.type_ == condition.type_);
    let same_status = before.filter(|before| before.status == condition.status);
    condition.last_transition_time = same_status.and_then(|before| before.last_transition_time.clone()).or(Some(Time(now)));
    let unchanged = before.filter(|before| before.reason == condition.reason && before.message == condition.message);
    let kept = || unchanged.and_then(|before| before.last_update_time.clone()).or(Some(Time(now)));
    condition.last_update_time = condition.last_update_time.or_else(kept);
    condition
}

#[cfg(test)]
#[path = "status_tests.rs"]
mod tests;
