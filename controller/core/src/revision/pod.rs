//! The pod template of a Revision: its containers with ports, environment and probes as the container contract has them.
//!
//! This module must not know of Deployments.

use ebb_api::config::deployment::AffinityType;
use ebb_api::keys::{USER_PORT_NAME, annotation, label};
use ebb_api::serving::Revision;
use k8s_openapi::api::core::v1::{
    Affinity, Container, ContainerPort, EnvVar, PodAffinityTerm, PodAntiAffinity, PodSpec, PodTemplateSpec, Probe, WeightedPodAffinityTerm,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::container::{Protocol, protocol_of, serving_container};
use crate::meta::{self, Words};
use crate::settings::Settings;

/// Tells the activator how to speak to the pod.
const PROTOCOL_ANNOTATION: &str = "serving.ebb.dev/protocol";
/// The port of a container that names none.
const DEFAULT_PORT: i32 = 8080;
/// Grace of a Revision without a timeout: the cluster's shipped default of one.
const DEFAULT_TIMEOUT_SECONDS: i64 = 300;

/// The labels of everything that belongs to a Revision: its own without the ones about routing, and its name and uid.
pub fn labels(revision: &Revision) -> Words {
    let name = meta::name_of(&revision.metadata);
    let own = meta::without(revision.metadata.labels.as_ref(), |key| [label::ROUTING_STATE, label::ROUTE].contains(&key));
    let app = own.get(label::APP).cloned().unwrap_or_else(|| name.to_owned());
    let uid = revision.metadata.uid.clone().unwrap_or_default();
    meta::with(own, [(label::REVISION, name.to_owned()), (label::REVISION_UID, uid), (label::APP, app)])
}

/// The Revision's annotations without those about routing, scaling and who wrote it.
pub fn annotations(revision: &Revision) -> Words {
    const DROPPED: [&str; 3] = [annotation::ROUTES, annotation::ROUTING_STATE_MODIFIED, annotation::LAST_APPLIED];
    meta::without(revision.metadata.annotations.as_ref(), |key| DROPPED.contains(&key) || key.starts_with(annotation::AUTOSCALING_PREFIX))
}

/// The whole template.
pub fn template(revision: &Revision, settings: &Settings) -> PodTemplateSpec {
    let mut annotations = annotations(revision);
    if protocol_of(revision) == Protocol::H2c {
        annotations.insert(PROTOCOL_ANNOTATION.to_owned(), Protocol::H2c.as_str().to_owned());
    }
    let labels = labels(revision);
    let mut spec = revision.spec.pod.clone();
    let serving = serving_container(&spec).map(|container| container.name.clone()).unwrap_or_default();
    for container in &mut spec.containers {
        let serves = container.name == serving;
        complete(container, revision, serves);
    }
    spec.termination_grace_period_seconds = Some(revision.spec.timeout_seconds.unwrap_or(DEFAULT_TIMEOUT_SECONDS));
    add_affinity(&mut spec, revision, settings);
    if spec.runtime_class_name.is_none() {
        spec.runtime_class_name = settings.config.deployment.runtime_class_for(&labels).map(str::to_owned);
    }
    let annotations = Some(annotations).filter(|annotations| !annotations.is_empty());
    let metadata = ObjectMeta { labels: Some(labels), annotations, ..ObjectMeta::default() };
    PodTemplateSpec { metadata: Some(metadata), spec: Some(spec) }
}

fn complete(container: &mut Container, revision: &Revision, serves: bool) {
    let port = container.ports.as_ref().and_then(|ports| ports.first()).map_or(DEFAULT_PORT, |port| port.container_port);
    if serves {
        container.ports = Some(vec![ContainerPort {
            name: Some(USER_PORT_NAME.to_owned()),
            container_port: port,
            protocol: Some("TCP".to_owned()),
            ..ContainerPort::default()
        }]);
        for probe in [&mut container.readiness_probe, &mut container.liveness_probe, &mut container.startup_probe] {
            probe.as_mut().map(point_at_user_port);
        }
    }
    let env = container.env.get_or_insert_default();
    // The user's variables come first; admission keeps them from having these names.
    let mut system = vec![
        ("K_REVISION", meta::name_of(&revision.metadata).to_owned()),
        ("K_CONFIGURATION", meta::label_of(&revision.metadata, label::CONFIGURATION).to_owned()),
        ("K_SERVICE", meta::label_of(&revision.metadata, label::SERVICE).to_owned()),
    ];
    if serves {
        system.insert(0, ("PORT", port.to_string()));
    }
    env.extend(system.into_iter().map(|(name, value)| EnvVar { name: name.to_owned(), value: Some(value), ..EnvVar::default() }));
    if container.termination_message_policy.is_none() {
        container.termination_message_policy = Some("FallbackToLogsOnError".to_owned());
    }
}

/// A probe without a port means the serving port.
fn point_at_user_port(probe: &mut Probe) {
    let user_port = || IntOrString::String(USER_PORT_NAME.to_owned());
    let unset = |port: &IntOrString| match port {
        IntOrString::Int(port) => *port == 0,
        IntOrString::String(name) => name.is_empty() || ["http1", "h2c"].contains(&name.as_str()),
    };
    if let Some(http) = probe.http_get.as_mut().filter(|http| unset(&http.port)) {
        http.port = user_port();
    }
    if let Some(tcp) = probe.tcp_socket.as_mut().filter(|tcp| unset(&tcp.port)) {
        tcp.port = user_port();
    }
}

/// Pods of a revision prefer different machines, unless the user said otherwise.
fn add_affinity(spec: &mut PodSpec, revision: &Revision, settings: &Settings) {
    if spec.affinity.is_some() || settings.config.deployment.default_affinity_type == AffinityType::None {
        return;
    }
    let revision_label = Words::from([(label::REVISION.to_owned(), meta::name_of(&revision.metadata).to_owned())]);
    let term = PodAffinityTerm {
        topology_key: "kubernetes.io/hostname".to_owned(),
        label_selector: Some(LabelSelector { match_labels: Some(revision_label), match_expressions: None }),
        ..PodAffinityTerm::default()
    };
    let preferred = vec![WeightedPodAffinityTerm { weight: 100, pod_affinity_term: term }];
    spec.affinity = Some(Affinity {
        pod_anti_affinity: Some(PodAntiAffinity {
            preferred_during_scheduling_ignored_during_execution: Some(preferred),
            required_during_scheduling_ignored_during_execution: None,
        }),
        ..Affinity::default()
    });
}
