//! The defaults that Kubernetes writes into objects of users. What controllers in this process write is left as short as it is:
//! they know what they mean, and thousands of such objects are kept. An object is completed when a user makes it, and stays
//! complete when users change it; one that was not is left alone, so that no label grows a new generation.
//! Source: k8s.io/kubernetes/pkg/apis/{core,apps}/v1/defaults.go.

use serde_json::{Value, json};

use super::Kind;
use crate::value::{self, Fields, child, object_mut};

/// Completes a new object, or one that was complete.
pub fn complete(kind: &Kind, old: Option<&Value>, object: &mut Value) {
    let complete: (fn(&mut Fields), &[&str]) = match (kind.group.as_str(), kind.resource.as_str()) {
        ("", "pods") => (pod, &["spec", "schedulerName"]),
        ("apps", "deployments") => (deployment, &["spec", "template", "spec", "schedulerName"]),
        ("apps", "replicasets") => (replica_set, &["spec", "template", "spec", "schedulerName"]),
        ("", "services") => (service, &["spec", "internalTrafficPolicy"]),
        ("events.k8s.io", "events") => (new_event, &["deprecatedSource"]),
        ("", "persistentvolumeclaims") => (claim, &["spec", "volumeMode"]),
        ("", "endpoints") => (endpoints, &[]),
        ("", "configmaps" | "secrets") => (data, &[]),
        ("discovery.k8s.io", "endpointslices") => (ports, &[]),
        _ => return,
    };
    let (complete, mark) = complete;
    if old.is_none_or(|old| value::at(old, mark).is_some()) {
        complete(object_mut(object));
    }
}

/// Puts into an object what Kubernetes decides for its users, or writes although it says nothing: nobody manages that.
pub fn settle(kind: &Kind, old: Option<&Value>, object: &mut Value) {
    let fields = object_mut(object);
    match (kind.group.as_str(), kind.resource.as_str()) {
        ("apps", "deployments") | ("", "resourcequotas") if old.is_none() => set_absent(fields, "status", json!({})),
        ("apps", "replicasets") if old.is_none() => set_absent(fields, "status", json!({"replicas": 0})),
        ("", "services") => {
            if old.is_none() {
                set_absent(fields, "status", json!({"loadBalancer": {}}));
            }
            if old.is_none_or(|old| value::at(old, &["spec", "internalTrafficPolicy"]).is_some()) {
                service_addresses(child(fields, "spec"));
            }
        }
        ("", "events") => {
            set_absent(fields, "eventTime", Value::Null);
            set_absent(fields, "reportingComponent", "".into());
            set_absent(fields, "reportingInstance", "".into());
            set_absent(fields, "source", json!({}));
        }
        ("discovery.k8s.io", "endpointslices") => each(fields, "endpoints").for_each(|one| set_absent(one, "conditions", json!({}))),
        ("rbac.authorization.k8s.io", "roles" | "clusterroles") => set_absent(fields, "rules", Value::Null),
        _ => {}
    }
}

/// The times that conditions have although nobody gave them.
pub fn settle_status(kind: &Kind, object: &mut Value) {
    let times: &[&str] = match (kind.group.as_str(), kind.resource.as_str()) {
        ("apps", "deployments") => &["lastUpdateTime", "lastTransitionTime"],
        ("apps", "replicasets") => &["lastTransitionTime"],
        ("", "pods") => &["lastProbeTime", "lastTransitionTime"],
        ("", "nodes") => &["lastHeartbeatTime", "lastTransitionTime"],
        _ => return,
    };
    let Some(Value::Object(status)) = object.get_mut("status") else { return };
    for condition in each(status, "conditions") {
        times.iter().for_each(|time| set_absent(condition, time, Value::Null));
    }
}

fn set_absent(fields: &mut Fields, name: &str, value: Value) {
    fields.entry(name).or_insert(value);
}

fn set(fields: &mut Fields, name: &str, value: impl Into<Value>) {
    if fields.get(name).is_none_or(|value| value.is_null() || value == "") {
        fields.insert(name.into(), value.into());
    }
}

fn each<'a>(fields: &'a mut Fields, name: &str) -> impl Iterator<Item = &'a mut Fields> {
    fields.get_mut(name).and_then(Value::as_array_mut).into_iter().flatten().map(object_mut)
}

fn pod(object: &mut Fields) {
    let spec = child(object, "spec");
    pod_spec(spec);
    set(spec, "enableServiceLinks", true);
    // Limits are requests, too, if nobody says otherwise.
    for container in each(spec, "containers") {
        let Some(resources) = container.get_mut("resources").and_then(Value::as_object_mut) else { continue };
        let Some(limits) = resources.get("limits").and_then(Value::as_object).cloned() else { continue };
        let requests = child(resources, "requests");
        for (name, quantity) in limits {
            requests.entry(name).or_insert(quantity);
        }
    }
}

fn deployment(object: &mut Fields) {
    let spec = child(object, "spec");
    set(spec, "progressDeadlineSeconds", 600);
    set(spec, "revisionHistoryLimit", 10);
    let strategy = child(spec, "strategy");
    set(strategy, "type", "RollingUpdate");
    if strategy.get("type").is_some_and(|kind| kind == "RollingUpdate") {
        let rolling = child(strategy, "rollingUpdate");
        set(rolling, "maxUnavailable", "25%");
        set(rolling, "maxSurge", "25%");
    }
    replica_set(object);
}

fn replica_set(object: &mut Fields) {
    let spec = child(object, "spec");
    set(spec, "replicas", 1);
    pod_spec(child(child(spec, "template"), "spec"));
}

