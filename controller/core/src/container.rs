//! What a Revision's pod spec says about serving: which container serves, in which protocol, from which image.
//!
//! This module must not build pods.

use ebb_api::serving::Revision;
use k8s_openapi::api::core::v1::{Container, PodSpec};

/// How the pod is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 with prior knowledge.
    H2c,
}

impl Protocol {
    /// As `PodAutoscaler.spec.protocolType` has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http1 => "http1",
            Self::H2c => "h2c",
        }
    }
}

/// The container that serves: the only one, or the one with a port.
#[must_use]
pub fn serving_container(pod: &PodSpec) -> Option<&Container> {
    pod.containers.iter().find(|container| has_port(container)).or_else(|| pod.containers.first())
}

/// Whether the container is the one with a port.
fn has_port(container: &Container) -> bool {
    container.ports.as_ref().is_some_and(|ports| !ports.is_empty())
}

/// The protocol that the name of the serving port chooses.
#[must_use]
pub fn protocol_of(revision: &Revision) -> Protocol {
    let port = serving_container(&revision.spec.pod).and_then(|container| container.ports.as_ref()?.first());
    match port.and_then(|port| port.name.as_deref()) {
        Some("h2c") => Protocol::H2c,
        _ => Protocol::Http1,
    }
}

/// The image by digest, if it says its digest itself; otherwise nothing. Registries are not asked.
#[must_use]
pub fn digest_of(container: &Container) -> String {
    container.image.as_deref().filter(|image| image.contains("@sha256:")).unwrap_or_default().to_owned()
}
