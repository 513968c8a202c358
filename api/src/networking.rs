//! `networking.internal.knative.dev/v1alpha1`: Ingress ("KIngress"), the contract from the controller to the
//! ingress, and ClusterDomainClaim.
//!
//! Source: knative/networking `pkg/apis/networking/v1alpha1`.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::duck::Condition;

/// Which hosts and paths go to which backends.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "networking.internal.knative.dev",
    version = "v1alpha1",
    kind = "Ingress",
    plural = "ingresses",
    shortname = "kingress",
    shortname = "king",
    category = "knative-internal",
    category = "networking",
    namespaced,
    status = "IngressStatus",
    derive = "PartialEq",
    derive = "Default"
)]
#[serde(rename_all = "camelCase")]
pub struct IngressSpec {
    /// Rules; the first match in list order wins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<IngressRule>,
    /// Certificates by host.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tls: Vec<IngressTls>,
    /// `Enabled` (the default) or `Redirected`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub http_option: String,
}

/// Hosts and what they are routed to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IngressRule {
    /// Fully qualified host names, without port.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// `ExternalIP` (also when empty) or `ClusterLocal`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub visibility: String,
    /// The paths of these hosts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpIngressRuleValue>,
}

/// The paths of a rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HttpIngressRuleValue {
    /// Paths; the first match in list order wins.
    #[serde(default)]
    pub paths: Vec<HttpIngressPath>,
}

/// One path, with its matches and its split.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HttpIngressPath {
    /// Prefix; empty is everything.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Host header that the backend sees.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rewrite_host: String,
    /// Headers that must match exactly.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, HeaderMatch>,
    /// The split; percents sum to 100.
    #[serde(default)]
    pub splits: Vec<IngressBackendSplit>,
    /// Headers set before the split.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub append_headers: BTreeMap<String, String>,
}

/// How a header must match.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct HeaderMatch {
    /// The whole value.
    pub exact: String,
}

/// One backend and its share.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct IngressBackendSplit {
    /// Namespace of the backend.
    pub service_namespace: String,
    /// The backend: a k8s Service, named as its revision when the ingress comes from a Route.
    pub service_name: String,
    /// Port of the k8s Service.
    pub service_port: IntOrString,
    /// Share of the requests, 0..=100.
    #[serde(default)]
    pub percent: i64,
    /// Headers set after the split.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub append_headers: BTreeMap<String, String>,
}

/// A certificate for some hosts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct IngressTls {
    /// The hosts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<String>,
    /// The Secret.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub secret_name: String,
    /// The Secret's namespace.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub secret_namespace: String,
}

/// Status of an Ingress.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct IngressStatus {
    /// The generation that this status speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Ready, NetworkConfigured, LoadBalancerReady.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Free annotations of the status.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Where requests from outside arrive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_load_balancer: Option<LoadBalancerStatus>,
    /// Where requests from inside arrive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub private_load_balancer: Option<LoadBalancerStatus>,
}

/// The addresses of a load balancer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct LoadBalancerStatus {
    /// The addresses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ingress: Vec<LoadBalancerIngress>,
}

/// One address of a load balancer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct LoadBalancerIngress {
    /// By IP.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub ip: String,
    /// By name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub domain: String,
    /// By a name that resolves inside the cluster.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub domain_internal: String,
    /// Reachable through a mesh only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mesh_only: Option<bool>,
}

/// Says which namespace owns a domain.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "networking.internal.knative.dev",
    version = "v1alpha1",
    kind = "ClusterDomainClaim",
    plural = "clusterdomainclaims",
    shortname = "cdc",
    category = "knative-internal",
    category = "networking",
    derive = "PartialEq",
    derive = "Default"
)]
#[serde(rename_all = "camelCase")]
pub struct ClusterDomainClaimSpec {
    /// The owner.
    pub namespace: String,
}