fn pod_spec(spec: &mut Fields) {
    set(spec, "restartPolicy", "Always");
    set(spec, "terminationGracePeriodSeconds", 30);
    if spec.get("terminationGracePeriodSeconds").and_then(Value::as_i64).is_some_and(|seconds| seconds < 0) {
        // Less than nothing is not at once, but as soon as can be.
        spec.insert("terminationGracePeriodSeconds".into(), 1.into());
    }
    set(spec, "dnsPolicy", "ClusterFirst");
    set(spec, "schedulerName", "default-scheduler");
    set(spec, "securityContext", json!({}));
    let account = spec.get("serviceAccountName").or_else(|| spec.get("serviceAccount")).cloned();
    if let Some(account) = account {
        set(spec, "serviceAccountName", account.clone());
        set(spec, "serviceAccount", account);
    }
    each(spec, "volumes").for_each(volume);
    let host_network = spec.get("hostNetwork") == Some(&Value::Bool(true));
    for containers in ["initContainers", "containers", "ephemeralContainers"] {
        each(spec, containers).for_each(|one| container(one, host_network));
    }
}

fn container(container: &mut Fields, host_network: bool) {
    let image = container.get("image").and_then(Value::as_str).unwrap_or_default();
    let name = image.rsplit('/').next().unwrap_or_default();
    let latest = !image.contains('@') && name.split_once(':').is_none_or(|(_, tag)| tag == "latest");
    set(container, "imagePullPolicy", if latest { "Always" } else { "IfNotPresent" });
    set(container, "resources", json!({}));
    set(container, "terminationMessagePath", "/dev/termination-log");
    set(container, "terminationMessagePolicy", "File");
    for port in each(container, "ports") {
        set(port, "protocol", "TCP");
        if host_network {
            let number = port.get("containerPort").cloned().unwrap_or_default();
            set(port, "hostPort", number);
        }
    }
    for variable in each(container, "env") {
        if let Some(field) = variable.get_mut("valueFrom").and_then(|from| from.get_mut("fieldRef")).and_then(Value::as_object_mut) {
            set(field, "apiVersion", "v1");
        }
    }
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(Value::Object(probe)) = container.get_mut(name) {
            self::probe(probe);
        }
    }
    if let Some(Value::Object(hooks)) = container.get_mut("lifecycle") {
        for hook in hooks.values_mut() {
            http_get(object_mut(hook));
        }
    }
}

fn probe(probe: &mut Fields) {
    for (name, number) in [("timeoutSeconds", 1), ("periodSeconds", 10), ("successThreshold", 1), ("failureThreshold", 3)] {
        if probe.get(name).is_none_or(|value| value == &Value::from(0)) {
            probe.insert(name.into(), number.into());
        }
    }
    http_get(probe);
}

fn http_get(holder: &mut Fields) {
    if let Some(Value::Object(get)) = holder.get_mut("httpGet") {
        set(get, "path", "/");
        set(get, "scheme", "HTTP");
    }
}

fn volume(volume: &mut Fields) {
    if volume.len() == 1 {
        volume.insert("emptyDir".into(), json!({}));
    }
    for source in ["configMap", "secret", "projected", "downwardAPI"] {
        if let Some(Value::Object(source)) = volume.get_mut(source) {
            set(source, "defaultMode", 420);
        }
    }
    if let Some(Value::Object(path)) = volume.get_mut("hostPath") {
        path.entry("type").or_insert_with(|| "".into());
    }
}

fn service(object: &mut Fields) {
    let spec = child(object, "spec");
    set(spec, "type", "ClusterIP");
    set(spec, "sessionAffinity", "None");
    if spec.get("sessionAffinity").is_some_and(|affinity| affinity == "ClientIP") {
        let config = child(child(spec, "sessionAffinityConfig"), "clientIP");
        set(config, "timeoutSeconds", 10800);
    }
    match spec.get("type").and_then(Value::as_str) {
        Some("ExternalName") => {}
        kind => {
            let outside = matches!(kind, Some("NodePort" | "LoadBalancer"));
            set(spec, "internalTrafficPolicy", "Cluster");
            if outside {
                set(spec, "externalTrafficPolicy", "Cluster");
            }
        }
    }
}

/// What the older form always tells.
fn new_event(object: &mut Fields) {
    set(object, "deprecatedSource", json!({}));
    for time in ["deprecatedFirstTimestamp", "deprecatedLastTimestamp"] {
        object.entry(time).or_insert(Value::Null);
    }
}

/// What addresses a Service has. None is given to it: there is no network on which it would be one.
fn service_addresses(spec: &mut Fields) {
    if spec.get("type").is_some_and(|kind| kind == "ExternalName") {
        return;
    }
    set(spec, "ipFamilies", json!(["IPv4"]));
    set(spec, "ipFamilyPolicy", "SingleStack");
    if spec.get("clusterIP").is_some_and(|address| address == "None") {
        set(spec, "clusterIPs", json!(["None"]));
    }
}

/// Data that are there but empty are none.
fn data(object: &mut Fields) {
    object.retain(|name, value| !(matches!(name.as_str(), "data" | "binaryData") && value::is_nothing(Some(value))));
}

fn endpoints(object: &mut Fields) {
    each(object, "subsets").for_each(ports);
}

fn ports(holder: &mut Fields) {
    each(holder, "ports").for_each(|port| set(port, "protocol", "TCP"));
}

fn claim(object: &mut Fields) {
    set(child(object, "spec"), "volumeMode", "Filesystem");
}
