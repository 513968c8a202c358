//! `autoscaling.internal.knative.dev/v1alpha1`: PodAutoscaler, the contract from the controller to the autoscaler.
//!
//! Source: knative/serving `pkg/apis/autoscaling/v1alpha1`.

use std::collections::BTreeMap;

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::duck::Condition;

/// What is to be scaled. The tuning is in the object's `autoscaling.knative.dev/*` annotations.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "autoscaling.internal.knative.dev",
    version = "v1alpha1",
    kind = "PodAutoscaler",
    plural = "podautoscalers",
    shortname = "kpa",
    shortname = "pa",
    category = "knative-internal",
    category = "autoscaling",
    namespaced,
    status = "PodAutoscalerStatus",
    derive = "PartialEq",
    derive = "Default"
)]
#[serde(rename_all = "camelCase")]
pub struct PodAutoscalerSpec {
    /// Hard cap of requests in flight per pod; 0 is unlimited.
    #[serde(default)]
    pub container_concurrency: i64,
    /// The Deployment to scale, in the same namespace.
    #[serde(default)]
    pub scale_target_ref: ScaleTargetRef,
    /// `Reachable`, `Unreachable`, or empty while it is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reachability: String,
    /// `http1` or `h2c`.
    #[serde(default)]
    pub protocol_type: String,
}

/// Names the object whose scale is set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ScaleTargetRef {
    /// `apps/v1`.
    pub api_version: String,
    /// `Deployment`.
    pub kind: String,
    /// The Deployment's name.
    pub name: String,
}

/// Status of a PodAutoscaler.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct PodAutoscalerStatus {
    /// The generation that this status speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Ready, Active, ScaleTargetInitialized, SKSReady.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// Free annotations of the status.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// The k8s Service in front of the revision.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub service_name: String,
    /// The k8s Service that metrics are read from.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub metrics_service_name: String,
    /// Pods wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desired_scale: Option<i32>,
    /// Pods ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actual_scale: Option<i32>,
}
