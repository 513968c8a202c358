//! `serving.knative.dev`: Service, Configuration, Revision, Route (v1) and DomainMapping (v1beta1).
//!
//! Source: knative/serving `pkg/apis/serving/v1`, `pkg/apis/serving/v1beta1`.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::PodSpec;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::duck::{Addressable, Condition, KReference};

/// What a Service wants: a Configuration's spec and a Route's spec in one.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "serving.knative.dev",
    version = "v1",
    kind = "Service",
    plural = "services",
    shortname = "kservice",
    shortname = "ksvc",
    category = "all",
    category = "knative",
    category = "serving",
    namespaced,
    status = "ServiceStatus",
    derive = "PartialEq",
    derive = "Default"
)]
#[serde(rename_all = "camelCase")]
pub struct ServiceSpec {
    /// The template of the next Revision.
    #[serde(default)]
    pub template: RevisionTemplateSpec,
    /// How requests are split over Revisions; empty means everything to the latest ready one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traffic: Vec<TrafficTarget>,
}

/// What a Configuration wants: the template of its newest Revision.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "serving.knative.dev",
    version = "v1",
    kind = "Configuration",
    plural = "configurations",
    shortname = "config",
    shortname = "cfg",
    category = "all",
    category = "knative",
    category = "serving",
    namespaced,
    status = "ConfigurationStatus",
    derive = "PartialEq",
    derive = "Default"
)]
#[serde(rename_all = "camelCase")]
pub struct ConfigurationSpec {
    /// The template of the next Revision.
    #[serde(default)]
    pub template: RevisionTemplateSpec,
}

/// What a Route wants: how requests are split.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "serving.knative.dev",
    version = "v1",
    kind = "Route",
    plural = "routes",
    shortname = "rt",
    category = "all",
    category = "knative",
    category = "serving",
    namespaced,
    status = "RouteStatus",
    derive = "PartialEq",
    derive = "Default"
)]
#[serde(rename_all = "camelCase")]
pub struct RouteSpec {
    /// The targets and their percents, which sum to 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traffic: Vec<TrafficTarget>,
}

/// What a Revision runs: a pod and four limits. Immutable.
///
/// Its schema is written by hand in [`crate::crds`]: only the pod fields that a Revision may have are in it.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "serving.knative.dev",
    version = "v1",
    kind = "Revision",
    plural = "revisions",
    shortname = "rev",
    category = "all",
    category = "knative",
    category = "serving",
    namespaced,
    status = "RevisionStatus",
    derive = "PartialEq",
    derive = "Default"
)]
#[serde(rename_all = "camelCase")]
pub struct RevisionSpec {
    /// The pod, inline.
    #[serde(flatten)]
    pub pod: PodSpec,
    /// Hard cap of requests in flight per pod; 0 is unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container_concurrency: Option<i64>,
    /// Longest whole request, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<i64>,
    /// Longest wait for the first byte of the answer, seconds; 0 or unset is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_start_timeout_seconds: Option<i64>,
    /// Longest gap between writes of the answer, seconds; 0 or unset is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_timeout_seconds: Option<i64>,
}

/// A template: metadata copied to the Revision, and its spec.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevisionTemplateSpec {
    /// Name (bring your own), labels and annotations of the Revision.
    #[serde(default)]
    #[schemars(schema_with = "crate::crds::template_metadata")]
    pub metadata: ObjectMeta,
    /// The Revision's spec.
    #[serde(default)]
    pub spec: RevisionSpec,
}

/// One target of traffic, in a spec or in a status.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrafficTarget {
    /// Gives the target a URL of its own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tag: String,
    /// Pins a Revision.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub revision_name: String,
    /// Follows the latest ready Revision of a Configuration.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub configuration_name: String,
    /// Whether the target follows the latest ready Revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_revision: Option<bool>,
    /// Share of the requests, 0..=100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<i64>,
    /// The tag's URL; only in a status.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub url: String,
}

/// Status of a Service: the union of its Configuration's and its Route's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceStatus {
    /// The generation that this status speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Ready, ConfigurationsReady, RoutesReady.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Free annotations of the status.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Newest Revision that is or was ready.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub latest_ready_revision_name: String,
    /// Newest Revision made.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub latest_created_revision_name: String,
    /// The Service's URL.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// The cluster-local address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Addressable>,
    /// The split in force.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub traffic: Vec<TrafficTarget>,
}

/// Status of a Configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ConfigurationStatus {
    /// The generation that this status speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Ready.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Free annotations of the status.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Newest Revision that is or was ready.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub latest_ready_revision_name: String,
    /// Newest Revision made.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub latest_created_revision_name: String,
}

/// Status of a Route.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RouteStatus {
    /// The generation that this status speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Ready, AllTrafficAssigned, IngressReady, CertificateProvisioned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Free annotations of the status.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// The Route's URL.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// The cluster-local address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Addressable>,
    /// The split in force, in the order of the spec.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub traffic: Vec<TrafficTarget>,
}

/// Status of a Revision.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RevisionStatus {
    /// The generation that this status speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Ready, ResourcesAvailable, ContainerHealthy, Active.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Free annotations of the status.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Where the logs are, from `logging.revision-url-template`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub log_url: String,
    /// Digests of the containers' images.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub container_statuses: Vec<ContainerStatus>,
    /// Digests of the init containers' images.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub init_container_statuses: Vec<ContainerStatus>,
    /// Pods that are ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual_replicas: Option<i32>,
    /// Pods that the autoscaler wants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desired_replicas: Option<i32>,
}

/// What a container's image resolved to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerStatus {
    /// The container's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The image by digest; empty when its registry is not resolved.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub image_digest: String,
}

/// Maps a custom domain to an addressable object.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "serving.knative.dev",
    version = "v1beta1",
    kind = "DomainMapping",
    plural = "domainmappings",
    shortname = "dm",
    category = "all",
    category = "knative",
    category = "serving",
    namespaced,
    status = "DomainMappingStatus",
    derive = "PartialEq",
    derive = "Default"
)]
#[serde(rename_all = "camelCase")]
pub struct DomainMappingSpec {
    /// The object that answers for the domain.
    #[serde(rename = "ref", default)]
    pub reference: KReference,
    /// A certificate of the user's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<SecretTls>,
}

/// Names the Secret that holds a certificate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretTls {
    /// Secret in the mapping's namespace.
    #[serde(default)]
    pub secret_name: String,
}

/// Status of a DomainMapping.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct DomainMappingStatus {
    /// The generation that this status speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Ready, DomainClaimed, ReferenceResolved, IngressReady, CertificateProvisioned.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Free annotations of the status.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// The mapping's URL.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// The mapping's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Addressable>,
}
