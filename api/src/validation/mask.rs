//! Which fields of a Kubernetes type may be set: everything that is not named here may not, also what a newer
//! Kubernetes adds.
//!
//! This module must not judge values. Source: knative/serving `pkg/apis/serving/fieldmask.go`.

use serde::Serialize;
use serde_json::Value;

use crate::config::Features;
use crate::field_error::FieldErrors;

/// Fields whose zero value means "not set". Of all others only null does.
const PLAIN: &[&str] = &[
    "dnsPolicy",
    "hostIP",
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "hostPort",
    "hostname",
    "nodeName",
    "priorityClassName",
    "restartPolicy",
    "schedulerName",
    "serviceAccount",
    "stdin",
    "stdinOnce",
    "subPathExpr",
    "subdomain",
    "tty",
];

/// Complains about the fields of `value` that are set and not allowed.
pub(super) fn check<T: Serialize>(value: &T, allowed: &[&str]) -> FieldErrors {
    let Ok(Value::Object(fields)) = serde_json::to_value(value) else { return FieldErrors::none() };
    let is_set = |field: &str, value: &Value| match value {
        Value::Null => false,
        Value::Bool(false) => !PLAIN.contains(&field),
        Value::String(text) => !text.is_empty() || !PLAIN.contains(&field),
        Value::Number(number) => number.as_i64() != Some(0) || !PLAIN.contains(&field),
        _ => true,
    };
    let refused: Vec<&str> = fields
        .iter()
        .filter(|(field, value)| !allowed.contains(&field.as_str()) && is_set(field, value))
        .map(|(field, _)| field.as_str())
        .collect();
    if refused.is_empty() { FieldErrors::none() } else { FieldErrors::disallowed(&refused) }
}

/// Fields of a container.
pub(super) const CONTAINER: &[&str] = &[
    "name",
    "args",
    "command",
    "env",
    "workingDir",
    "envFrom",
    "image",
    "imagePullPolicy",
    "livenessProbe",
    "ports",
    "readinessProbe",
    "resources",
    "securityContext",
    "startupProbe",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "volumeMounts",
];
/// Fields of a port.
pub(super) const PORT: &[&str] = &["containerPort", "name", "protocol"];
/// Fields of resource requirements.
pub(super) const RESOURCES: &[&str] = &["limits", "requests"];
/// Fields of a probe.
pub(super) const PROBE: &[&str] = &[
    "exec",
    "httpGet",
    "tcpSocket",
    "grpc",
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
    "terminationGracePeriodSeconds",
];
/// Fields of an HTTP probe.
pub(super) const HTTP_GET: &[&str] = &["host", "path", "scheme", "httpHeaders", "port"];
/// Fields of a TCP probe.
pub(super) const TCP_SOCKET: &[&str] = &["host", "port"];
/// Fields of a gRPC probe.
pub(super) const GRPC: &[&str] = &["port", "service"];
/// Fields of a projected volume's source.
pub(super) const PROJECTION: &[&str] = &["secret", "configMap", "serviceAccountToken", "downwardAPI"];
/// Fields of a projected file.
pub(super) const KEY_TO_PATH: &[&str] = &["key", "path", "mode"];
/// Fields of a projected token.
pub(super) const TOKEN: &[&str] = &["audience", "expirationSeconds", "path"];
/// Fields of a file of the downward API.
pub(super) const DOWNWARD_FILE: &[&str] = &["fieldRef", "resourceFieldRef", "path", "mode"];
/// Fields of a container's security context.
pub(super) const SECURITY_CONTEXT: &[&str] =
    &["capabilities", "readOnlyRootFilesystem", "runAsUser", "runAsGroup", "runAsNonRoot", "allowPrivilegeEscalation", "seccompProfile"];
/// Fields of a pod's security context, where the cluster allows one.
pub(super) const POD_SECURITY_CONTEXT: &[&str] =
    &["runAsUser", "runAsGroup", "runAsNonRoot", "fsGroup", "supplementalGroups", "seccompProfile"];

/// Fields of a pod spec: some always, some where the cluster's features permit them.
pub(super) fn pod_spec(features: &Features) -> Vec<&'static str> {
    let secure = features.secure_pod_defaults.is_permitted();
    let gated = [
        ("affinity", features.podspec_affinity.is_permitted()),
        ("topologySpreadConstraints", features.podspec_topology_spread_constraints.is_permitted()),
        ("hostAliases", features.podspec_host_aliases.is_permitted()),
        ("nodeSelector", features.podspec_node_selector.is_permitted()),
        ("runtimeClassName", features.podspec_runtime_class_name.is_permitted()),
        ("tolerations", features.podspec_tolerations.is_permitted()),
        ("securityContext", features.podspec_security_context.is_permitted() || secure),
        ("shareProcessNamespace", features.podspec_share_process_namespace.is_permitted()),
        ("priorityClassName", features.podspec_priority_class_name.is_permitted()),
        ("schedulerName", features.podspec_scheduler_name.is_permitted()),
        ("initContainers", features.podspec_init_containers.is_permitted()),
        ("dnsPolicy", features.podspec_dns_policy.is_permitted()),
        ("dnsConfig", features.podspec_dns_config.is_permitted()),
        ("hostIPC", features.podspec_host_ipc.is_permitted()),
        ("hostPID", features.podspec_host_pid.is_permitted()),
        ("hostNetwork", features.podspec_host_network.is_permitted()),
    ];
    let always = ["serviceAccountName", "containers", "volumes", "imagePullSecrets", "enableServiceLinks"];
    always.into_iter().chain(permitted(&gated)).collect()
}

/// Fields of a volume, of which its sources are some always, some where the cluster's features permit them.
pub(super) fn volume(features: &Features) -> Vec<&'static str> {
    let gated = [
        ("emptyDir", features.podspec_volumes_empty_dir.is_permitted()),
        ("persistentVolumeClaim", features.podspec_persistent_volume_claim.is_permitted()),
        ("hostPath", features.podspec_volumes_host_path.is_permitted()),
        ("csi", features.podspec_volumes_csi.is_permitted()),
        ("ephemeral", features.podspec_volumes_ephemeral.is_permitted()),
        ("image", features.podspec_volumes_image.is_permitted()),
    ];
    ["name", "secret", "configMap", "projected"].into_iter().chain(permitted(&gated)).collect()
}

/// Fields of a volume mount.
pub(super) fn volume_mount(features: &Features) -> Vec<&'static str> {
    let gated = [("mountPropagation", features.podspec_volumes_mount_propagation.is_permitted())];
    ["name", "readOnly", "mountPath", "subPath"].into_iter().chain(permitted(&gated)).collect()
}

/// Fields of an environment variable's source.
pub(super) fn env_source(features: &Features) -> Vec<&'static str> {
    let field_ref = features.podspec_field_ref.is_permitted();
    let gated = [("fieldRef", field_ref), ("resourceFieldRef", field_ref)];
    ["configMapKeyRef", "secretKeyRef"].into_iter().chain(permitted(&gated)).collect()
}

fn permitted(gated: &[(&'static str, bool)]) -> impl Iterator<Item = &'static str> {
    gated.iter().filter(|(_, permitted)| *permitted).map(|(field, _)| *field)
}
