//! What the decisions need to know of a Deployment's pods, taken from the objects.
//!
//! Pure.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

use super::template::HASH_LABEL;

/// One pod that counts: it is neither being deleted nor has it failed for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodFacts {
    /// Its name.
    pub name: String,
    /// It was made from the template that the Deployment has now.
    pub current: bool,
    /// Its condition Ready is True.
    pub ready: bool,
    /// It has been ready for `minReadySeconds`.
    pub available: bool,
    /// How long until it is available, if it is ready and stays so.
    pub available_in: Option<Duration>,
    /// When it was made.
    pub created: Timestamp,
    /// Requests in it right now.
    pub in_flight: usize,
    /// Why it is not ready, when that is known.
    pub problem: Option<String>,
}

/// The pods of a Deployment, sorted out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pods {
    /// Those that count.
    pub live: Vec<PodFacts>,
    /// Those that will never run (again) and are to be removed.
    pub failed: Vec<String>,
    /// How many are being deleted.
    pub terminating: usize,
}

/// Sorts the pods out. `hash` is the current template's, or `None` when every template is fine (a paused Deployment).
pub fn gather<'a>(
    pods: impl IntoIterator<Item = &'a Pod>,
    hash: Option<&str>,
    min_ready: Duration,
    now: Timestamp,
    in_flight: impl Fn(&str) -> usize,
) -> Pods {
    let mut sorted = Pods::default();
    for pod in pods {
        let name = pod.metadata.name.clone().unwrap_or_default();
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        if pod.metadata.deletion_timestamp.is_some() {
            sorted.terminating += 1;
        } else if matches!(phase, Some("Failed" | "Succeeded")) {
            sorted.failed.push(name);
        } else {
            sorted.live.push(facts(pod, name, hash, min_ready, now, &in_flight));
        }
    }
    sorted.live.sort_by(|one, other| one.name.cmp(&other.name));
    sorted
}

fn facts(pod: &Pod, name: String, hash: Option<&str>, min_ready: Duration, now: Timestamp, in_flight: &impl Fn(&str) -> usize) -> PodFacts {
    let labels = pod.metadata.labels.as_ref();
    let own = labels.and_then(|labels| labels.get(HASH_LABEL)).map(String::as_str);
    let ready_since = ready_since(pod);
    let waits = ready_since.map(|since| min_ready.saturating_sub(now.duration_since(since).try_into().unwrap_or_default()));
    PodFacts {
        current: hash.is_none_or(|hash| own == Some(hash)),
        ready: ready_since.is_some(),
        available: waits == Some(Duration::ZERO),
        available_in: waits.filter(|waits| *waits > Duration::ZERO),
        created: pod.metadata.creation_timestamp.as_ref().map_or(now, |time| time.0),
        in_flight: in_flight(&name),
        problem: if ready_since.is_some() { None } else { problem(pod, &name) },
        name,
    }
}

/// When the pod became ready, if it is.
fn ready_since(pod: &Pod) -> Option<Timestamp> {
    let ready = pod.status.as_ref()?.conditions.iter().flatten().find(|condition| condition.type_ == "Ready")?;
    (ready.status == "True").then(|| ready.last_transition_time.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0))
}

/// The most telling words about why the pod is not ready.
fn problem(pod: &Pod, name: &str) -> Option<String> {
    let status = pod.status.as_ref()?;
    let told = status.container_statuses.iter().flatten().find_map(container_problem);
    let ready = status.conditions.iter().flatten().find(|condition| condition.type_ == "Ready");
    let why = told.or_else(|| ready.and_then(|condition| condition.message.clone()))?;
    Some(format!("pod {name}: {why}"))
}

fn container_problem(status: &ContainerStatus) -> Option<String> {
    let ended = [&status.state, &status.last_state].into_iter().flatten().find_map(|state| state.terminated.as_ref());
    if let Some(ended) = ended {
        let message = ended.message.as_deref().map(|message| format!(": {message}")).unwrap_or_default();
        return Some(format!("container {:?} exited with code {}{message}", status.name, ended.exit_code));
    }
    let waiting = status.state.as_ref()?.waiting.as_ref()?;
    let message = waiting.message.as_deref().or(waiting.reason.as_deref())?;
    Some(format!("container {:?}: {message}", status.name))
}
