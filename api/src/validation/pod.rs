//! Rules of a Revision's pod spec.
//!
//! This module must not know what a single container must be like.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Container, PodSpec};

use super::volume::Volumes;
use super::{container, mask, security, volume};
use crate::config::Snapshots;
use crate::field_error::FieldErrors;
use crate::go::quote;
use crate::kubernetes;

/// The port that requests go to, as far as probes can name it.
const DEFAULT_PORT_NAME: &str = "http";

pub(super) fn validate(pod: &PodSpec, configs: &Snapshots) -> FieldErrors {
    let features = &configs.features;
    let init = pod.init_containers.as_deref().unwrap_or_default();
    let mounted = volume::mounted(init.iter().chain(&pod.containers));
    let (volumes, of_volumes) = volume::validate(pod.volumes.as_deref().unwrap_or_default(), &mounted, features);
    let mut allowed = mask::pod_spec(features);
    if pod.automount_service_account_token == Some(false) {
        allowed.push("automountServiceAccountToken");
    }
    [
        mask::check(pod, &allowed),
        pod.security_context.as_ref().map(|security| security::of_pod(security, features)).unwrap_or_default().via_field("securityContext"),
        warnings(pod, configs),
        of_volumes.via_field("volumes"),
        init_containers(init, &pod.containers, &volumes, configs),
        ports(&pod.containers).via_field("containers[*]"),
        containers(&pod.containers, &volumes, configs),
        service_account(pod.service_account_name.as_deref().unwrap_or_default()),
    ]
    .into_iter()
    .collect()
}

fn warnings(pod: &PodSpec, configs: &Snapshots) -> FieldErrors {
    let of = |field: &str, containers: &[Container]| -> FieldErrors {
        let warn = |(index, container): (usize, &Container)| {
            let context = container.security_context.as_ref();
            security::warnings(pod.security_context.as_ref(), context, &configs.features)
                .via_field("securityContext")
                .via_field_index(field, index)
        };
        containers.iter().enumerate().map(warn).collect()
    };
    of("containers", &pod.containers).also(of("initContainers", pod.init_containers.as_deref().unwrap_or_default()))
}

fn service_account(name: &str) -> FieldErrors {
    let problems = if name.is_empty() { Vec::new() } else { kubernetes::dns1123_subdomain(name) };
    problems.into_iter().map(|problem| FieldErrors::invalid_because(name, "serviceAccountName", problem)).collect()
}

/// Exactly one port over all containers, or none where there is one container.
fn ports(containers: &[Container]) -> FieldErrors {
    let count: usize = containers.iter().map(|container| container.ports.as_ref().map_or(0, Vec::len)).sum();
    match count {
        0 if containers.len() > 1 => FieldErrors::missing(&["ports"]),
        0 | 1 => FieldErrors::none(),
        _ => {
            let details = "Only a single port is allowed across all containers";
            FieldErrors::detailed("more than one container port is set", &["ports"], details)
        }
    }
}

/// The name that a probe may give to the serving port.
fn serving_port_name(containers: &[Container]) -> String {
    let port = containers.iter().rev().find_map(|container| container.ports.as_ref()?.first());
    let name = port.and_then(|port| port.name.clone()).unwrap_or_default();
    if name.is_empty() { DEFAULT_PORT_NAME.to_owned() } else { name }
}

fn containers(containers: &[Container], volumes: &Volumes<'_>, configs: &Snapshots) -> FieldErrors {
    let port = serving_port_name(containers);
    let all = container::Surroundings { configs, volumes, role: container::Role::Serving { port: &port } };
    match containers {
        [] => FieldErrors::missing(&["containers"]),
        [only] => container::validate(only, &all).via_field_index("containers", 0),
        several if !configs.features.multi_container.is_enabled() => {
            FieldErrors::generic(format!("multi-container is off, but found {} containers", several.len()), &[])
        }
        several => {
            let check = |(index, container): (usize, &Container)| {
                let serving = container.ports.as_ref().is_some_and(|ports| !ports.is_empty());
                let role = if serving { all.role } else { container::Role::Sidecar };
                container::validate(container, &container::Surroundings { role, ..all }).via_field_index("containers", index)
            };
            let errors: FieldErrors = several.iter().enumerate().map(check).collect();
            errors.also(unique_names(several, "containers", BTreeSet::new()))
        }
    }
}

fn init_containers(init: &[Container], others: &[Container], volumes: &Volumes<'_>, configs: &Snapshots) -> FieldErrors {
    if init.is_empty() {
        return FieldErrors::none();
    }
    if !configs.features.podspec_init_containers.is_enabled() {
        let message = format!("pod spec support for init-containers is off, but found {} init containers", init.len());
        return FieldErrors::generic(message, &[]);
    }
    let taken = others.iter().map(|container| container.name.as_str()).collect();
    let surroundings = container::Surroundings { configs, volumes, role: container::Role::Init };
    let check =
        |(index, container): (usize, &Container)| container::validate(container, &surroundings).via_field_index("initContainers", index);
    let errors: FieldErrors = init.iter().enumerate().map(check).collect();
    errors.also(unique_names(init, "initContainers", taken))
}

/// No name twice, neither among these containers nor among those that `taken` names.
fn unique_names<'a>(containers: &'a [Container], field: &str, mut taken: BTreeSet<&'a str>) -> FieldErrors {
    let mut errors = FieldErrors::none();
    for (index, container) in containers.iter().enumerate() {
        if !taken.insert(&container.name) {
            let message = format!("duplicate container name {}", quote(&container.name));
            errors.extend([FieldErrors::generic(message, &["name"]).via_field_index(field, index)]);
        }
    }
    errors
}
