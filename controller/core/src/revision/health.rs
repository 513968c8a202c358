//! What is wrong with the pods of a Revision that was never ready: told from the Deployment and the pods alone.
//!
//! This module must not look at what was said before.

use k8s_openapi::api::apps::v1::{Deployment, DeploymentCondition};
use k8s_openapi::api::core::v1::{ContainerState, ContainerStateTerminated, ContainerStatus, Pod, PodCondition};

/// Reasons of a waiting container that no amount of waiting heals; the container runtime will only repeat them.
const HOPELESS: [&str; 9] = [
    "CreateContainerError",
    "CreateContainerConfigError",
    "RunContainerError",
    "StartError",
    "ContainerCannotRun",
    "InvalidImageName",
    "ImageNotSupported",
    "ImageInspectError",
    "ErrImageNeverPull",
];

/// A reason and a message.
pub type Told = (String, String);

/// What is wrong; nothing at all while pods simply take their time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trouble {
    /// A container fails.
    pub container: Option<Told>,
    /// Pods cannot be made, or take too long.
    pub resources: Option<Told>,
    /// Why the pods are not ready yet, if they say so.
    pub waiting: String,
}

/// Looks for trouble. Pods on their way out are not asked: they were told to end.
pub fn look(deployment: Option<&Deployment>, pods: &[&Pod], always_schedulable: bool) -> Trouble {
    let mut pods: Vec<&Pod> = pods.iter().copied().filter(|pod| pod.metadata.deletion_timestamp.is_none()).collect();
    // The newest pod speaks first: it shows what happens now. The name makes it the same one each time.
    pods.sort_by(|a, b| {
        let age = |pod: &Pod| pod.metadata.creation_timestamp.as_ref().map(|time| time.0);
        age(b).cmp(&age(a)).then_with(|| a.metadata.name.cmp(&b.metadata.name))
    });
    if pods.iter().any(|pod| pod_condition(pod, "Ready").is_some_and(|ready| ready.status == "True")) {
        return Trouble::default();
    }
    let waiting = pods.iter().find_map(|pod| waiting_message(pod)).unwrap_or_default();
    let container = pods.iter().find_map(|pod| failing_container(pod));
    let unschedulable = pods.iter().find_map(|pod| unschedulable(pod)).filter(|_| !always_schedulable);
    let resources = unschedulable.or_else(|| overdue(deployment?, &pods, &waiting)).or_else(|| not_created(deployment?));
    Trouble { container, resources, waiting }
}

/// The statuses of the containers, those that run first and end (`true`) before the others.
fn statuses(pod: &Pod) -> impl Iterator<Item = (bool, &ContainerStatus)> {
    pod.status.iter().flat_map(|status| {
        let init = status.init_container_statuses.iter().flatten().map(|status| (true, status));
        init.chain(status.container_statuses.iter().flatten().map(|status| (false, status)))
    })
}

fn pod_condition<'a>(pod: &'a Pod, type_: &str) -> Option<&'a PodCondition> {
    pod.status.as_ref()?.conditions.iter().flatten().find(|condition| condition.type_ == type_)
}

/// A container that ended, or that can never start.
fn failing_container(pod: &Pod) -> Option<Told> {
    statuses(pod).find_map(|(is_init, status)| {
        let states = [status.state.as_ref(), status.last_state.as_ref()];
        let ended = states.into_iter().flatten().find_map(|state| state.terminated.as_ref());
        let ended = ended.filter(|ended| ended.exit_code != 0 || !is_init);
        ended.map(exited).or_else(|| hopeless(status.state.as_ref()?))
    })
}

fn exited(ended: &ContainerStateTerminated) -> Told {
    let message = ended.message.as_deref().map(str::trim).filter(|message| !message.is_empty());
    let reason = ended.reason.as_deref().filter(|reason| !["", "Error", "Completed"].contains(reason));
    let told = match (message, reason) {
        (Some(message), _) => format!("Container failed with: {message}"),
        (None, _) if ended.exit_code == 0 => "container exited with no error".to_owned(),
        (None, Some(reason)) => format!("Container failed with: {reason}"),
        (None, None) => format!("Container failed with: exit code {} and no message", ended.exit_code),
    };
    (format!("ExitCode{}", ended.exit_code), told)
}

fn hopeless(state: &ContainerState) -> Option<Told> {
    let waiting = state.waiting.as_ref()?;
    let reason = waiting.reason.as_deref().filter(|reason| HOPELESS.contains(reason))?;
    Some((reason.to_owned(), waiting.message.clone().unwrap_or_default()))
}

fn unschedulable(pod: &Pod) -> Option<Told> {
    let scheduled = pod_condition(pod, "PodScheduled").filter(|condition| condition.status == "False")?;
    let reason = scheduled.reason.clone().unwrap_or_else(|| "Unschedulable".to_owned());
    Some((reason, scheduled.message.clone().unwrap_or_default()))
}

/// What the pod says about not being ready: a waiting container's own words, or those of the pod's Ready condition, which
/// name the port and the probe.
fn waiting_message(pod: &Pod) -> Option<String> {
    let not_ready = pod_condition(pod, "Ready").and_then(|condition| condition.message.clone());
    waiting_container(pod).map(|(_, message)| message).into_iter().chain(not_ready).find(|message| !message.is_empty())
}

fn waiting_container(pod: &Pod) -> Option<Told> {
    statuses(pod).find_map(|(_, status)| {
        let waiting = status.state.as_ref()?.waiting.as_ref()?;
        Some((waiting.reason.clone()?, waiting.message.clone().unwrap_or_default()))
    })
}

fn deployment_condition<'a>(deployment: &'a Deployment, type_: &str, status: &str) -> Option<&'a DeploymentCondition> {
    let mut conditions = deployment.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.find(|condition| condition.type_.as_deref() == Some(type_) && condition.status.as_deref() == Some(status))
}

/// The Deployment's patience is over: told with what the pods say, or else with the Deployment's own words.
fn overdue(deployment: &Deployment, pods: &[&Pod], waiting: &str) -> Option<Told> {
    let progressing = deployment_condition(deployment, "Progressing", "False")?;
    let reason = progressing.reason.clone().filter(|reason| reason == "ProgressDeadlineExceeded")?;
    let image = pods.iter().find_map(|pod| waiting_container(pod)).filter(|(reason, _)| reason.contains("Image"));
    Some(image.unwrap_or_else(|| {
        let own = progressing.message.clone().unwrap_or_default();
        let message = match (own.is_empty(), waiting.is_empty()) {
            (_, true) => own,
            // Ebb's node already says why; other Deployment controllers do not.
            _ if own.contains(waiting) => own,
            (true, false) => waiting.to_owned(),
            (false, false) => format!("{} {waiting}", own.trim_end()),
        };
        (reason, message)
    }))
}

/// Pods are refused, by a quota for example.
fn not_created(deployment: &Deployment) -> Option<Told> {
    let failure = deployment_condition(deployment, "ReplicaFailure", "True")?;
    Some((failure.reason.clone().unwrap_or_else(|| "FailedCreate".to_owned()), failure.message.clone().unwrap_or_default()))
}
