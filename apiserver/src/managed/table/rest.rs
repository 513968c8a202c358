//! Kinds without pods in them.

use super::Field::{Always, AlwaysList, AlwaysWhole, Default, Keyed, KeyedWhole, Maybe, Set, Whole};
use super::pods::CLAIM_SPEC;
use super::{CONDITIONS, METADATA, PLAIN, Struct};

pub static NAMESPACE: Struct = Struct(&[("metadata", Always(&METADATA)), ("spec", Always(&PLAIN)), ("status", Always(&CONDITIONS))]);

pub static NODE: Struct = Struct(&[("metadata", Always(&METADATA)), ("spec", Always(&NODE_SPEC)), ("status", Always(&NODE_STATUS))]);
static NODE_SPEC: Struct = Struct(&[("podCIDRs", Set)]);
static NODE_STATUS: Struct = Struct(&[
    ("addresses", Keyed(&["type"], &PLAIN)),
    ("conditions", Keyed(&["type"], &PLAIN)),
    ("daemonEndpoints", Always(&DAEMON_ENDPOINTS)),
    ("nodeInfo", Always(&PLAIN)),
]);
static DAEMON_ENDPOINTS: Struct = Struct(&[("kubeletEndpoint", Always(&PLAIN))]);

pub static SERVICE: Struct =
    Struct(&[("metadata", Always(&METADATA)), ("spec", Always(&SERVICE_SPEC)), ("status", Always(&SERVICE_STATUS))]);
static SERVICE_SPEC: Struct = Struct(&[("ports", Keyed(&["port", "protocol"], &SERVICE_PORT)), ("selector", Whole)]);
static SERVICE_PORT: Struct = Struct(&[("protocol", Default("TCP"))]);
static SERVICE_STATUS: Struct = Struct(&[("conditions", Keyed(&["type"], &PLAIN)), ("loadBalancer", Always(&PLAIN))]);

pub static SERVICE_ACCOUNT: Struct = Struct(&[("metadata", Always(&METADATA)), ("secrets", KeyedWhole(&["name"]))]);

pub static EVENT: Struct =
    Struct(&[("involvedObject", AlwaysWhole), ("metadata", Always(&METADATA)), ("related", Whole), ("source", Always(&PLAIN))]);
pub static NEW_EVENT: Struct =
    Struct(&[("deprecatedSource", Always(&PLAIN)), ("metadata", Always(&METADATA)), ("regarding", AlwaysWhole), ("related", Whole)]);

pub static VOLUME_CLAIM: Struct =
    Struct(&[("metadata", Always(&METADATA)), ("spec", Always(&CLAIM_SPEC)), ("status", Always(&CONDITIONS))]);
pub static VOLUME: Struct = Struct(&[("metadata", Always(&METADATA)), ("spec", Always(&VOLUME_SPEC)), ("status", Always(&PLAIN))]);
static VOLUME_SPEC: Struct = Struct(&[("claimRef", Whole), ("csi", Maybe(&CSI)), ("nodeAffinity", Maybe(&NODE_AFFINITY))]);
static CSI: Struct = Struct(&[
    ("controllerExpandSecretRef", Whole),
    ("controllerPublishSecretRef", Whole),
    ("nodeExpandSecretRef", Whole),
    ("nodePublishSecretRef", Whole),
    ("nodeStageSecretRef", Whole),
]);
static NODE_AFFINITY: Struct = Struct(&[("required", Whole)]);

pub static LIMIT_RANGE: Struct = Struct(&[("metadata", Always(&METADATA)), ("spec", Always(&LIMITS))]);
static LIMITS: Struct = Struct(&[("limits", AlwaysList)]);
pub static RESOURCE_QUOTA: Struct = Struct(&[("metadata", Always(&METADATA)), ("spec", Always(&QUOTA_SPEC)), ("status", Always(&PLAIN))]);
static QUOTA_SPEC: Struct = Struct(&[("scopeSelector", Whole)]);

pub static ROLE: Struct = Struct(&[("metadata", Always(&METADATA)), ("rules", AlwaysList)]);
pub static CLUSTER_ROLE: Struct = Struct(&[("aggregationRule", Maybe(&PLAIN)), ("metadata", Always(&METADATA)), ("rules", AlwaysList)]);
pub static ROLE_BINDING: Struct = Struct(&[("metadata", Always(&METADATA)), ("roleRef", AlwaysWhole)]);

pub static ENDPOINT_SLICE: Struct = Struct(&[("endpoints", AlwaysList), ("metadata", Always(&METADATA)), ("ports", AlwaysList)]);

pub static NETWORK_POLICY: Struct = Struct(&[("metadata", Always(&METADATA)), ("spec", Always(&NETWORK_POLICY_SPEC))]);
static NETWORK_POLICY_SPEC: Struct = Struct(&[("podSelector", AlwaysWhole)]);
pub static INGRESS: Struct =
    Struct(&[("metadata", Always(&METADATA)), ("spec", Always(&INGRESS_SPEC)), ("status", Always(&INGRESS_STATUS))]);
static INGRESS_SPEC: Struct = Struct(&[("defaultBackend", Maybe(&BACKEND))]);
static INGRESS_STATUS: Struct = Struct(&[("loadBalancer", Always(&PLAIN))]);
static BACKEND: Struct = Struct(&[("resource", Whole), ("service", Maybe(&SERVICE_BACKEND))]);
static SERVICE_BACKEND: Struct = Struct(&[("port", AlwaysWhole)]);

pub static DEFINITION: Struct =
    Struct(&[("metadata", Always(&METADATA)), ("spec", Always(&DEFINITION_SPEC)), ("status", Always(&DEFINITION_STATUS))]);
static DEFINITION_SPEC: Struct = Struct(&[("names", Always(&PLAIN)), ("versions", AlwaysList)]);
static DEFINITION_STATUS: Struct = Struct(&[("acceptedNames", Always(&PLAIN)), ("conditions", Keyed(&["type"], &PLAIN))]);
