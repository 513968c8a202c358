//! The schema of a Revision's spec, by hand: the fields that may be set, and those that a cluster may switch on as
//! objects that are kept whole.
//!
//! This module must not judge values; admission does. Source: knative/serving `config/core/300-resources`.

use serde_json::{Map, Value, json};

/// `spec` of a Revision and of its template.
pub(super) fn revision_spec() -> Value {
    let always = [
        ("automountServiceAccountToken", boolean("Whether a token is mounted; may only be false.")),
        ("containerConcurrency", int64("Hard cap of requests in flight per pod; 0 is unlimited.")),
        ("containers", list("The containers; one of them answers requests.", container())),
        ("enableServiceLinks", boolean("Whether the environment names other services.")),
        ("idleTimeoutSeconds", int64("Longest gap between writes of the answer, seconds; 0 or unset is none.")),
        (
            "imagePullSecrets",
            map_list("Secrets to pull images with.", &["name"], atomic(required(object("", &[("name", name())]), &["name"]))),
        ),
        ("responseStartTimeoutSeconds", int64("Longest wait for the first byte of the answer, seconds; 0 or unset is none.")),
        ("serviceAccountName", string("The account that the pod runs as.")),
        ("timeoutSeconds", int64("Longest whole request, seconds.")),
        ("volumes", map_list("Volumes that containers can mount.", &["name"], required(volume(), &["name"]))),
    ];
    let gated = [
        ("affinity", whole()),
        ("dnsConfig", whole()),
        ("dnsPolicy", string("")),
        ("hostAliases", list("", whole())),
        ("hostIPC", boolean("")),
        ("hostNetwork", boolean("")),
        ("hostPID", boolean("")),
        ("initContainers", list("", whole())),
        ("nodeSelector", atomic(text_map(""))),
        ("priorityClassName", string("")),
        ("runtimeClassName", string("")),
        ("schedulerName", string("")),
        ("securityContext", whole()),
        ("shareProcessNamespace", boolean("")),
        ("tolerations", list("", whole())),
        ("topologySpreadConstraints", list("", whole())),
    ];
    let gated = gated.map(|(field, schema)| (field, described(schema, "Only where config-features allows it.")));
    let fields: Vec<(&str, Value)> = always.into_iter().chain(gated).collect();
    required(object("What the Revision runs: a pod and four limits.", &fields), &["containers"])
}

/// `metadata` of a template.
pub(super) fn template_metadata() -> Value {
    let mut schema = object(
        "Name (bring your own), labels and annotations of the Revision.",
        &[
            ("annotations", text_map("")),
            ("finalizers", list("", string(""))),
            ("labels", text_map("")),
            ("name", string("")),
            ("namespace", string("")),
        ],
    );
    schema["x-kubernetes-preserve-unknown-fields"] = Value::Bool(true);
    schema
}

/// Kubernetes' own default: the protocol of a port.
pub(super) fn is_kubernetes_default(default: &Value) -> bool {
    default == "TCP"
}

fn container() -> Value {
    let env = object("", &[("name", string("")), ("value", string("")), ("valueFrom", env_source())]);
    let mount = [
        ("mountPath", string("Absolute path in the container.")),
        ("mountPropagation", string("Only where config-features allows it.")),
        ("name", string("The volume.")),
        ("readOnly", boolean("")),
        ("subPath", string("A part of the volume.")),
    ];
    object(
        "",
        &[
            ("args", list("Arguments of the command.", string(""))),
            ("command", list("The command, instead of the image's own.", string(""))),
            ("env", map_list("The environment.", &["name"], required(env, &["name"]))),
            ("envFrom", list("The environment, from whole ConfigMaps and Secrets.", env_from())),
            ("image", string("The image.")),
            ("imagePullPolicy", string("")),
            ("livenessProbe", probe("Tells whether the container must be restarted.")),
            ("name", string("Unique in the pod.")),
            ("ports", list("The port that requests go to; at most one in the whole pod.", port())),
            ("readinessProbe", probe("Tells whether requests may come.")),
            ("resources", object("", &[("limits", amounts()), ("requests", amounts())])),
            ("securityContext", security_context()),
            ("startupProbe", probe("Tells whether the container has started.")),
            ("terminationMessagePath", string("")),
            ("terminationMessagePolicy", string("")),
            ("volumeMounts", map_list("", &["mountPath"], required(object("", &mount), &["mountPath", "name"]))),
            ("workingDir", string("")),
        ],
    )
}

fn port() -> Value {
    let mut protocol = string("TCP.");
    protocol["default"] = json!("TCP");
    object("", &[("containerPort", int32("0 to 65535.")), ("name", string("h2c, http1 or nothing.")), ("protocol", protocol)])
}

fn probe(description: &str) -> Value {
    let header = required(object("", &[("name", string("")), ("value", string(""))]), &["name", "value"]);
    object(
        description,
        &[
            ("exec", object("", &[("command", list("", string("")))])),
            ("failureThreshold", int32("")),
            ("grpc", object("", &[("port", int32("")), ("service", string(""))])),
            (
                "httpGet",
                object(
                    "",
                    &[
                        ("host", string("")),
                        ("httpHeaders", list("", header)),
                        ("path", string("")),
                        ("port", int_or_string()),
                        ("scheme", string("")),
                    ],
                ),
            ),
            ("initialDelaySeconds", int32("")),
            ("periodSeconds", int32("")),
            ("successThreshold", int32("")),
            ("tcpSocket", object("", &[("host", string("")), ("port", int_or_string())])),
            ("timeoutSeconds", int32("")),
        ],
    )
}

