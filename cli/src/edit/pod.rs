//! The container flags become a pod.
//!
//! This module must not know of revisions, scale or traffic.

use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use ebb_api::go;
use ebb_api::keys::HOST_IMAGE;
use ebb_api::quantity::Quantity as Parsed;
use k8s_openapi::api::core::v1::{Capabilities, Container, ContainerPort, LocalObjectReference, PodSpec, SeccompProfile, SecurityContext};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::{Around, Verb, env, probes, scheduling, volumes, words};
use crate::args::edit::PodArgs;
use crate::args::parse::commas;

/// The container that the flags speak of; one is made if there is none.
pub fn first_container(pod: &mut PodSpec) -> &mut Container {
    if pod.containers.is_empty() {
        pod.containers.push(Container::default());
    }
    &mut pod.containers[0]
}

/// Applies the container flags.
///
/// # Errors
/// What is wrong with a flag.
pub fn apply(pod: &mut PodSpec, flags: &PodArgs, around: &Around<'_>) -> Result<()> {
    if !flags.env.0.is_empty() {
        env::apply(first_container(pod), &flags.env, &around.inputs.env_lines)?;
    }
    if !flags.env_from.is_empty() {
        env::apply_from(first_container(pod), &flags.env_from)?;
    }
    if !flags.mount.is_empty() || !flags.volume.is_empty() {
        volumes::apply(pod, &flags.mount, &flags.volume)?;
    }
    apply_container(first_container(pod), flags)?;
    apply_host_defaults(first_container(pod), flags, around.verb, &around.directory);
    apply_pod(pod, flags);
    if flags.containers.is_some() {
        add_containers(pod, &around.inputs.containers);
    }
    let container = first_container(pod);
    probes::apply(&mut container.liveness_probe, flags.probe_liveness.as_deref(), flags.probe_liveness_opts.as_deref())?;
    probes::apply(&mut container.readiness_probe, flags.probe_readiness.as_deref(), flags.probe_readiness_opts.as_deref())?;
    if let Some(name) = &flags.security_context {
        container.security_context = security_context(name)?;
    }
    scheduling::apply(pod, flags)?;
    if let Some(user) = flags.user {
        first_container(pod).security_context.get_or_insert_default().run_as_user = Some(user);
    }
    Ok(())
}

fn apply_container(container: &mut Container, flags: &PodArgs) -> Result<()> {
    if let Some(image) = flags.image.first() {
        container.image = Some(image.clone());
    }
    if let Some(policy) = &flags.pull_policy {
        container.image_pull_policy = Some(pull_policy(policy)?);
    }
    apply_resources(container, flags)?;
    if !flags.cmd.is_empty() {
        container.command = Some(flags.cmd.clone());
    }
    if !flags.arg.is_empty() {
        container.args = Some(flags.arg.clone());
    }
    if let Some(port) = &flags.port {
        container.ports = Some(vec![read_port(port)?]);
    }
    Ok(())
}

/// A command without an image runs on this machine, from the directory that it was typed in. Later a new command moves
/// the directory only if it is itself relative to one.
fn apply_host_defaults(container: &mut Container, flags: &PodArgs, verb: Verb, directory: &Path) {
    let Some(command) = flags.cmd.first() else { return };
    if verb != Verb::Update && container.image.as_deref().is_none_or(str::is_empty) {
        container.image = Some(HOST_IMAGE.to_owned());
    }
    let on_host = container.image.as_deref() == Some(HOST_IMAGE);
    let relative = command.contains('/') && !command.starts_with('/');
    if on_host && (relative || (verb != Verb::Update && container.working_dir.is_none())) {
        container.working_dir = Some(directory.display().to_string());
    }
}

fn apply_pod(pod: &mut PodSpec, flags: &PodArgs) {
    let trimmed = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    if let Some(account) = &flags.service_account {
        pod.service_account_name = trimmed(account);
    }
    if let Some(secret) = &flags.pull_secret {
        pod.image_pull_secrets = trimmed(secret).map(|name| vec![LocalObjectReference { name }]);
    }
}

/// More containers: added to a single one, else matched by name.
fn add_containers(pod: &mut PodSpec, more: &[Container]) {
    let single = pod.containers.len() == 1;
    for container in more {
        match pod.containers.iter_mut().find(|known| !single && known.name == container.name) {
            Some(known) => *known = container.clone(),
            None => pod.containers.push(container.clone()),
        }
    }
}

fn pull_policy(text: &str) -> Result<String> {
    ["Always", "Never", "IfNotPresent"]
        .into_iter()
        .find(|policy| policy.eq_ignore_ascii_case(text))
        .map(str::to_owned)
        .ok_or_else(|| anyhow!("invalid --pull-policy {text}. Valid arguments (case insensitive): Always | Never | IfNotPresent"))
}

fn read_port(text: &str) -> Result<ContainerPort> {
    let (name, port) = text.split_once(':').unwrap_or(("", text));
    let port = go::parse_int(port, 32).ok().and_then(|port| i32::try_from(port).ok()).ok_or_else(|| {
        anyhow!(
            "the port specification '{text}' is not valid. Please provide in the format 'NAME:PORT', where 'NAME' is optional. Examples: \
             '--port h2c:8080' , '--port 8080'."
        )
    })?;
    let name = (!name.is_empty()).then(|| name.to_owned());
    Ok(ContainerPort { container_port: port, name, ..ContainerPort::default() })
}

fn apply_resources(container: &mut Container, flags: &PodArgs) -> Result<()> {
    if flags.request.is_empty() && flags.limit.is_empty() {
        return Ok(());
    }
    let (request, limit) = (read_resources(&flags.request)?, read_resources(&flags.limit)?);
    let resources = container.resources.get_or_insert_default();
    for (list, (set, removed)) in [(&mut resources.requests, request), (&mut resources.limits, limit)] {
        let map = list.get_or_insert_default();
        map.extend(set.into_iter().map(|(name, quantity)| (name, Quantity(quantity))));
        map.retain(|name, _| !removed.contains(name));
        if map.is_empty() {
            *list = None;
        }
    }
    Ok(())
}

type Resources = (Vec<(String, String)>, Vec<String>);

fn read_resources(flags: &[String]) -> Result<Resources> {
    let mut map = words::map_with_singles(&commas(flags))?;
    let removed = words::take_removals(&mut map);
    map.retain(|name, _| !removed.contains(name));
    for (name, quantity) in &map {
        quantity.parse::<Parsed>().map_err(|why| anyhow!(why)).with_context(|| format!("invalid quantity for '{name}'"))?;
    }
    Ok((map.into_iter().collect(), removed))
}

fn security_context(name: &str) -> Result<Option<SecurityContext>> {
    match name.to_lowercase().as_str() {
        "none" => Ok(None),
        "strict" => Ok(Some(SecurityContext {
            allow_privilege_escalation: Some(false),
            run_as_non_root: Some(true),
            capabilities: Some(Capabilities { drop: Some(vec!["ALL".to_owned()]), add: None }),
            seccomp_profile: Some(SeccompProfile { type_: "RuntimeDefault".to_owned(), localhost_profile: None }),
            ..SecurityContext::default()
        })),
        _ => bail!("invalid --security-context {name}. Valid arguments: strict | none"),
    }
}

#[cfg(test)]
mod tests;
