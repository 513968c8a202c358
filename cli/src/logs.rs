//! Which pods have logs to show, which container's, and how their lines look.
//!
//! This module must not fetch anything.

use ebb_api::keys::{USER_PORT_NAME, label};
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::ResourceExt as _;

/// The container name that is given to containers without one.
const USER_CONTAINER: &str = "user-container";

/// Whose lines are read.
#[derive(Clone, Debug, PartialEq)]
pub struct Writer {
    /// The pod's name.
    pub pod: String,
    /// What distinguishes it from other pods of the same name.
    pub id: String,
    /// The container whose lines are shown; the server may choose when it is not said.
    pub container: Option<String>,
}

impl Writer {
    /// A pod that there is.
    #[must_use]
    pub fn of(pod: &Pod) -> Self {
        Self { pod: pod.name_any(), id: pod.uid().unwrap_or_else(|| pod.name_any()), container: container(pod) }
    }
}

/// The label selector of a Service's pods, or of one Revision's.
#[must_use]
pub fn selector(service: &str, revision: Option<&str>) -> String {
    let service = format!("{}={service}", label::SERVICE);
    revision.map_or(service.clone(), |revision| format!("{service},{}={revision}", label::REVISION))
}

/// The container whose lines are shown: the one with the default name, else the one that serves, else the first.
#[must_use]
pub fn container(pod: &Pod) -> Option<String> {
    let containers = pod.spec.as_ref().map(|spec| spec.containers.as_slice()).unwrap_or_default();
    let named = containers.iter().find(|container| container.name == USER_CONTAINER);
    let serves = || {
        containers.iter().find(|container| {
            let mut ports = container.ports.iter().flatten();
            ports.any(|port| port.name.as_deref() == Some(USER_PORT_NAME))
        })
    };
    named.or_else(serves).or_else(|| containers.first()).map(|container| container.name.clone())
}

/// Whether a pod has begun, so that there can be lines; one that waits to begin again has.
#[must_use]
pub fn has_begun(pod: &Pod) -> bool {
    let Some(status) = &pod.status else { return false };
    let containers = || status.container_statuses.iter().flatten();
    let ended = |container: &ContainerStatus| {
        container.restart_count > 0 || container.last_state.as_ref().is_some_and(|last| last.terminated.is_some())
    };
    let runs = |container: &ContainerStatus| container.state.as_ref().is_some_and(|now| now.running.is_some() || now.terminated.is_some());
    let started = containers().any(|container| ended(container) || runs(container));
    started || matches!(status.phase.as_deref(), Some("Running" | "Succeeded" | "Failed"))
}

/// A line as it is shown; with several pods it says whose it is.
#[must_use]
pub fn line(pod: &str, text: &str, several: bool) -> String {
    if several { format!("[{pod}] {text}") } else { text.to_owned() }
}

/// What to say when there is nothing to show.
#[must_use]
pub fn nothing(service: &str, namespace: &str, revision: Option<&str>) -> String {
    format!("{}; use -f to wait for some", none_run(service, namespace, revision))
}

/// What to say before the lines of pods that are gone.
#[must_use]
pub fn gone(service: &str, namespace: &str, revision: Option<&str>, pods: &[Writer]) -> String {
    let names: Vec<&str> = pods.iter().map(|writer| writer.pod.as_str()).collect();
    format!("{}; these lines are from pods that are gone: {}", none_run(service, namespace, revision), names.join(", "))
}

fn none_run(service: &str, namespace: &str, revision: Option<&str>) -> String {
    let of = revision.map_or_else(String::new, |revision| format!(", revision '{revision}'"));
    format!("no pods are running for service '{service}'{of} in namespace '{namespace}'")
}

/// Pods, oldest first.
pub fn sort(pods: &mut [Pod]) {
    pods.sort_by_key(|pod| (pod.metadata.creation_timestamp.clone(), pod.name_any()));
}

#[cfg(test)]
mod tests;
