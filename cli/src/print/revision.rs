//! Revisions in descriptions: `revision describe`, and the lines about one in `service describe`.
//!
//! This module must not fetch anything.

use ebb_api::keys::label;
use ebb_api::serving::{Revision, Service};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;

use super::describe::{self, Page, Section};
use super::list::{label_of, share};
use super::{conditions, describe::metadata};
use crate::edit::{image, scale};

/// `revision describe`. The Service is only needed for details.
#[must_use]
pub fn describe(revision: &Revision, service: Option<&Service>, now: Timestamp, verbose: bool) -> String {
    let mut page = Page::default();
    let mut top = page.top();
    metadata(&mut top, &revision.metadata, now, verbose);
    image_line(&mut top, revision);
    replicas(&mut top, revision);
    details(&mut top, revision, verbose);
    let service_name = label_of(revision, label::SERVICE);
    if !service_name.is_empty() {
        let mut section = top.attribute("Service", &service_name);
        if verbose {
            place_in_service(&mut section, revision, service);
        }
    }
    page.blank();
    let found = revision.status.as_ref().map(|status| status.conditions.clone()).unwrap_or_default();
    conditions::table(&mut page.top(), &found, now, verbose);
    page.finish()
}

fn place_in_service(section: &mut Section<'_>, revision: &Revision, service: Option<&Service>) {
    let name = revision.name_any();
    let status = service.and_then(|service| service.status.clone()).unwrap_or_default();
    section.attribute("Configuration Generation", &label_of(revision, label::CONFIGURATION_GENERATION));
    section.attribute("Latest Created", &(name == status.latest_created_revision_name).to_string());
    section.attribute("Latest Ready", &(name == status.latest_ready_revision_name).to_string());
    let share = share(&name, service);
    if share.percent != 0 {
        section.attribute("Traffic", &format!("{}%", share.percent));
    }
    describe::list(section, "Tags", &share.tags, true);
}

/// The image, by the name that the user gave it if that is the same thing, and its digest.
pub fn image_line(section: &mut Section<'_>, revision: &Revision) {
    let Some(container) = image::main_container(&revision.spec) else {
        section.attribute("Image", "Unknown");
        return;
    };
    let runs = container.image.clone().unwrap_or_default();
    let digest = revision.status.as_ref().and_then(|status| status.container_statuses.first()).map(|status| status.image_digest.clone());
    let Some(digest) = digest.filter(|digest| !digest.is_empty()) else {
        section.attribute("Image", &runs);
        return;
    };
    let typed = revision.annotations().get(image::USER_IMAGE).cloned().unwrap_or_default();
    let repository = runs.split(if runs.contains('@') { '@' } else { ':' }).next().unwrap_or_default();
    let text = if !typed.is_empty() && typed.starts_with(repository) {
        format!("{typed} (pinned to {})", short_digest(&digest))
    } else {
        format!("{runs} (at {})", short_digest(&digest))
    };
    section.attribute("Image", &text);
}

/// Six digits are enough to tell images apart by eye.
fn short_digest(digest: &str) -> String {
    let hex = digest.to_lowercase().split_once("sha256:").map(|(_, hex)| hex.chars().take(64).collect::<String>());
    match hex {
        Some(hex) if hex.len() == 64 && hex.chars().all(|c| c.is_ascii_hexdigit()) => hex[..6].to_owned(),
        _ => digest.to_owned(),
    }
}

/// How many replicas there are, and how many there should be.
pub fn replicas(section: &mut Section<'_>, revision: &Revision) {
    let status = revision.status.as_ref();
    if let Some((actual, desired)) = status.and_then(|status| Some((status.actual_replicas?, status.desired_replicas?))) {
        section.attribute("Replicas", &format!("{actual}/{desired}"));
    }
}

/// Port, environment, scale, concurrency and resources.
pub fn details(section: &mut Section<'_>, revision: &Revision, verbose: bool) {
    if let Some(port) = image::main_container(&revision.spec).and_then(|container| container.ports.as_ref()?.first().cloned()) {
        section.attribute("Port", &port.container_port.to_string());
    }
    describe::list(section, "Env", &env(revision), verbose);
    describe::list(section, "EnvFrom", &env_from(revision), verbose);
    scale_line(section, revision);
    concurrency(section, revision);
    resources(section, revision);
}

fn env(revision: &Revision) -> Vec<String> {
    let env = image::main_container(&revision.spec).and_then(|container| container.env.clone()).unwrap_or_default();
    env.into_iter()
        .map(|variable| match variable.value_from {
            Some(_) => format!("{}=[ref]", variable.name),
            None => format!("{}={}", variable.name, variable.value.unwrap_or_default()),
        })
        .collect()
}

fn env_from(revision: &Revision) -> Vec<String> {
    let sources = image::main_container(&revision.spec).and_then(|container| container.env_from.clone()).unwrap_or_default();
    sources
        .into_iter()
        .flat_map(|source| {
            let map = source.config_map_ref.map(|map| format!("cm:{}", map.name));
            map.into_iter().chain(source.secret_ref.map(|secret| format!("secret:{}", secret.name)))
        })
        .collect()
}

fn number(revision: &Revision, key: &str) -> Result<Option<i64>, String> {
    let Some(text) = revision.annotations().get(key) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| format!("strconv.Atoi: parsing {}: invalid syntax", ebb_api::go::quote(text)))
}

fn scale_line(section: &mut Section<'_>, revision: &Revision) {
    let range = number(revision, scale::MIN).and_then(|least| Ok((least, number(revision, scale::MAX)?)));
    match range {
        Err(why) => {
            section.attribute("Scale", &format!("Misformatted: {why}"));
        }
        Ok((None, None)) => {}
        Ok((least, most)) => {
            let most = most.map_or_else(|| "∞".to_owned(), |most| most.to_string());
            section.attribute("Scale", &format!("{} ... {most}", least.unwrap_or(0)));
        }
    }
}

fn concurrency(section: &mut Section<'_>, revision: &Revision) {
    let annotation = |key: &str| revision.annotations().get(key).cloned();
    let whole = |key: &str| number(revision, key).ok().flatten().map(|number| number.to_string());
    let lines = [
        ("Limit", revision.spec.container_concurrency.filter(|&limit| limit != 0).map(|limit| limit.to_string())),
        ("Target", whole(scale::TARGET)),
        ("Window", annotation(scale::WINDOW).filter(|window| !window.is_empty())),
        ("TargetUtilization", whole(scale::UTILIZATION)),
    ];
    if lines.iter().all(|(_, value)| value.is_none()) {
        return;
    }
    let mut inside = section.attribute("Concurrency", "");
    for (name, value) in lines {
        if let Some(value) = value {
            inside.attribute(name, &value);
        }
    }
}

fn resources(section: &mut Section<'_>, revision: &Revision) {
    let resources = image::main_container(&revision.spec).and_then(|container| container.resources.clone()).unwrap_or_default();
    let (requests, limits) = (resources.requests.unwrap_or_default(), resources.limits.unwrap_or_default());
    for (name, key) in [("Memory", "memory"), ("CPU", "cpu")] {
        let given = |quantity: Option<&Quantity>| quantity.map(|quantity| quantity.0.clone()).filter(|quantity| quantity != "0");
        let value = match (given(requests.get(key)), given(limits.get(key))) {
            (Some(request), Some(limit)) => format!("{request} ... {limit}"),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => continue,
        };
        section.attribute(name, &value);
    }
}

#[cfg(test)]
mod tests;
