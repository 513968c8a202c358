//! What is known of a pod's containers, and the Pod status that says so.
//!
//! Pure.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{
    ContainerState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting, ContainerStatus, HostIP, Pod, PodCondition,
    PodIP, PodStatus,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

/// Address of every process pod.
pub const POD_IP: &str = "127.0.0.1";
/// Condition that carries, in its message, when the pod was created, its process spawned, and its readiness found:
/// `created=… spawned=… ready=…`, RFC 3339 with nanoseconds. It costs no write of its own.
pub const TIMELINE: &str = "ebb.dev/Timeline";
/// Condition that is False when resource limits were asked for and this machine cannot enforce them.
pub const LIMITED: &str = "ebb.dev/ResourcesLimited";

/// Why a container waits before its first start (Kubernetes' word).
const CREATING: &str = "ContainerCreating";

/// How a container's process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Exit code; 128 plus the signal if one killed it.
    pub exit_code: i32,
    /// The signal that killed it.
    pub signal: Option<i32>,
    /// `Completed`, `Error` or `OOMKilled`.
    pub reason: &'static str,
    /// The termination message.
    pub message: String,
    /// When it was started.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Timestamp,
}

/// What a container is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It does not run.
    Waiting {
        /// One word for machines.
        reason: String,
        /// A sentence for people.
        message: String,
    },
    /// Its process runs.
    Running {
        /// Since when.
        since: Timestamp,
        /// Process id.
        pid: i32,
    },
    /// It has ended and will not be started again.
    Terminated(Ended),
}

/// What is known of one container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerView {
    /// Name.
    pub name: String,
    /// Image, as written.
    pub image: String,
    /// Its state.
    pub state: State,
    /// Its end before this state.
    pub last: Option<Ended>,
    /// How often it was started again.
    pub restarts: i32,
    /// It passed its startup probe.
    pub started: bool,
    /// It passed its readiness probe.
    pub ready: bool,
    /// Why it is not ready, when a probe said so.
    pub unready: Option<String>,
}

impl ContainerView {
    /// A container before its first start.
    pub fn new(name: &str, image: &str) -> Self {
        Self {
            name: name.into(),
            image: image.into(),
            state: State::Waiting { reason: CREATING.into(), message: String::new() },
            last: None,
            restarts: 0,
            started: false,
            ready: false,
            unready: None,
        }
    }

    fn is_merely_starting(&self) -> bool {
        let on_its_way = match &self.state {
            State::Waiting { reason, .. } => reason == CREATING,
            State::Running { .. } => true,
            State::Terminated(_) => false,
        };
        on_its_way && self.last.is_none()
    }

    /// One sentence on why it is not ready.
    fn why_not_ready(&self) -> String {
        let why = match &self.state {
            State::Waiting { message, reason } if message.is_empty() => reason.clone(),
            State::Waiting { message, .. } => message.clone(),
            State::Running { .. } => self.unready.clone().unwrap_or_else(|| "it has just been started".into()),
            State::Terminated(ended) => format!("it ended with exit code {}", ended.exit_code),
        };
        format!("container {:?} is not ready: {why}", self.name)
    }
}

/// What is known of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PodView {
    /// Its containers, in the order of its specification.
    pub containers: Vec<ContainerView>,
    /// When the node took it on.
    pub accepted: Option<Timestamp>,
    /// When its first process was spawned.
    pub spawned: Option<Timestamp>,
    /// When it first became ready.
    pub ready_at: Option<Timestamp>,
    /// Why limits that were asked for do not hold, if they do not.
    pub unlimited: Option<String>,
}

impl PodView {
    /// Every container is ready.
    pub fn is_ready(&self) -> bool {
        !self.containers.is_empty() && self.containers.iter().all(|container| container.ready)
    }

    /// Every container is being started or running for the first time, and has nothing to tell but that it is not ready yet:
    /// news that can wait a moment.
    pub fn is_merely_starting(&self) -> bool {
        !self.is_ready() && self.containers.iter().all(ContainerView::is_merely_starting)
    }

    fn phase(&self) -> &'static str {
        let ended = |container: &ContainerView| matches!(container.state, State::Terminated(_));
        let clean = |container: &ContainerView| matches!(&container.state, State::Terminated(ended) if ended.exit_code == 0);
        let never_ran = |container: &ContainerView| matches!(container.state, State::Waiting { .. }) && container.last.is_none();
        if self.containers.is_empty() || self.containers.iter().any(never_ran) {
            "Pending"
        } else if self.containers.iter().all(clean) {
            "Succeeded"
        } else if self.containers.iter().all(ended) {
            "Failed"
        } else {
            "Running"
        }
    }
}

