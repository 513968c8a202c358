//! Pods and what is in them.

use super::Field::{Always, AlwaysKeyed, AlwaysList, Default, Keyed, KeyedWhole, Maybe, Whole};
use super::{METADATA, PLAIN, Struct};

pub static POD: Struct = Struct(&[("metadata", Always(&METADATA)), ("spec", Always(&POD_SPEC)), ("status", Always(&POD_STATUS))]);
pub static POD_TEMPLATE: Struct = Struct(&[("metadata", Always(&METADATA)), ("template", Always(&TEMPLATE))]);
/// `spec.template` of everything that makes pods.
pub static TEMPLATE: Struct = Struct(&[("metadata", Always(&METADATA)), ("spec", Always(&POD_SPEC))]);
/// `spec.resources` and the like.
pub static RESOURCES: Struct = Struct(&[("claims", Keyed(&["name"], &PLAIN))]);
/// A claim for a volume, in its own kind and within pods.
pub static CLAIM_SPEC: Struct = Struct(&[("dataSource", Whole), ("resources", Always(&PLAIN)), ("selector", Whole)]);

static POD_SPEC: Struct = Struct(&[
    ("affinity", Maybe(&AFFINITY)),
    ("containers", AlwaysKeyed(&["name"], &CONTAINER)),
    ("ephemeralContainers", Keyed(&["name"], &CONTAINER)),
    ("hostAliases", Keyed(&["ip"], &PLAIN)),
    ("imagePullSecrets", KeyedWhole(&["name"])),
    ("initContainers", Keyed(&["name"], &CONTAINER)),
    ("nodeSelector", Whole),
    ("resourceClaims", Keyed(&["name"], &PLAIN)),
    ("resources", Maybe(&RESOURCES)),
    ("schedulingGates", Keyed(&["name"], &PLAIN)),
    ("topologySpreadConstraints", Keyed(&["topologyKey", "whenUnsatisfiable"], &SPREAD)),
    ("volumes", Keyed(&["name"], &VOLUME)),
]);
static POD_STATUS: Struct = Struct(&[
    ("conditions", Keyed(&["type"], &PLAIN)),
    ("podIPs", Keyed(&["ip"], &PLAIN)),
    ("resourceClaimStatuses", Keyed(&["name"], &PLAIN)),
    ("resources", Maybe(&RESOURCES)),
]);
static AFFINITY: Struct = Struct(&[("nodeAffinity", Maybe(&NODE_AFFINITY))]);
static NODE_AFFINITY: Struct = Struct(&[("requiredDuringSchedulingIgnoredDuringExecution", Whole)]);
static SPREAD: Struct = Struct(&[("labelSelector", Whole)]);
static CONTAINER: Struct = Struct(&[
    ("env", Keyed(&["name"], &ENV)),
    ("ports", Keyed(&["containerPort", "protocol"], &PORT)),
    ("resources", Always(&RESOURCES)),
    ("volumeDevices", Keyed(&["devicePath"], &PLAIN)),
    ("volumeMounts", Keyed(&["mountPath"], &PLAIN)),
]);
static ENV: Struct = Struct(&[("valueFrom", Maybe(&ENV_SOURCE))]);
static ENV_SOURCE: Struct =
    Struct(&[("configMapKeyRef", Whole), ("fieldRef", Whole), ("fileKeyRef", Whole), ("resourceFieldRef", Whole), ("secretKeyRef", Whole)]);
static PORT: Struct = Struct(&[("protocol", Default("TCP"))]);
static VOLUME: Struct = Struct(&[
    ("cephfs", Maybe(&MONITORED)),
    ("cinder", Maybe(&SECRET_REF)),
    ("csi", Maybe(&CSI)),
    ("ephemeral", Maybe(&EPHEMERAL)),
    ("flexVolume", Maybe(&SECRET_REF)),
    ("iscsi", Maybe(&SECRET_REF)),
    ("rbd", Maybe(&MONITORED)),
    ("scaleIO", Maybe(&SECRET_REF)),
    ("storageos", Maybe(&SECRET_REF)),
]);
static MONITORED: Struct = Struct(&[("monitors", AlwaysList), ("secretRef", Whole)]);
static SECRET_REF: Struct = Struct(&[("secretRef", Whole)]);
static CSI: Struct = Struct(&[("nodePublishSecretRef", Whole)]);
static EPHEMERAL: Struct = Struct(&[("volumeClaimTemplate", Maybe(&CLAIM_TEMPLATE))]);
static CLAIM_TEMPLATE: Struct = Struct(&[("metadata", Always(&METADATA)), ("spec", Always(&CLAIM_SPEC))]);
