//! Which image exactly: the image as typed, the digest that is kept, and the time of the last change.
//!
//! This module must not resolve anything; digests come from the base Revision's status.

use anyhow::{Context as _, Result, bail};
use ebb_api::serving::{Revision, RevisionSpec, RevisionTemplateSpec, Service};
use k8s_openapi::api::core::v1::Container;
use k8s_openapi::jiff::{Timestamp, Unit};

use super::pod::first_container;
use crate::args::edit::Lock;

/// Annotation with the image as the user typed it.
pub const USER_IMAGE: &str = "client.knative.dev/user-image";
/// Annotation with the time of the last change; it makes every change a new Revision.
pub const UPDATE_TIMESTAMP: &str = "client.knative.dev/updateTimestamp";

/// Writes the time of the change.
pub fn stamp(template: &mut RevisionTemplateSpec, now: Timestamp) {
    let now = now.round(Unit::Second).unwrap_or(now);
    annotate(template, UPDATE_TIMESTAMP, now.to_string());
}

/// Keeps the image by digest, or stops keeping it. An image that was typed just now is resolved anew.
///
/// # Errors
/// When the base Revision runs another image.
pub fn lock(template: &mut RevisionTemplateSpec, base: Option<&Revision>, lock: Lock, changes: bool, typed: bool) -> Result<()> {
    let known = template.metadata.annotations.as_ref().is_some_and(|all| all.contains_key(USER_IMAGE));
    if lock.on && changes && (known || lock.asked) {
        remember(template);
        if !typed {
            pin(template, base)?;
        }
    }
    if !lock.on
        && let Some(annotations) = &mut template.metadata.annotations
    {
        annotations.remove(USER_IMAGE);
    }
    Ok(())
}

/// Remembers the image as typed; of an image by digest, what was remembered before is better.
fn remember(template: &mut RevisionTemplateSpec) {
    let Some(image) = main_container(&template.spec).map(|container| container.image.clone().unwrap_or_default()) else { return };
    let before = template.metadata.annotations.as_ref().and_then(|all| all.get(USER_IMAGE)).cloned();
    let image = match before {
        Some(before) if image.contains('@') => before,
        _ => image,
    };
    annotate(template, USER_IMAGE, image);
}

fn pin(template: &mut RevisionTemplateSpec, base: Option<&Revision>) -> Result<()> {
    let Some(base) = base else { return Ok(()) };
    same_image(template, base).context("can not pin image to digest")?;
    let statuses = base.status.as_ref().map(|status| status.container_statuses.as_slice()).unwrap_or_default();
    let digest = main_index(&base.spec).and_then(|index| statuses.get(index)).map(|status| status.image_digest.clone());
    if let Some(digest) = digest.filter(|digest| !digest.is_empty()) {
        first_container(&mut template.spec.pod).image = Some(digest);
    }
    Ok(())
}

/// Whether the template and a Revision run the same image.
///
/// # Errors
/// When they do not, or one of them runs nothing.
pub fn same_image(template: &RevisionTemplateSpec, base: &Revision) -> Result<()> {
    let name = template.metadata.name.as_deref().unwrap_or_default();
    let base_name = base.metadata.name.as_deref().unwrap_or_default();
    let Some(current) = main_container(&template.spec) else { bail!("no container given in current revision {name}") };
    let Some(before) = main_container(&base.spec) else { bail!("no container found in base revision {base_name}") };
    if current.image != before.image {
        let text = |container: &Container| container.image.clone().unwrap_or_default();
        bail!(
            "current revision {name} contains unexpected image ({}) that does not fit to the base revision's {base_name} image ({})",
            text(current),
            text(before)
        );
    }
    Ok(())
}

/// The name of the Revision that the template was made into: its own name, else the latest created one's.
#[must_use]
pub fn base_name(service: &Service) -> Option<String> {
    let named = service.spec.template.metadata.name.clone().filter(|name| !name.is_empty());
    let created = || service.status.as_ref().map(|status| status.latest_created_revision_name.clone()).filter(|name| !name.is_empty());
    named.or_else(created)
}

/// The container that serves: the only one, else the first with a port.
#[must_use]
pub fn main_index(spec: &RevisionSpec) -> Option<usize> {
    match spec.pod.containers.as_slice() {
        [_] => Some(0),
        many => many.iter().position(|container| container.ports.as_ref().is_some_and(|ports| !ports.is_empty())),
    }
}

/// The container that serves.
#[must_use]
pub fn main_container(spec: &RevisionSpec) -> Option<&Container> {
    spec.pod.containers.get(main_index(spec)?)
}

fn annotate(template: &mut RevisionTemplateSpec, key: &str, value: String) {
    template.metadata.annotations.get_or_insert_default().insert(key.to_owned(), value);
}

#[cfg(test)]
mod tests;
