//! What an object gets that its author left out.
//!
//! Defaulting twice is defaulting once. This module must not refuse anything. Source: knative/serving
//! `pkg/apis/serving/v1/*_defaults.go` and its neighbours.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use crate::annotations::autoscaling as scaling;
use crate::autoscaling::PodAutoscaler;
use crate::change::{Change, Context};
use crate::keys::{KPA_CLASS, annotation};
use crate::networking::Ingress;
use crate::semantic;
use crate::serving::{Configuration, DomainMapping, Revision, RevisionTemplateSpec, Route, Service, TrafficTarget};

mod pod;
mod revision;

/// The autoscaler class that scales on CPU and memory.
pub const HPA_CLASS: &str = "hpa.autoscaling.knative.dev";

/// A kind that has defaults.
pub trait Defaulted: Sized {
    /// Fills in what is missing.
    fn set_defaults(&mut self, context: Context<'_, Self>);
}

impl Defaulted for Service {
    fn set_defaults(&mut self, context: Context<'_, Self>) {
        let old = context.change.old();
        let kept = old.is_some_and(|old| keeps_its_name(&self.spec.template, &old.spec.template));
        if !kept {
            revision::set_defaults(&mut self.spec.template.spec, &self.metadata, context.configs, context.change.is_create());
        }
        if self.spec.traffic.is_empty() {
            self.spec.traffic.push(TrafficTarget { percent: Some(100), latest_revision: Some(true), ..TrafficTarget::default() });
        }
        default_traffic(&mut self.spec.traffic);
        sign(&mut self.metadata, context.user, &context.change, old.map(|old| &old.spec), &self.spec);
    }
}

impl Defaulted for Configuration {
    fn set_defaults(&mut self, context: Context<'_, Self>) {
        let old = context.change.old();
        let kept = old.is_some_and(|old| keeps_its_name(&self.spec.template, &old.spec.template));
        if !kept {
            revision::set_defaults(&mut self.spec.template.spec, &self.metadata, context.configs, context.change.is_create());
        }
        if self.metadata.owner_references.is_none() {
            sign(&mut self.metadata, context.user, &context.change, old.map(|old| &old.spec), &self.spec);
        }
    }
}

impl Defaulted for Revision {
    fn set_defaults(&mut self, context: Context<'_, Self>) {
        // A Revision never changes, not even when defaults do.
        if context.change.old().is_none() {
            revision::set_defaults(&mut self.spec, &ObjectMeta::default(), context.configs, context.change.is_create());
        }
    }
}

impl Defaulted for Route {
    fn set_defaults(&mut self, context: Context<'_, Self>) {
        default_traffic(&mut self.spec.traffic);
        if self.metadata.owner_references.is_none() {
            sign(&mut self.metadata, context.user, &context.change, context.change.old().map(|old| &old.spec), &self.spec);
        }
    }
}

impl Defaulted for DomainMapping {
    fn set_defaults(&mut self, context: Context<'_, Self>) {
        let namespace = &mut self.spec.reference.namespace;
        if namespace.as_deref().unwrap_or_default().is_empty() {
            namespace.clone_from(&self.metadata.namespace);
        }
        sign(&mut self.metadata, context.user, &context.change, context.change.old().map(|old| &old.spec), &self.spec);
    }
}

impl Defaulted for PodAutoscaler {
    fn set_defaults(&mut self, context: Context<'_, Self>) {
        let annotations = self.metadata.annotations.get_or_insert_default();
        let class =
            annotations.entry(scaling::CLASS.key().to_owned()).or_insert_with(|| context.configs.autoscaler.pod_autoscaler_class.clone());
        let metric = match class.as_str() {
            KPA_CLASS => "concurrency",
            HPA_CLASS => "cpu",
            _ => "",
        };
        annotations.entry(scaling::METRIC.key().to_owned()).or_insert_with(|| metric.to_owned());
    }
}

impl Defaulted for Ingress {
    fn set_defaults(&mut self, _context: Context<'_, Self>) {
        for rule in &mut self.spec.rules {
            if rule.visibility.is_empty() {
                "ExternalIP".clone_into(&mut rule.visibility);
            }
            for path in rule.http.iter_mut().flat_map(|http| &mut http.paths) {
                if let [only] = path.splits.as_mut_slice()
                    && only.percent == 0
                {
                    only.percent = 100;
                }
            }
        }
    }
}

/// A template whose name the author chose and did not change is left alone, so that changed defaults cannot make it look
/// like another Revision of the same name.
fn keeps_its_name(template: &RevisionTemplateSpec, old: &RevisionTemplateSpec) -> bool {
    let name = template.metadata.name.as_deref().unwrap_or_default();
    !name.is_empty() && Some(name) == old.metadata.name.as_deref()
}

fn default_traffic(traffic: &mut [TrafficTarget]) {
    for target in traffic {
        target.latest_revision.get_or_insert(target.revision_name.is_empty());
        target.percent.get_or_insert(0);
    }
}

/// Writes down who made the object and who changed its spec last.
fn sign<K, S: Serialize>(meta: &mut ObjectMeta, user: &str, change: &Change<'_, K>, old: Option<&S>, new: &S) {
    let mut write = |keys: &[&str]| {
        let annotations: &mut BTreeMap<_, _> = meta.annotations.get_or_insert_default();
        annotations.extend(keys.iter().map(|key| ((*key).to_owned(), user.to_owned())));
    };
    match change {
        Change::Create => write(&[annotation::CREATOR, annotation::LAST_MODIFIER]),
        Change::Update { .. } if old.is_some_and(|old| !semantic::equal(old, new)) => write(&[annotation::LAST_MODIFIER]),
        Change::Update { .. } | Change::Stored => {}
    }
}

#[cfg(test)]
mod tests;
