//! Defaults of a Revision's pod: container names, resources, probes, volume mounts and, where the cluster wants them,
//! secure settings.
//!
//! This module must not default ports: that nothing was said about the port is kept until the pod is made.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{
    Capabilities, Container, GRPCAction, PodSecurityContext, PodSpec, Probe, SeccompProfile, SecurityContext, TCPSocketAction,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::config::{Defaults, Flag, Snapshots};
use crate::names::child_name;

const RUNTIME_DEFAULT: &str = "RuntimeDefault";
/// Ports below this one need a capability.
const FIRST_FREE_PORT: i32 = 1024;

pub(super) fn set_defaults(pod: &mut PodSpec, parent: &ObjectMeta, configs: &Snapshots, creating: bool) {
    name_containers(pod, parent, &configs.defaults);
    if pod.enable_service_links.is_none() && creating && !pod.containers.is_empty() {
        pod.enable_service_links = configs.defaults.enable_service_links;
    }
    let writable = writable_volumes(pod);
    let alone = pod.containers.len() == 1;
    for container in &mut pod.containers {
        default_resources(container, &configs.defaults);
        if alone || container.ports.as_ref().is_some_and(|ports| !ports.is_empty()) {
            default_readiness_handler(container.readiness_probe.get_or_insert_default());
        }
        default_probes(container);
        for mount in container.volume_mounts.iter_mut().flatten().filter(|mount| !writable.contains(&mount.name)) {
            mount.read_only = Some(true);
        }
    }
    let pod_security = pod.security_context.clone().unwrap_or_default();
    for container in pod.containers.iter_mut().chain(pod.init_containers.iter_mut().flatten()) {
        default_security(container, &pod_security, configs.features.secure_pod_defaults);
    }
}

fn name_containers(pod: &mut PodSpec, parent: &ObjectMeta, defaults: &Defaults) {
    let init = pod.init_containers.iter().flatten();
    let taken: BTreeSet<String> = pod.containers.iter().chain(init).map(|container| container.name.clone()).collect();
    // A template that was accepted renders for every object; an empty name is refused later.
    let name = defaults.container_name_template.for_object(parent).unwrap_or_default();
    give_names(&mut pod.containers, &taken, &name);
    let name = defaults.init_container_name_template.for_object(parent).unwrap_or_default();
    give_names(pod.init_containers.as_deref_mut().unwrap_or_default(), &taken, &name);
}

/// Names what has no name: the default name, or, where that is not unique, the default name with the next free number.
fn give_names(containers: &mut [Container], taken: &BTreeSet<String>, default: &str) {
    let numbered = containers.len() > 1 || taken.contains(default);
    let mut numbers = (0_u32..).map(|number| child_name(default, &format!("-{number}"))).filter(|name| !taken.contains(name));
    for container in containers.iter_mut().filter(|container| container.name.is_empty()) {
        container.name = if numbered { numbers.next().unwrap_or_default() } else { default.to_owned() };
    }
}

fn writable_volumes(pod: &PodSpec) -> BTreeSet<String> {
    let volumes = pod.volumes.iter().flatten();
    let writable = volumes.filter(|v| v.empty_dir.is_some() || v.persistent_volume_claim.is_some() || v.ephemeral.is_some());
    writable.map(|volume| volume.name.clone()).collect()
}

fn default_resources(container: &mut Container, defaults: &Defaults) {
    // Knative always writes them, so a client that compares with what it has got from there finds the same here.
    container.resources.get_or_insert_default();
    let requests = [
        ("cpu", &defaults.revision_cpu_request),
        ("memory", &defaults.revision_memory_request),
        ("ephemeral-storage", &defaults.revision_ephemeral_storage_request),
    ];
    let limits = [
        ("cpu", &defaults.revision_cpu_limit),
        ("memory", &defaults.revision_memory_limit),
        ("ephemeral-storage", &defaults.revision_ephemeral_storage_limit),
    ];
    fill(container, requests, |resources| &mut resources.requests);
    fill(container, limits, |resources| &mut resources.limits);
}

type Amounts = Option<BTreeMap<String, Quantity>>;

fn fill(
    container: &mut Container,
    defaults: [(&str, &Option<String>); 3],
    amounts: impl Fn(&mut k8s_openapi::api::core::v1::ResourceRequirements) -> &mut Amounts,
) {
    for (resource, default) in defaults {
        if let Some(default) = default {
            let amounts = amounts(container.resources.get_or_insert_default()).get_or_insert_default();
            amounts.entry(resource.to_owned()).or_insert_with(|| Quantity(default.clone()));
        }
    }
}

/// A probe that says not how is a connection to the serving port, whichever that will be.
fn default_readiness_handler(probe: &mut Probe) {
    if probe.tcp_socket.is_none() && probe.http_get.is_none() && probe.exec.is_none() && probe.grpc.is_none() {
        probe.tcp_socket = Some(TCPSocketAction::default());
    }
}

fn default_probes(container: &mut Container) {
    if let Some(probe) = &mut container.readiness_probe {
        let default = |field: &mut Option<i32>, value: i32| {
            if matches!(field, None | Some(0)) {
                *field = Some(value);
            }
        };
        default(&mut probe.success_threshold, 1);
        // A period of zero asks for probing as often as it makes sense, to which these do not apply.
        if probe.period_seconds.is_some_and(|period| period != 0) {
            default(&mut probe.failure_threshold, 3);
            default(&mut probe.timeout_seconds, 1);
        }
    }
    for probe in [&mut container.readiness_probe, &mut container.liveness_probe, &mut container.startup_probe] {
        if let Some(GRPCAction { service, .. }) = probe.as_mut().and_then(|probe| probe.grpc.as_mut()) {
            service.get_or_insert_default();
        }
    }
}

/// The settings of Kubernetes' `restricted` profile, as far as nothing else was said on the container or on the pod.
fn default_security(container: &mut Container, pod: &PodSecurityContext, wanted: Flag) {
    if !matches!(wanted, Flag::Enabled | Flag::AllowRootBounded) {
        return;
    }
    let low_port = container.ports.iter().flatten().any(|port| port.container_port < FIRST_FREE_PORT);
    let security: &mut SecurityContext = container.security_context.get_or_insert_default();
    security.allow_privilege_escalation.get_or_insert(false);
    if pod.seccomp_profile.as_ref().is_none_or(|profile| profile.type_.is_empty()) {
        let profile: &mut SeccompProfile = security.seccomp_profile.get_or_insert_default();
        if profile.type_.is_empty() {
            RUNTIME_DEFAULT.clone_into(&mut profile.type_);
        }
    }
    security.capabilities.get_or_insert_with(|| Capabilities {
        drop: Some(vec!["ALL".to_owned()]),
        add: low_port.then(|| vec!["NET_BIND_SERVICE".to_owned()]),
    });
    if wanted == Flag::Enabled && pod.run_as_non_root.is_none() {
        security.run_as_non_root.get_or_insert(true);
    }
}
