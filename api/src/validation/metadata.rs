//! Rules of `metadata`: names, who made the object, owners, annotations of the object itself.
//!
//! This module must not know specs.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{label_1035, label_1035_prefix, scaling};
use crate::annotations::serving;
use crate::config::Autoscaler;
use crate::duration::GoDuration;
use crate::field_error::FieldErrors;
use crate::go::quote;
use crate::keys::{CLUSTER_DOMAIN, annotation};
use crate::kubernetes;

/// Metadata of a Service, Configuration or Route, which are not scaled themselves.
pub(super) fn of_parent(meta: &ObjectMeta) -> FieldErrors {
    let misplaced = annotations(meta)
        .keys()
        .filter(|key| key.starts_with(annotation::AUTOSCALING_PREFIX.trim_end_matches('/')))
        .map(|key| {
            let hint = "autoscaling annotations must be put under \"spec.template.metadata.annotations\" to work";
            FieldErrors::invalid_key(key, "", hint)
        })
        .collect::<FieldErrors>();
    names(meta).also(misplaced.via_field("annotations"))
}

/// Metadata of a Revision or PodAutoscaler.
pub(super) fn of_scaled(meta: &ObjectMeta, config: &Autoscaler) -> FieldErrors {
    names(meta).also(scaling::validate(annotations(meta), config).via_field("annotations"))
}

/// Metadata of a DomainMapping, whose name is a domain.
pub(super) fn of_domain(meta: &ObjectMeta) -> FieldErrors {
    let mut errors = FieldErrors::none();
    if !text(&meta.generate_name).is_empty() {
        errors.extend([FieldErrors::disallowed(&["generateName"])]);
    }
    let name = text(&meta.name);
    if let Some(problem) = kubernetes::fully_qualified_domain_name("name", name) {
        errors.extend([FieldErrors::generic(format!("invalid name {}: {problem}", quote(name)), &["name"])]);
    }
    if name.ends_with(&format!(".{CLUSTER_DOMAIN}")) {
        let message = format!("invalid name {}: must not be a subdomain of cluster local domain {}", quote(name), quote(CLUSTER_DOMAIN));
        errors.extend([FieldErrors::generic(message, &["name"])]);
    }
    errors
}

/// A DNS label, whole or to be completed by the server. Only the first complaint is made.
fn names(meta: &ObjectMeta) -> FieldErrors {
    let (name, generate_name) = (text(&meta.name), text(&meta.generate_name));
    if let Some(problem) = (!generate_name.is_empty()).then(|| label_1035_prefix(generate_name)).flatten() {
        return FieldErrors::generic(problem, &["generateName"]);
    }
    if let Some(problem) = (!name.is_empty()).then(|| label_1035(name)).flatten() {
        return FieldErrors::generic(problem, &["name"]);
    }
    if name.is_empty() && generate_name.is_empty() {
        return FieldErrors::generic("name or generateName is required", &["name"]);
    }
    FieldErrors::none()
}

/// Who made the object never changes; who changed its spec changes only with the spec.
pub(super) fn signatures(old: &ObjectMeta, new: &ObjectMeta, same_spec: bool) -> FieldErrors {
    let value = |meta: &'_ ObjectMeta, key: &str| annotations(meta).get(key).cloned().unwrap_or_default();
    let mut errors = FieldErrors::none();
    if value(old, annotation::CREATOR) != value(new, annotation::CREATOR) {
        errors.extend([FieldErrors::generic("annotation value is immutable", &[annotation::CREATOR])]);
    }
    let modifier = value(new, annotation::LAST_MODIFIER);
    if same_spec && value(old, annotation::LAST_MODIFIER) != modifier {
        errors.extend([FieldErrors::invalid(modifier, annotation::LAST_MODIFIER)]);
    }
    errors
}

/// A label that names an owner needs that owner.
pub(super) fn owner_label(meta: &ObjectMeta, label: &str, kind: &str) -> FieldErrors {
    let Some(owner) = meta.labels.as_ref().and_then(|labels| labels.get(label)) else { return FieldErrors::none() };
    let owned = meta.owner_references.iter().flatten().any(|reference| reference.kind == kind && reference.name == *owner);
    if owned { FieldErrors::none() } else { FieldErrors::missing(&[label]) }
}

/// Length of a gradual rollout.
pub(super) fn rollout_duration(meta: &ObjectMeta) -> FieldErrors {
    whole_seconds("rollout-duration", GoDuration::ZERO, serving::ROLLOUT_DURATION.find(annotations(meta)))
}

/// A Go duration of whole seconds that is not less than `least`; empty is not said.
pub(super) fn whole_seconds(name: &str, least: GoDuration, annotation: Option<(&'static str, &str)>) -> FieldErrors {
    let Some((key, value)) = annotation.filter(|(_, value)| !value.is_empty()) else { return FieldErrors::none() };
    match value.parse::<GoDuration>() {
        Err(_) => FieldErrors::invalid(value, key),
        Ok(duration) if !duration.is_whole_seconds() => FieldErrors::generic(format!("{name}={value} is not at second precision"), &[key]),
        Ok(duration) if duration < least => FieldErrors::generic(format!("{name}={value} must be positive"), &[key]),
        Ok(_) => FieldErrors::none(),
    }
}

/// The annotations; none are an empty map.
pub(super) fn annotations(meta: &ObjectMeta) -> &BTreeMap<String, String> {
    static NONE: BTreeMap<String, String> = BTreeMap::new();
    meta.annotations.as_ref().unwrap_or(&NONE)
}

fn text(value: &Option<String>) -> &str {
    value.as_deref().unwrap_or_default()
}
