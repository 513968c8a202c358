//! Rules of one container.
//!
//! This module must not know the other containers of its pod.

use k8s_openapi::api::core::v1::{Container, ContainerPort, Probe};

use super::volume::Volumes;
use super::{env, image, mask, probe, security, volume_mount};
use crate::config::Snapshots;
use crate::field_error::FieldErrors;
use crate::go::quote;

const RESERVED_NAME: &str = "queue-proxy";
/// Ports of Knative's sidecar. They stay reserved so that a service runs under Knative too.
const RESERVED_PORTS: [i32; 6] = [8012, 8013, 8022, 9090, 9091, 8008];
const PORT_NAMES: [&str; 3] = ["", "h2c", "http1"];
const MAX_PORT: i32 = 65_535;

/// What the rules of a container depend on.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    /// The system ConfigMaps.
    pub configs: &'a Snapshots,
    /// The pod's volumes.
    pub volumes: &'a Volumes<'a>,
    /// What the container does.
    pub role: Role<'a>,
}

/// What a container does in its pod.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role<'a> {
    /// It answers requests.
    Serving {
        /// The name by which its probes may call the serving port.
        port: &'a str,
    },
    /// It runs beside the one that does.
    Sidecar,
    /// It runs before the others.
    Init,
}

pub(super) fn validate(container: &Container, around: &Surroundings<'_>) -> FieldErrors {
    if *container == Container::default() {
        return FieldErrors::missing(&[""]);
    }
    let features = &around.configs.features;
    let mounts = container.volume_mounts.as_deref().unwrap_or_default();
    [
        probes(container, around),
        mask::check(container, mask::CONTAINER),
        reserved_name(&container.name),
        env::variables(container.env.as_deref().unwrap_or_default(), matches!(around.role, Role::Serving { .. }), features)
            .via_field("env"),
        env::sources(container.env_from.as_deref().unwrap_or_default()).via_field("envFrom"),
        image::validate(container.image.as_deref().unwrap_or_default()),
        ports(container.ports.as_deref().unwrap_or_default(), around.role).via_field("ports"),
        container.resources.as_ref().map(|resources| mask::check(resources, mask::RESOURCES)).unwrap_or_default().via_field("resources"),
        container
            .security_context
            .as_ref()
            .map(|context| security::of_container(context, features))
            .unwrap_or_default()
            .via_field("securityContext"),
        pull_policy(container.image_pull_policy.as_deref().unwrap_or_default()),
        termination_message(container.termination_message_policy.as_deref().unwrap_or_default()),
        volume_mount::validate(mounts, around.volumes, features).via_field("volumeMounts"),
    ]
    .into_iter()
    .collect()
}

fn reserved_name(name: &str) -> FieldErrors {
    if name == RESERVED_NAME {
        return FieldErrors::generic(format!("{} is a reserved container name", quote(name)), &["name"]);
    }
    FieldErrors::none()
}

fn probes(container: &Container, around: &Surroundings<'_>) -> FieldErrors {
    let all = [
        ("livenessProbe", container.liveness_probe.as_ref()),
        ("readinessProbe", container.readiness_probe.as_ref()),
        ("startupProbe", container.startup_probe.as_ref()),
    ];
    let check = |(field, probe): (&'static str, Option<&Probe>)| {
        let probe = probe?;
        let errors = match around.role {
            Role::Init => return Some(FieldErrors::generic("field not allowed in an init container", &[field])),
            Role::Sidecar if !around.configs.features.multi_container_probing.is_enabled() => mask::check(probe, &[]),
            Role::Sidecar => one_probe(field, probe, None),
            Role::Serving { port } => one_probe(field, probe, Some(port)),
        };
        Some(errors.via_field(field))
    };
    let mut errors: FieldErrors = all.into_iter().filter_map(check).collect();
    if around.role == Role::Init && container.lifecycle.is_some() {
        errors.extend([FieldErrors::generic("field not allowed in an init container", &["lifecycle"])]);
    }
    errors
}

fn one_probe(field: &str, probe: &Probe, serving_port: Option<&str>) -> FieldErrors {
    if field == "readinessProbe" { probe::readiness(probe, serving_port) } else { probe::any(probe, serving_port) }
}

fn ports(ports: &[ContainerPort], role: Role<'_>) -> FieldErrors {
    if role == Role::Init {
        return ports.iter().map(port).collect();
    }
    // That there is only one is the pod's rule.
    let Some(serving) = ports.first() else { return FieldErrors::none() };
    let mut errors = port(serving);
    let protocol = serving.protocol.as_deref().unwrap_or_default();
    if !matches!(protocol, "" | "TCP") {
        errors.extend([FieldErrors::invalid(protocol, "protocol")]);
    }
    let name = serving.name.as_deref().unwrap_or_default();
    if !PORT_NAMES.contains(&name) {
        let message = format!("Port name {name} is not allowed");
        errors.extend([FieldErrors::detailed(message, &[""], "Name must be empty, or one of: 'h2c', 'http1'")]);
    }
    errors
}

fn port(port: &ContainerPort) -> FieldErrors {
    let mut errors = mask::check(port, mask::PORT);
    let number = port.container_port;
    if RESERVED_PORTS.contains(&number) {
        let message = format!("{number} is a reserved port");
        let details = format!("{message}, please use a different value");
        errors.extend([FieldErrors::invalid_because(message, "containerPort", details)]);
    }
    if !(0..=MAX_PORT).contains(&number) {
        errors.extend([FieldErrors::out_of_bounds(number, 0, MAX_PORT, "containerPort")]);
    }
    errors
}

/// Knative leaves this to the Deployment, whose refusal few people find.
fn pull_policy(policy: &str) -> FieldErrors {
    match policy {
        "" | "Always" | "IfNotPresent" | "Never" => FieldErrors::none(),
        other => FieldErrors::invalid(other, "imagePullPolicy"),
    }
}

fn termination_message(policy: &str) -> FieldErrors {
    match policy {
        "" | "File" | "FallbackToLogsOnError" => FieldErrors::none(),
        other => FieldErrors::invalid(other, "terminationMessagePolicy"),
    }
}
