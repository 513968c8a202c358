//! The parts of Pods and Revisions that matter here, and the facts read from them. Everything else of the objects is dropped
//! while they are decoded, so that a thousand revisions cost little memory.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use ebb_api::duck::Condition;
use ebb_api::keys::{USER_PORT_NAME, label};
use ebb_api::observation::RevisionKey;
use ebb_api::serving::Revision;
use k8s_openapi::api::core::v1::{ContainerPort, ContainerStatus, Pod, PodCondition};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, ResourceExt};
use serde::{Deserialize, Serialize};

use crate::settings::Settings;

/// A Pod.
#[derive(Resource, Clone, Debug, Default, Deserialize, Serialize)]
#[resource(inherit = "Pod")]
pub(crate) struct PodObject {
    pub metadata: ObjectMeta,
    #[serde(default)]
    pub spec: PodSpec,
    #[serde(default)]
    pub status: PodStatus,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct PodSpec {
    #[serde(default)]
    pub containers: Vec<Container>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Container {
    #[serde(default)]
    pub ports: Vec<ContainerPort>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct PodStatus {
    #[serde(rename = "podIP")]
    pub pod_ip: Option<IpAddr>,
    pub conditions: Vec<PodCondition>,
    pub container_statuses: Vec<ContainerStatus>,
}

/// A Revision.
#[derive(Resource, Clone, Debug, Default, Deserialize, Serialize)]
#[resource(inherit = "Revision")]
pub(crate) struct RevisionObject {
    pub metadata: ObjectMeta,
    #[serde(default)]
    pub spec: RevisionSpec,
    #[serde(default)]
    pub status: RevisionStatus,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RevisionSpec {
    pub container_concurrency: Option<i64>,
    pub timeout_seconds: Option<i64>,
    pub response_start_timeout_seconds: Option<i64>,
    pub idle_timeout_seconds: Option<i64>,
    pub containers: Vec<Container>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct RevisionStatus {
    pub conditions: Vec<Condition>,
}

/// Namespace and name of a Pod.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct PodKey {
    pub namespace: Arc<str>,
    pub name: Arc<str>,
}

/// Which life of a pod's container a readiness speaks of: when Ready last changed, and the restarts. While it stays the same,
/// a repeated "ready" is old news.
pub(crate) type Epoch = (Option<k8s_openapi::jiff::Timestamp>, i32);

/// What a Pod says.
#[derive(Clone, Debug)]
pub(crate) struct PodFacts {
    pub key: PodKey,
    pub uid: Arc<str>,
    pub revision: RevisionKey,
    /// The uid of that Revision; empty if the pod does not say.
    pub revision_uid: Arc<str>,
    /// Where it listens, once it has an address.
    pub addr: Option<SocketAddr>,
    pub ready: bool,
    pub leaving: bool,
    pub epoch: Epoch,
    /// Why it does not start, if it says so.
    pub problem: Option<Arc<str>>,
}

impl PodFacts {
    /// None for a pod that belongs to no revision.
    pub fn of(pod: &PodObject) -> Option<Self> {
        let revision = pod.metadata.labels.as_ref()?.get(label::REVISION)?;
        let namespace: Arc<str> = pod.namespace().unwrap_or_default().into();
        let ready = pod.status.conditions.iter().find(|condition| condition.type_ == "Ready");
        let restarts = pod.status.container_statuses.iter().map(|status| status.restart_count).sum();
        Some(Self {
            key: PodKey { namespace: namespace.clone(), name: pod.name_any().into() },
            uid: pod.uid().unwrap_or_default().into(),
            revision: RevisionKey::new(namespace, revision.as_str()),
            revision_uid: pod.labels().get(label::REVISION_UID).cloned().unwrap_or_default().into(),
            addr: address(pod),
            ready: ready.is_some_and(|condition| condition.status == "True"),
            leaving: pod.metadata.deletion_timestamp.is_some(),
            epoch: (ready.and_then(|condition| condition.last_transition_time.as_ref().map(|time| time.0)), restarts),
            problem: pod.status.container_statuses.iter().find_map(start_problem),
        })
    }
}

fn address(pod: &PodObject) -> Option<SocketAddr> {
    let mut ports = pod.spec.containers.iter().flat_map(|container| &container.ports);
    let port = ports.find(|port| port.name.as_deref() == Some(USER_PORT_NAME))?;
    Some(SocketAddr::new(pod.status.pod_ip?, u16::try_from(port.container_port).ok()?))
}

/// Why a container does not run, in the words of its status. Waiting for nothing but its creation is no problem.
fn start_problem(status: &ContainerStatus) -> Option<Arc<str>> {
    let waiting = status.state.as_ref()?.waiting.as_ref()?;
    let reason = waiting.reason.as_deref().filter(|reason| !matches!(*reason, "" | "ContainerCreating" | "PodInitializing"))?;
    // The message of a container that is restarted speaks of the back-off; how it ended the last time says more.
    let ended = status.last_state.as_ref().and_then(|state| state.terminated.as_ref());
    let ended = ended.map(|ended| match ended.message.as_deref() {
        Some(message) if !message.is_empty() => format!("exit code {}, {}", ended.exit_code, message.trim()),
        _ => format!("exit code {}", ended.exit_code),
    });
    let message = ended.or_else(|| waiting.message.clone());
    Some(sentence(reason, message.as_deref().unwrap_or_default()))
}

/// What a Revision says.
#[derive(Clone, Debug)]
pub(crate) struct RevisionFacts {
    pub key: RevisionKey,
    pub uid: Arc<str>,
    pub service: Arc<str>,
    pub configuration: Arc<str>,
    pub settings: Settings,
    /// Why it is not ready, if it has failed.
    pub problem: Option<Arc<str>>,
}

impl RevisionFacts {
    pub fn of(revision: &RevisionObject) -> Self {
        let spec = &revision.spec;
        let mut ports = spec.containers.iter().flat_map(|container| &container.ports);
        let h2c = ports.any(|port| port.name.as_deref() == Some("h2c"));
        let label = |name: &str| revision.labels().get(name).cloned().unwrap_or_default().into();
        Self {
            key: RevisionKey::new(revision.namespace().unwrap_or_default(), revision.name_any()),
            uid: revision.uid().unwrap_or_default().into(),
            service: label(label::SERVICE),
            configuration: label(label::CONFIGURATION),
            settings: Settings::new(
                spec.container_concurrency.unwrap_or_default(),
                spec.timeout_seconds,
                spec.response_start_timeout_seconds,
                spec.idle_timeout_seconds,
                h2c,
            ),
            problem: failed(&revision.status.conditions),
        }
    }
}

fn failed(conditions: &[Condition]) -> Option<Arc<str>> {
    let ready = conditions.iter().find(|condition| condition.type_ == "Ready" && condition.status == "False")?;
    Some(sentence(&ready.reason, &ready.message))
}

fn sentence(reason: &str, message: &str) -> Arc<str> {
    match (reason, message) {
        (reason, "") => reason.into(),
        ("", message) => message.into(),
        (reason, message) => format!("{reason}: {message}").into(),
    }
}

#[cfg(test)]
mod tests;