fn security_context() -> Value {
    let profile = object("", &[("localhostProfile", string("")), ("type", string(""))]);
    object(
        "",
        &[
            ("allowPrivilegeEscalation", boolean("")),
            ("capabilities", object("", &[("add", list("", string(""))), ("drop", list("", string("")))])),
            ("privileged", boolean("May only be false.")),
            ("readOnlyRootFilesystem", boolean("")),
            ("runAsGroup", int64("")),
            ("runAsNonRoot", boolean("")),
            ("runAsUser", int64("")),
            ("seccompProfile", required(profile, &["type"])),
        ],
    )
}

fn env_source() -> Value {
    let key = || atomic(required(object("", &[("key", string("")), ("name", name()), ("optional", boolean(""))]), &["key"]));
    let gated = || described(atomic(whole()), "Only where config-features allows it.");
    object("", &[("configMapKeyRef", key()), ("fieldRef", gated()), ("resourceFieldRef", gated()), ("secretKeyRef", key())])
}

fn env_from() -> Value {
    let source = || atomic(object("", &[("name", name()), ("optional", boolean(""))]));
    object("", &[("configMapRef", source()), ("prefix", string("")), ("secretRef", source())])
}

fn volume() -> Value {
    let gated = || described(whole(), "Only where config-features allows it.");
    let projected = object("", &[("defaultMode", int32("")), ("sources", list("", projection()))]);
    let config_map = [("defaultMode", int32("")), ("items", files()), ("name", name()), ("optional", boolean(""))];
    let secret = [("defaultMode", int32("")), ("items", files()), ("optional", boolean("")), ("secretName", string(""))];
    object(
        "",
        &[
            ("configMap", atomic(object("", &config_map))),
            ("csi", gated()),
            ("emptyDir", gated()),
            ("ephemeral", gated()),
            ("hostPath", gated()),
            ("image", gated()),
            ("name", string("Unique in the pod.")),
            ("persistentVolumeClaim", gated()),
            ("projected", projected),
            ("secret", object("", &secret)),
        ],
    )
}

fn projection() -> Value {
    let named = || atomic(object("", &[("items", files()), ("name", name()), ("optional", boolean(""))]));
    let field = atomic(required(object("", &[("apiVersion", string("")), ("fieldPath", string(""))]), &["fieldPath"]));
    let resource = [("containerName", string("")), ("divisor", int_or_string()), ("resource", string(""))];
    let resource = atomic(required(object("", &resource), &["resource"]));
    let file = [("fieldRef", field), ("mode", int32("")), ("path", string("")), ("resourceFieldRef", resource)];
    let token = [("audience", string("")), ("expirationSeconds", int64("")), ("path", string(""))];
    object(
        "",
        &[
            ("configMap", named()),
            ("downwardAPI", object("", &[("items", list("", required(object("", &file), &["path"])))])),
            ("secret", named()),
            ("serviceAccountToken", required(object("", &token), &["path"])),
        ],
    )
}

/// Keys of a ConfigMap or Secret as files.
fn files() -> Value {
    let file = object("", &[("key", string("")), ("mode", int32("")), ("path", string(""))]);
    list("", required(file, &["key", "path"]))
}

fn amounts() -> Value {
    json!({"type": "object", "additionalProperties": int_or_string()})
}

fn name() -> Value {
    string("")
}

fn object(description: &str, fields: &[(&str, Value)]) -> Value {
    let properties: Map<String, Value> = fields.iter().map(|(field, schema)| ((*field).to_owned(), schema.clone())).collect();
    described(json!({"type": "object", "properties": properties}), description)
}

/// An object whose fields the schema does not know, kept as it is.
fn whole() -> Value {
    json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}

fn list(description: &str, items: Value) -> Value {
    described(json!({"type": "array", "items": items}), description)
}

/// A list whose elements are told apart by these fields.
fn map_list(description: &str, keys: &[&str], items: Value) -> Value {
    let mut schema = list(description, items);
    schema["x-kubernetes-list-type"] = json!("map");
    schema["x-kubernetes-list-map-keys"] = json!(keys);
    schema
}

fn text_map(description: &str) -> Value {
    described(json!({"type": "object", "additionalProperties": {"type": "string"}}), description)
}

fn string(description: &str) -> Value {
    described(json!({"type": "string"}), description)
}

fn boolean(description: &str) -> Value {
    described(json!({"type": "boolean"}), description)
}

fn int32(description: &str) -> Value {
    described(json!({"type": "integer", "format": "int32"}), description)
}

fn int64(description: &str) -> Value {
    described(json!({"type": "integer", "format": "int64"}), description)
}

fn int_or_string() -> Value {
    json!({"x-kubernetes-int-or-string": true})
}

fn required(mut schema: Value, fields: &[&str]) -> Value {
    schema["required"] = json!(fields);
    schema
}

fn atomic(mut schema: Value) -> Value {
    schema["x-kubernetes-map-type"] = json!("atomic");
    schema
}

fn described(mut schema: Value, description: &str) -> Value {
    if !description.is_empty() {
        schema["description"] = json!(description);
    }
    schema
}