/// The status of `pod`, whose last written status is `before`.
pub fn status(pod: &Pod, view: &PodView, before: Option<&PodStatus>, now: Timestamp) -> PodStatus {
    let ready = view.is_ready();
    let unready: Vec<String> = view.containers.iter().filter(|container| !container.ready).map(ContainerView::why_not_ready).collect();
    let not_ready = (!ready).then(|| ("ContainersNotReady", unready.join("; ")));
    let conditions = [
        Some(condition("PodScheduled", None)),
        Some(condition("Initialized", None)),
        Some(condition("ContainersReady", not_ready.clone())),
        Some(condition("Ready", not_ready)),
        view.unlimited.clone().map(|why| condition(LIMITED, Some(("LimitsNotEnforced", why)))),
        timeline(pod, view),
    ];
    let known = before.and_then(|before| before.conditions.as_deref()).unwrap_or_default();
    PodStatus {
        phase: Some(view.phase().into()),
        conditions: Some(conditions.into_iter().flatten().map(|condition| carry(condition, known, now)).collect()),
        container_statuses: Some(view.containers.iter().map(|container| container_status(pod, container)).collect()),
        start_time: view.accepted.map(Time),
        host_ip: Some(POD_IP.into()),
        host_ips: Some(vec![HostIP { ip: POD_IP.into() }]),
        pod_ip: Some(POD_IP.into()),
        pod_ips: Some(vec![PodIP { ip: POD_IP.into() }]),
        qos_class: Some("BestEffort".into()),
        observed_generation: pod.metadata.generation,
        ..PodStatus::default()
    }
}

fn condition(kind: &str, failed: Option<(&str, String)>) -> PodCondition {
    let (reason, message) = failed.map(|(reason, message)| (reason.to_owned(), message)).unzip();
    let status = if reason.is_some() { "False" } else { "True" };
    PodCondition { type_: kind.into(), status: status.into(), reason, message, ..PodCondition::default() }
}

fn timeline(pod: &Pod, view: &PodView) -> Option<PodCondition> {
    let ready = view.ready_at?;
    let created = pod.metadata.annotations.as_ref().and_then(|annotations| annotations.get(crate::deployment::template::CREATED));
    let created = created.cloned().unwrap_or_default();
    let spawned = view.spawned.unwrap_or(ready);
    let message = Some(format!("created={created} spawned={spawned:.9} ready={ready:.9}"));
    Some(PodCondition { message, ..condition(TIMELINE, None) })
}

/// The time of the last transition moves only with the status.
fn carry(mut condition: PodCondition, before: &[PodCondition], now: Timestamp) -> PodCondition {
    let same = before.iter().find(|before| before.type_ == condition.type_ && before.status == condition.status);
    condition.last_transition_time = same.and_then(|same| same.last_transition_time.clone()).or(Some(Time(now)));
    condition
}

fn container_status(pod: &Pod, view: &ContainerView) -> ContainerStatus {
    let state = match &view.state {
        State::Waiting { reason, message } => ContainerState {
            waiting: Some(ContainerStateWaiting {
                reason: Some(reason.clone()),
                message: Some(message.clone()).filter(|message| !message.is_empty()),
            }),
            ..ContainerState::default()
        },
        State::Running { since, .. } => {
            ContainerState { running: Some(ContainerStateRunning { started_at: Some(Time(*since)) }), ..ContainerState::default() }
        }
        State::Terminated(ended) => terminated(ended),
    };
    let pid = if let State::Running { pid, .. } = view.state { Some(pid) } else { None };
    ContainerStatus {
        name: view.name.clone(),
        image: view.image.clone(),
        container_id: pid.map(|pid| format!("process://{}/{pid}", pod.metadata.uid.as_deref().unwrap_or_default())),
        state: Some(state),
        last_state: Some(view.last.as_ref().map_or_else(ContainerState::default, terminated)),
        restart_count: view.restarts,
        started: Some(view.started),
        ready: view.ready,
        ..ContainerStatus::default()
    }
}

fn terminated(ended: &Ended) -> ContainerState {
    let terminated = ContainerStateTerminated {
        exit_code: ended.exit_code,
        signal: ended.signal,
        reason: Some(ended.reason.into()),
        message: Some(ended.message.clone()).filter(|message| !message.is_empty()),
        started_at: Some(Time(ended.started)),
        finished_at: Some(Time(ended.finished)),
        container_id: None,
    };
    ContainerState { terminated: Some(terminated), ..ContainerState::default() }
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
