//! `config-deployment`: how the pods of revisions are made.
//!
//! This module must not make them. Source: knative/serving `pkg/deployment/config.go`. The keys of Knative's sidecar are
//! checked as Knative checks them and otherwise ignored, because Ebb has no sidecar; so no sidecar image is required.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Deserialize;

use super::ConfigError;
use super::parse::{Data, ensure};
use crate::duration::GoDuration;
use crate::go::{quote, slice};
use crate::kubernetes;

/// The ConfigMap's name.
pub const NAME: &str = "config-deployment";

const SIDECAR_QUANTITIES: [&str; 12] = [
    "queueSidecarCPURequest",
    "queueSidecarMemoryRequest",
    "queueSidecarEphemeralStorageRequest",
    "queueSidecarCPULimit",
    "queueSidecarMemoryLimit",
    "queueSidecarEphemeralStorageLimit",
    "queue-sidecar-cpu-request",
    "queue-sidecar-memory-request",
    "queue-sidecar-ephemeral-storage-request",
    "queue-sidecar-cpu-limit",
    "queue-sidecar-memory-limit",
    "queue-sidecar-ephemeral-storage-limit",
];

/// The settings of revisions' Deployments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Registries whose tags are not resolved to digests.
    pub registries_skipping_tag_resolving: BTreeSet<String>,
    /// Longest time that resolving a tag may take.
    pub digest_resolution_timeout: Duration,
    /// Longest time that a Deployment may take to become ready; whole seconds.
    pub progress_deadline: Duration,
    /// Affinity that pods get by themselves.
    pub default_affinity_type: AffinityType,
    /// Runtime classes and the labels of the pods that they are for.
    pub runtime_class_names: BTreeMap<String, RuntimeClassSelector>,
    /// Whether a pod that cannot be scheduled yet is left to a cluster autoscaler.
    pub pod_is_always_schedulable: bool,
}

/// Affinity of pods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AffinityType {
    /// None.
    None,
    /// The pods of a revision prefer different nodes.
    #[default]
    PreferSpreadRevisionOverNodes,
}

/// Which pods a runtime class is for; without labels it is for all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RuntimeClassSelector {
    /// Labels that a pod must have.
    pub selector: BTreeMap<String, String>,
}

impl Default for Deployment {
    fn default() -> Self {
        Self {
            registries_skipping_tag_resolving: ["kind.local", "ko.local", "dev.local"].map(str::to_owned).into(),
            digest_resolution_timeout: Duration::from_secs(10),
            progress_deadline: Duration::from_secs(600),
            default_affinity_type: AffinityType::default(),
            runtime_class_names: BTreeMap::new(),
            pod_is_always_schedulable: false,
        }
    }
}

impl Deployment {
    /// Reads the ConfigMap's data.
    ///
    /// # Errors
    /// A value that cannot be read or is out of its bounds.
    pub fn from_data(data: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        let data = Data(data);
        let mut deadline = GoDuration::from_std(config.progress_deadline);
        let mut resolution = GoDuration::from_std(config.digest_resolution_timeout);
        // The old spelling of a key is read first, so that the new one wins.
        for key in ["progressDeadline", "progress-deadline"] {
            data.duration(key, &mut deadline)?;
        }
        for key in ["digestResolutionTimeout", "digest-resolution-timeout"] {
            data.duration(key, &mut resolution)?;
        }
        for key in ["registriesSkippingTagResolving", "registries-skipping-tag-resolving"] {
            data.set(key, &mut config.registries_skipping_tag_resolving);
        }
        for key in SIDECAR_QUANTITIES {
            data.quantity(key, &mut None)?;
        }
        data.bool("pod-is-always-schedulable", &mut config.pod_is_always_schedulable)?;

        ensure(deadline > GoDuration::ZERO, || format!("progress-deadline cannot be a non-positive duration, was {deadline}"))?;
        ensure(deadline.is_whole_seconds(), || format!("progress-deadline must be rounded to a whole second, was: {deadline}"))?;
        ensure(resolution > GoDuration::ZERO, || format!("digest-resolution-timeout cannot be a non-positive duration, was {resolution}"))?;
        config.progress_deadline = deadline.to_std();
        config.digest_resolution_timeout = resolution.to_std();
        if let Some(affinity) = data.get("default-affinity-type") {
            config.default_affinity_type = read_affinity(affinity)?;
        }
        if let Some(classes) = data.get("runtime-class-name").filter(|classes| !classes.trim().is_empty()) {
            config.runtime_class_names = read_runtime_classes(classes)?;
        }
        Ok(config)
    }

    /// The runtime class for a pod with these labels: the one that asks for the most labels, then the smallest name.
    #[must_use]
    pub fn runtime_class_for(&self, labels: &BTreeMap<String, String>) -> Option<&str> {
        let matching = self.runtime_class_names.iter().filter(|(_, class)| is_subset(&class.selector, labels));
        // `rev` because `max_by_key` keeps the last of equals, and the smallest name must win.
        matching.rev().max_by_key(|(_, class)| class.selector.len()).map(|(name, _)| name.as_str())
    }
}

/// Whether all these labels are among those.
pub(super) fn is_subset(wanted: &BTreeMap<String, String>, labels: &BTreeMap<String, String>) -> bool {
    wanted.iter().all(|(label, value)| labels.get(label) == Some(value))
}

fn read_affinity(text: &str) -> Result<AffinityType, ConfigError> {
    match text {
        "none" => Ok(AffinityType::None),
        "prefer-spread-revision-over-nodes" => Ok(AffinityType::PreferSpreadRevisionOverNodes),
        other => Err(ConfigError(format!("unsupported default-affinity-type value: {}", quote(other)))),
    }
}

fn read_runtime_classes(text: &str) -> Result<BTreeMap<String, RuntimeClassSelector>, ConfigError> {
    let classes: BTreeMap<String, Option<RuntimeClassSelector>> = serde_saphyr::from_str(text)
        .map_err(|why| ConfigError(format!("runtime-class-name cannot be parsed, please check the format: {why}")))?;
    let classes: BTreeMap<_, _> = classes.into_iter().map(|(name, class)| (name, class.unwrap_or_default())).collect();
    for (name, class) in &classes {
        let problems = kubernetes::dns1123_subdomain(name);
        ensure(problems.is_empty(), || format!("runtime-class-name {name} selector not valid DNSSubdomain: {}", slice(problems)))?;
        for (label, value) in &class.selector {
            let problems: Vec<_> = kubernetes::qualified_name(label).into_iter().chain(kubernetes::label_value(value)).collect();
            ensure(problems.is_empty(), || format!("runtime-class-name {name} selector invalid: {}", problems.join("; ")))?;
        }
    }
    Ok(classes)
}
