//! What an object must be like to be stored.
//!
//! This module must not change anything. Texts and paths are those of knative/serving `pkg/apis`, but for the path of an
//! init container, which is `initContainers[i]` here.

use crate::autoscaling::PodAutoscaler;
use crate::change::Context;
use crate::config::Snapshots;
use crate::field_error::FieldErrors;
use crate::kubernetes;
use crate::networking::Ingress;
use crate::semantic;
use crate::serving::{Configuration, DomainMapping, Revision, RevisionSpec, Route, Service};

mod container;
mod env;
mod image;
mod ingress;
mod mask;
mod metadata;
mod pod;
mod pod_autoscaler;
mod probe;
mod reference;
mod scaling;
mod security;
mod template;
mod traffic;
mod volume;
mod volume_mount;

/// A kind that has rules.
pub trait Validated: Sized {
    /// Everything that is wrong with the object, and everything that its author should know.
    fn validate(&self, context: &Context<'_, Self>) -> FieldErrors;
}

impl Validated for Service {
    fn validate(&self, context: &Context<'_, Self>) -> FieldErrors {
        let mut errors = metadata::of_parent(&self.metadata)
            .also(metadata::rollout_duration(&self.metadata).via_field("annotations"))
            .via_field("metadata")
            .also(template::validate(&self.spec.template, &self.metadata, context.configs).via_field("spec.template"))
            .also(traffic::validate(&self.spec.traffic, traffic::Of::Service).via_field("spec.traffic"));
        if let Some(old) = context.change.old() {
            let same_spec = semantic::equal(&old.spec, &self.spec);
            errors.extend([
                metadata::signatures(&old.metadata, &self.metadata, same_spec).via_field("metadata.annotations"),
                template::same_name_same_content(&old.spec.template, &self.spec.template).via_field("spec.template"),
            ]);
        }
        errors
    }
}

impl Validated for Configuration {
    fn validate(&self, context: &Context<'_, Self>) -> FieldErrors {
        let mut errors = metadata::of_parent(&self.metadata)
            .also(metadata::owner_label(&self.metadata, crate::keys::label::SERVICE, "Service").via_field("labels"))
            .via_field("metadata")
            .also(template::validate(&self.spec.template, &self.metadata, context.configs).via_field("spec.template"));
        if let Some(old) = context.change.old() {
            if self.metadata.owner_references.is_none() {
                let same_spec = semantic::equal(&old.spec, &self.spec);
                errors.extend([metadata::signatures(&old.metadata, &self.metadata, same_spec).via_field("metadata.annotations")]);
            }
            errors.extend([template::same_name_same_content(&old.spec.template, &self.spec.template).via_field("spec.template")]);
        }
        errors
    }
}

impl Validated for Revision {
    fn validate(&self, context: &Context<'_, Self>) -> FieldErrors {
        let errors = metadata::of_scaled(&self.metadata, &context.configs.autoscaler)
            .also(metadata::owner_label(&self.metadata, crate::keys::label::CONFIGURATION, "Configuration").via_field("labels"))
            .via_field("metadata");
        let Some(old) = context.change.old() else {
            return errors.also(revision_spec(&self.spec, context.configs).via_field("spec"));
        };
        let changes = semantic::diff(&old.spec, &self.spec);
        if changes.is_empty() { errors } else { FieldErrors::detailed("Immutable fields changed (-old +new)", &["spec"], changes) }
    }
}

impl Validated for Route {
    fn validate(&self, context: &Context<'_, Self>) -> FieldErrors {
        let mut errors = metadata::of_parent(&self.metadata)
            .also(metadata::owner_label(&self.metadata, crate::keys::label::SERVICE, "Service").via_field("labels"))
            .also(metadata::rollout_duration(&self.metadata).via_field("annotations"))
            .via_field("metadata")
            .also(traffic::validate(&self.spec.traffic, traffic::Of::Route).via_field("spec.traffic"));
        if let Some(old) = context.change.old()
            && self.metadata.owner_references.is_none()
        {
            let same_spec = semantic::equal(&old.spec, &self.spec);
            errors.extend([metadata::signatures(&old.metadata, &self.metadata, same_spec).via_field("metadata.annotations")]);
        }
        errors
    }
}

impl Validated for DomainMapping {
    fn validate(&self, context: &Context<'_, Self>) -> FieldErrors {
        let namespace = self.metadata.namespace.as_deref().unwrap_or_default();
        let mut errors = metadata::of_domain(&self.metadata)
            .via_field("metadata")
            .also(reference::validate(&self.spec.reference, namespace).via_field("spec.ref"));
        if let Some(old) = context.change.old() {
            let same_spec = semantic::equal(&old.spec, &self.spec);
            errors.extend([metadata::signatures(&old.metadata, &self.metadata, same_spec).via_field("metadata.annotations")]);
        }
        errors
    }
}

impl Validated for PodAutoscaler {
    fn validate(&self, context: &Context<'_, Self>) -> FieldErrors {
        metadata::of_scaled(&self.metadata, &context.configs.autoscaler)
            .via_field("metadata")
            .also(pod_autoscaler::validate(&self.spec, &context.configs.defaults).via_field("spec"))
    }
}

impl Validated for Ingress {
    fn validate(&self, _context: &Context<'_, Self>) -> FieldErrors {
        ingress::validate(&self.spec, self.metadata.namespace.as_deref().unwrap_or_default()).via_field("spec")
    }
}

/// The spec of a Revision, in a template or in a Revision.
fn revision_spec(spec: &RevisionSpec, configs: &Snapshots) -> FieldErrors {
    let longest = configs.defaults.max_revision_timeout_seconds;
    let timeout = match spec.timeout_seconds {
        Some(timeout) if !(0..=longest).contains(&timeout) => FieldErrors::out_of_bounds(timeout, 0, longest, "timeoutSeconds"),
        _ => FieldErrors::none(),
    };
    let concurrency = spec.container_concurrency.map(|value| container_concurrency(value, &configs.defaults)).unwrap_or_default();
    pod::validate(&spec.pod, configs).also(timeout).also(concurrency.via_field("containerConcurrency"))
}

fn container_concurrency(value: i64, defaults: &crate::config::Defaults) -> FieldErrors {
    let lowest = i64::from(!defaults.allow_container_concurrency_zero);
    let highest = defaults.container_concurrency_max_limit;
    if (lowest..=highest).contains(&value) { FieldErrors::none() } else { FieldErrors::out_of_bounds(value, lowest, highest, "") }
}

/// `[complaint complaint]`, as Kubernetes' complaints stand in Knative's messages.
fn listed(problems: &[String]) -> String {
    crate::go::slice(problems)
}

/// The complaint of a name that must be a DNS label, if there is one.
fn label_1035(value: &str) -> Option<String> {
    let problems = kubernetes::dns1035_label(value);
    if problems.is_empty() { None } else { Some(format!("not a DNS 1035 label: {}", listed(&problems))) }
}

/// The complaint of a start of a name that must become a DNS label, if there is one.
fn label_1035_prefix(value: &str) -> Option<String> {
    let problems = kubernetes::dns1035_label_prefix(value);
    if problems.is_empty() { None } else { Some(format!("not a DNS 1035 label prefix: {}", listed(&problems))) }
}

#[cfg(test)]
mod tests;
