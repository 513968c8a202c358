//! What is special about the fields of built-in kinds: lists whose elements are owned one by one, structs that are owned as
//! a whole, and parts that are always there, so that nobody gets to own them by naming them first. Everything else is as
//! it looks. Facts from Kubernetes' OpenAPI documents (`x-kubernetes-list-type`, `-list-map-keys`, `-map-type`, `default`,
//! `required`).

mod apps;
mod pods;
mod rest;

/// A struct: its fields that are special.
pub struct Struct(pub &'static [(&'static str, Field)]);

/// A special field.
pub enum Field {
    /// A struct that is always there, if only empty.
    Always(&'static Struct),
    /// A struct with something special in it.
    Maybe(&'static Struct),
    /// A struct or map that is owned as a whole.
    Whole,
    /// The same, and always there.
    AlwaysWhole,
    /// A list of structs that are found by these members.
    Keyed(&'static [&'static str], &'static Struct),
    /// A list of structs that are found by these members, each owned as a whole.
    KeyedWhole(&'static [&'static str]),
    /// A list of structs that are found by these members; always there, if only as null.
    AlwaysKeyed(&'static [&'static str], &'static Struct),
    /// A list of values, each of them once.
    Set,
    /// A list that is owned as a whole and always there, if only as null.
    AlwaysList,
    /// A text with a default.
    Default(&'static str),
}

use Field::{Always, Keyed, KeyedWhole, Set};

/// Nothing special.
pub static PLAIN: Struct = Struct(&[]);
/// Metadata of all kinds.
pub static METADATA: Struct = Struct(&[("finalizers", Set), ("ownerReferences", KeyedWhole(&["uid"]))]);
/// A status of which only the conditions are special.
pub static CONDITIONS: Struct = Struct(&[("conditions", Keyed(&["type"], &PLAIN))]);
/// A kind of which only the metadata are special.
static OBJECT: Struct = Struct(&[("metadata", Always(&METADATA))]);
/// A kind with a spec.
static WITH_SPEC: Struct = Struct(&[("metadata", Always(&METADATA)), ("spec", Always(&PLAIN))]);
/// A kind with a spec and a status.
static WITH_STATUS: Struct = Struct(&[("metadata", Always(&METADATA)), ("spec", Always(&PLAIN)), ("status", Always(&PLAIN))]);

/// The struct of a kind.
pub fn of(group: &str, kind: &str) -> &'static Struct {
    match (group, kind) {
        ("", "Pod") => &pods::POD,
        ("", "PodTemplate") => &pods::POD_TEMPLATE,
        ("apps", "Deployment") => &apps::DEPLOYMENT,
        ("apps", "ReplicaSet") => &apps::REPLICA_SET,
        ("apps", "StatefulSet" | "DaemonSet") => &apps::UPDATING_SET,
        ("", "ReplicationController") => &apps::REPLICATION_CONTROLLER,
        ("batch", "Job") => &apps::JOB,
        ("batch", "CronJob") => &apps::CRON_JOB,
        ("autoscaling", "HorizontalPodAutoscaler") => &apps::POD_AUTOSCALER,
        ("policy", "PodDisruptionBudget") => &apps::DISRUPTION_BUDGET,
        ("", "Namespace") => &rest::NAMESPACE,
        ("", "Node") => &rest::NODE,
        ("", "Service") => &rest::SERVICE,
        ("", "ServiceAccount") => &rest::SERVICE_ACCOUNT,
        ("", "Event") => &rest::EVENT,
        ("events.k8s.io", "Event") => &rest::NEW_EVENT,
        ("", "PersistentVolumeClaim") => &rest::VOLUME_CLAIM,
        ("", "PersistentVolume") => &rest::VOLUME,
        ("", "LimitRange") => &rest::LIMIT_RANGE,
        ("", "ResourceQuota") => &rest::RESOURCE_QUOTA,
        ("rbac.authorization.k8s.io", "Role") => &rest::ROLE,
        ("rbac.authorization.k8s.io", "ClusterRole") => &rest::CLUSTER_ROLE,
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => &rest::ROLE_BINDING,
        ("discovery.k8s.io", "EndpointSlice") => &rest::ENDPOINT_SLICE,
        ("networking.k8s.io", "NetworkPolicy") => &rest::NETWORK_POLICY,
        ("networking.k8s.io", "Ingress") => &rest::INGRESS,
        ("apiextensions.k8s.io", "CustomResourceDefinition") => &rest::DEFINITION,
        ("coordination.k8s.io", "Lease") | ("networking.k8s.io", "IngressClass") => &WITH_SPEC,
        ("autoscaling", "Scale") => &WITH_STATUS,
        _ => &OBJECT,
    }
}
