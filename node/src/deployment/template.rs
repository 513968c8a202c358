//! Makes a Pod from a Deployment's template: names, labels, owner, and the port that was chosen for it.
//!
//! Pure.

use ebb_api::keys::USER_PORT_NAME;
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Container, Pod, PodTemplateSpec, Probe};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::Resource;

/// Label that says which template a pod was made from (Kubernetes' own).
pub const HASH_LABEL: &str = "pod-template-hash";
/// Annotation: when the decision to make the pod was carried out, RFC 3339 with nanoseconds.
pub const CREATED: &str = "node.ebb.dev/created";

/// Annotation: the number that the template gives to `user-port`, for those who ask for the pod's port by it.
pub const DECLARED_PORT: &str = "node.ebb.dev/declared-port";

/// What Kubernetes uses for generated names: no vowels, and no digits that look like letters.
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// A word of `length` letters that stands for `number`.
fn word(mut number: u64, length: usize) -> String {
    let base = ALPHABET.len() as u64;
    let letter = |digit: u64| usize::try_from(digit).ok().and_then(|digit| ALPHABET.get(digit)).map_or('x', |letter| char::from(*letter));
    std::iter::repeat_with(|| {
        let digit = number % base;
        number /= base;
        letter(digit)
    })
    .take(length)
    .collect()
}

/// The hash of a template: the same text for the same template, in every build.
pub fn hash(template: &PodTemplateSpec) -> String {
    // Maps inside are sorted, and structs serialise in a fixed order. A template always serialises.
    let text = serde_json::to_vec(template).unwrap_or_default();
    // FNV-1a, 64 bits: stable, and good enough to tell a Deployment's few templates apart.
    let hash = text.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    word(hash, 10)
}

/// The name of a new pod; `random` keeps it apart from its siblings.
pub fn pod_name(deployment: &str, hash: &str, random: u64) -> String {
    format!("{deployment}-{hash}-{}", word(random, 5))
}

/// Whether pods of this template need a port of the machine.
pub fn needs_port(template: &PodTemplateSpec) -> bool {
    let containers = template.spec.iter().flat_map(|spec| &spec.containers);
    containers.flat_map(|container| container.ports.iter().flatten()).any(|port| port.name.as_deref() == Some(USER_PORT_NAME))
}

/// What is decided about a pod outside its template.
#[derive(Clone, Debug)]
pub struct Decided<'a> {
    /// The pod's name.
    pub name: String,
    /// The template's hash.
    pub hash: &'a str,
    /// The machine it runs on.
    pub node: &'a str,
    /// The port for `user-port`, if it has one.
    pub port: Option<u16>,
    /// The time.
    pub now: Timestamp,
}

/// The pod.
pub fn pod(deployment: &Deployment, template: &PodTemplateSpec, decided: Decided<'_>) -> Pod {
    let mut metadata = template.metadata.clone().unwrap_or_default();
    metadata.namespace = deployment.metadata.namespace.clone();
    metadata.name = Some(decided.name);
    metadata.labels.get_or_insert_default().insert(HASH_LABEL.into(), decided.hash.into());
    metadata.annotations.get_or_insert_default().insert(CREATED.into(), format!("{:.9}", decided.now));
    metadata.owner_references = Some(vec![owner(deployment)]);
    let mut spec = template.spec.clone().unwrap_or_default();
    spec.node_name = Some(decided.node.into());
    spec.host_network = Some(true);
    if let Some(port) = decided.port {
        let declared = spec.containers.iter_mut().filter_map(|container| set_port(container, port)).last();
        let declared = declared.map(|declared| (DECLARED_PORT.to_owned(), declared.to_string()));
        metadata.annotations.get_or_insert_default().extend(declared);
    }
    Pod { metadata, spec: Some(spec), status: None }
}

fn owner(deployment: &Deployment) -> OwnerReference {
    OwnerReference {
        api_version: Deployment::api_version(&()).into_owned(),
        kind: Deployment::kind(&()).into_owned(),
        name: deployment.metadata.name.clone().unwrap_or_default(),
        uid: deployment.metadata.uid.clone().unwrap_or_default(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// Writes the chosen port into the container that has `user-port`, and gives the number that stood there. Probes that named
/// the old number mean this port.
fn set_port(container: &mut Container, chosen: u16) -> Option<i32> {
    let named = container.ports.iter_mut().flatten().find(|port| port.name.as_deref() == Some(USER_PORT_NAME));
    let port = named?;
    let before = std::mem::replace(&mut port.container_port, i32::from(chosen));
    port.host_port = Some(i32::from(chosen));
    for probe in [&mut container.readiness_probe, &mut container.liveness_probe, &mut container.startup_probe].into_iter().flatten() {
        follow_port(probe, before, i32::from(chosen));
    }
    Some(before)
}

fn follow_port(probe: &mut Probe, before: i32, chosen: i32) {
    let ports = [probe.tcp_socket.as_mut().map(|tcp| &mut tcp.port), probe.http_get.as_mut().map(|get| &mut get.port)];
    for port in ports.into_iter().flatten() {
        if matches!(port, IntOrString::Int(number) if *number == before || *number == 0) {
            *port = IntOrString::String(USER_PORT_NAME.into());
        }
    }
    if let Some(grpc) = &mut probe.grpc
        && (grpc.port == before || grpc.port == 0)
    {
        grpc.port = chosen;
    }
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
