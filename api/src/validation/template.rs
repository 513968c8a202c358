//! Rules of a Revision template.
//!
//! This module must not know Services and Configurations beyond their metadata.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{label_1035, label_1035_prefix, metadata, revision_spec, scaling};
use crate::annotations::{networking, serving};
use crate::config::Snapshots;
use crate::duration::GoDuration;
use crate::field_error::FieldErrors;
use crate::go::{parse_float, quote};
use crate::quantity::Quantity;
use crate::semantic;
use crate::serving::RevisionTemplateSpec;

/// The template, in an object with this metadata.
pub(super) fn validate(template: &RevisionTemplateSpec, parent: &ObjectMeta, configs: &Snapshots) -> FieldErrors {
    let annotations = metadata::annotations(&template.metadata);
    let of_annotations = scaling::validate(annotations, &configs.autoscaler)
        .also(networking_annotations(annotations))
        .also(sidecar_annotations(annotations))
        .also(metadata::whole_seconds("progress-deadline", GoDuration::from_seconds(1), serving::PROGRESS_DEADLINE.find(annotations)));
    revision_spec(&template.spec, configs)
        .via_field("spec")
        .also(of_annotations.via_field("annotations").also(name(&template.metadata, parent)).via_field("metadata"))
}

/// A name that the author chose once may not stand for something else later.
pub(super) fn same_name_same_content(old: &RevisionTemplateSpec, new: &RevisionTemplateSpec) -> FieldErrors {
    let name = new.metadata.name.as_deref().unwrap_or_default();
    if name.is_empty() || old.metadata.name.as_deref() != Some(name) {
        return FieldErrors::none();
    }
    let changes = semantic::diff(old, new);
    if changes.is_empty() {
        return FieldErrors::none();
    }
    FieldErrors::detailed("Saw the following changes without a name change (-old +new)", &["metadata.name"], changes)
}

/// Only the first complaint is made.
fn name(meta: &ObjectMeta, parent: &ObjectMeta) -> FieldErrors {
    let text = |value: &'_ Option<String>| value.clone().unwrap_or_default();
    let (name, generate_name) = (text(&meta.name), text(&meta.generate_name));
    if let Some(problem) = (!generate_name.is_empty()).then(|| label_1035_prefix(&generate_name)).flatten() {
        return FieldErrors::invalid(problem, "generateName");
    }
    if name.is_empty() {
        return FieldErrors::none();
    }
    if let Some(problem) = label_1035(&name) {
        return FieldErrors::invalid(problem, "name");
    }
    let parent_name = text(&parent.name);
    if parent_name.is_empty() && !text(&parent.generate_name).is_empty() {
        return FieldErrors::disallowed(&["name"]);
    }
    let prefix = format!("{parent_name}-");
    if name.starts_with(&prefix) {
        return FieldErrors::none();
    }
    FieldErrors::invalid(format!("{} must have prefix {}", quote(&name), quote(&prefix)), "name")
}

fn networking_annotations(annotations: &BTreeMap<String, String>) -> FieldErrors {
    let known = |key: &str| networking::ALL.iter().any(|keys| keys.all().contains(&key));
    let unknown = annotations.keys().filter(|key| key.starts_with("networking.knative.dev") && !known(key));
    unknown.map(|key| FieldErrors::invalid_key(key, "", "")).collect()
}

/// Annotations of Knative's sidecar: checked so that what is written here is also good elsewhere.
fn sidecar_annotations(annotations: &BTreeMap<String, String>) -> FieldErrors {
    let mut errors = FieldErrors::none();
    if let Some((key, text)) = serving::SIDECAR_RESOURCE_PERCENTAGE.find(annotations) {
        let deprecated = "Queue proxy resource percentage annotation is deprecated. Please use the available annotations to explicitly set resource values per service";
        errors.extend([FieldErrors::generic(deprecated, &[]).as_warnings()]);
        match parse_float(text) {
            Err(_) => errors.extend([FieldErrors::invalid(text, "").via_key(key)]),
            Ok(value) if !(0.1..=100.0).contains(&value) => {
                errors.extend([FieldErrors::out_of_bounds(crate::go::float(value), "0.1", "100", "").via_key(key)]);
            }
            Ok(_) => {}
        }
    }
    for (key, text) in serving::SIDECAR_RESOURCES.iter().filter_map(|keys| keys.find(annotations)) {
        if text.parse::<Quantity>().is_err() {
            errors.extend([FieldErrors::invalid(text, "").via_key(key)]);
        }
    }
    errors
}
