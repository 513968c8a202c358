//! Labels, annotations, visibility and profiles.
//!
//! This module must not read the profiles' file.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use ebb_api::keys::{annotation, label};
use ebb_api::serving::Service;
use kube::api::ObjectMeta;

use super::{Profile, words};
use crate::args::edit::MetaArgs;
use crate::args::pairs;

/// The value of the visibility label for private Services.
pub const CLUSTER_LOCAL: &str = "cluster-local";

/// Applies the flags to the Service and its template.
///
/// # Errors
/// What is wrong with a flag.
pub fn apply(service: &mut Service, flags: &MetaArgs, profile: &Profile) -> Result<()> {
    if flags.cluster_local || flags.no_cluster_local {
        let private = pairs::decide("cluster-local", flags.cluster_local, flags.no_cluster_local, false)?;
        let labels = service.metadata.labels.get_or_insert_default();
        if private {
            labels.insert(label::VISIBILITY.to_owned(), CLUSTER_LOCAL.to_owned());
        } else {
            labels.remove(label::VISIBILITY);
        }
        service.metadata.labels.take_if(|labels| labels.is_empty());
    }
    apply_labels(service, flags)?;
    apply_annotations(service, flags)?;
    if let Some(name) = &flags.profile {
        apply_profile(service, name, profile)?;
    }
    Ok(())
}

fn apply_labels(service: &mut Service, flags: &MetaArgs) -> Result<()> {
    if flags.label.is_empty() && flags.label_service.is_empty() && flags.label_revision.is_empty() {
        return Ok(());
    }
    let both = words::map_with_singles(&flags.label).context("Invalid --label")?;
    label_one(&mut service.metadata, &flags.label_service, &both).context("Invalid --label-service")?;
    label_one(&mut service.spec.template.metadata, &flags.label_revision, &both).context("Invalid --label-revision")
}

fn label_one(meta: &mut ObjectMeta, own: &[String], both: &BTreeMap<String, String>) -> Result<()> {
    let own = words::map_with_singles(own).context("Unable to parse label flags")?;
    let mut wanted = both.clone();
    wanted.extend(own);
    let removed = words::take_removals(&mut wanted);
    let labels = meta.labels.get_or_insert_default();
    labels.extend(wanted);
    labels.retain(|key, _| !removed.contains(key));
    if labels.is_empty() {
        meta.labels = None;
    }
    Ok(())
}

fn apply_annotations(service: &mut Service, flags: &MetaArgs) -> Result<()> {
    if flags.annotation.is_empty() && flags.annotation_service.is_empty() && flags.annotation_revision.is_empty() {
        return Ok(());
    }
    let both = words::map_with_singles(&flags.annotation).context("Invalid --annotation")?;
    let revision = words::map_with_singles(&flags.annotation_revision).context("Invalid --annotation-revision")?;
    let own = words::map_with_singles(&flags.annotation_service).context("Invalid --annotation-service")?;
    let scaling = |key: &str| key.starts_with(annotation::AUTOSCALING_PREFIX.trim_end_matches('/'));
    if let Some(key) = own.keys().find(|key| scaling(key)) {
        bail!("service can not have auto-scaling related annotation: {key} , please update using '--annotation-revision'");
    }
    annotate(&mut service.spec.template.metadata, both.clone().into_iter().chain(revision).collect());
    // What scales is a Revision, so such annotations would do nothing on the Service.
    annotate(&mut service.metadata, both.into_iter().filter(|(key, _)| !scaling(key)).chain(own).collect());
    Ok(())
}

fn annotate(meta: &mut ObjectMeta, mut wanted: BTreeMap<String, String>) {
    let removed = words::take_removals(&mut wanted);
    let annotations = meta.annotations.get_or_insert_default();
    annotations.extend(wanted);
    annotations.retain(|key, _| !removed.contains(key));
    if annotations.is_empty() {
        meta.annotations = None;
    }
}

/// Puts a profile on, or takes it off when the name ends in `-`.
fn apply_profile(service: &mut Service, name: &str, profile: &Profile) -> Result<()> {
    if *profile == Profile::default() {
        bail!("profile {} doesn't exist", name.trim_end_matches('-'));
    }
    let annotations = service.spec.template.metadata.annotations.get_or_insert_default();
    let labels = service.metadata.labels.get_or_insert_default();
    if name.ends_with('-') {
        annotations.retain(|key, _| !profile.annotations.contains_key(key));
        labels.retain(|key, _| !profile.labels.contains_key(key));
    } else {
        annotations.extend(profile.annotations.clone());
        labels.extend(profile.labels.clone());
    }
    service.spec.template.metadata.annotations.take_if(|annotations| annotations.is_empty());
    service.metadata.labels.take_if(|labels| labels.is_empty());
    Ok(())
}

#[cfg(test)]
mod tests;
