//! The columns of pods and of what makes pods.

use serde_json::Value;

use super::super::table;
use super::{age, code, or_none, path, wide};
use crate::kinds::Column;
use crate::value;

fn list<'a>(object: &'a Value, path: &[&str]) -> impl DoubleEndedIterator<Item = &'a Value> {
    value::at(object, path).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default().iter()
}

fn number(object: &Value, path: &[&str]) -> i64 {
    value::at(object, path).and_then(Value::as_i64).unwrap_or_default()
}

/// Columns of pods.
pub fn pod() -> Vec<Column> {
    vec![
        code("Ready", "string", |pod| {
            let ready = list(pod, &["status", "containerStatuses"]).filter(|status| status["ready"] == Value::Bool(true)).count();
            format!("{ready}/{}", list(pod, &["spec", "containers"]).count()).into()
        }),
        code("Status", "string", |pod| status(pod).into()),
        code("Restarts", "string", |pod| restarts(pod).into()),
        age(),
        wide(code("IP", "string", |pod| or_none(value::text(pod, &["status", "podIP"])))),
        wide(code("Node", "string", |pod| or_none(value::text(pod, &["spec", "nodeName"])))),
        wide(code("Nominated Node", "string", |pod| or_none(value::text(pod, &["status", "nominatedNodeName"])))),
        wide(code("Readiness Gates", "string", |pod| {
            let gates: Vec<&str> = list(pod, &["spec", "readinessGates"]).map(|gate| value::text(gate, &["conditionType"])).collect();
            let holds = |gate: &&&str| {
                list(pod, &["status", "conditions"]).any(|condition| condition["type"] == ***gate && condition["status"] == "True")
            };
            let true_ones = gates.iter().filter(holds).count();
            if gates.is_empty() { "<none>".into() } else { format!("{true_ones}/{}", gates.len()).into() }
        })),
    ]
}

/// How often the containers began again, and when the last did.
fn restarts(pod: &Value) -> String {
    let statuses = || list(pod, &["status", "containerStatuses"]);
    let count: i64 = statuses().map(|status| number(status, &["restartCount"])).sum();
    let last = statuses().map(|status| value::text(status, &["lastState", "terminated", "finishedAt"])).max().unwrap_or_default();
    if count > 0 && !last.is_empty() { format!("{count} ({} ago)", table::age(last)) } else { count.to_string() }
}

/// One word for what a pod is at: the reason of its slowest part.
fn status(pod: &Value) -> String {
    let own = value::text(pod, &["status", "reason"]);
    if !value::meta(pod, "deletionTimestamp").is_empty() {
        return if own == "NodeLost" { "Unknown".into() } else { "Terminating".into() };
    }
    let phase = value::text(pod, &["status", "phase"]);
    let told = if own.is_empty() { phase } else { own };
    if let Some(told) = initialising(pod) {
        return told;
    }
    let mut told = told.to_owned();
    let mut running = false;
    for status in list(pod, &["status", "containerStatuses"]).rev() {
        let waiting = value::text(status, &["state", "waiting", "reason"]);
        let ended = value::at(status, &["state", "terminated"]);
        if !waiting.is_empty() {
            told = waiting.into();
        } else if let Some(ended) = ended {
            told = ending(ended);
        } else if status["ready"] == Value::Bool(true) && value::at(status, &["state", "running"]).is_some() {
            running = true;
        }
    }
    if told == "Completed" && running {
        let ready = list(pod, &["status", "conditions"]).any(|condition| condition["type"] == "Ready" && condition["status"] == "True");
        told = if ready { "Running".into() } else { "NotReady".into() };
    }
    told
}

/// How a container ended.
fn ending(ended: &Value) -> String {
    match (value::text(ended, &["reason"]), number(ended, &["signal"]), number(ended, &["exitCode"])) {
        ("", 0, code) => format!("ExitCode:{code}"),
        ("", signal, _) => format!("Signal:{signal}"),
        (reason, ..) => reason.into(),
    }
}

/// What the first container that is not done says, of those that run before the others.
fn initialising(pod: &Value) -> Option<String> {
    let all = list(pod, &["spec", "initContainers"]).count();
    for (index, status) in list(pod, &["status", "initContainerStatuses"]).enumerate() {
        let ended = value::at(status, &["state", "terminated"]);
        if ended.is_some_and(|ended| number(ended, &["exitCode"]) == 0) || status["started"] == Value::Bool(true) {
            continue;
        }
        let waiting = value::text(status, &["state", "waiting", "reason"]);
        return Some(match ended {
            Some(ended) => format!("Init:{}", ending(ended)),
            None if !matches!(waiting, "" | "PodInitializing") => format!("Init:{waiting}"),
            None => format!("Init:{index}/{all}"),
        });
    }
    None
}

/// The containers of a template, and what selects its pods.
fn template() -> [Column; 3] {
    fn of(object: &Value, member: &str) -> Value {
        let containers = list(object, &["spec", "template", "spec", "containers"]);
        containers.map(|container| value::text(container, &[member])).collect::<Vec<_>>().join(",").into()
    }
    [
        wide(code("Containers", "string", |object| of(object, "name"))),
        wide(code("Images", "string", |object| of(object, "image"))),
        wide(code("Selector", "string", |object| {
            let selector = value::at(object, &["spec", "selector"]).cloned().unwrap_or_default();
            or_none(&crate::write::scale::selector_text(&selector))
        })),
    ]
}

/// Columns of deployments.
pub fn deployment() -> Vec<Column> {
    let mut columns = vec![
        code("Ready", "string", |object| {
            format!("{}/{}", number(object, &["status", "readyReplicas"]), number(object, &["spec", "replicas"])).into()
        }),
        code("Up-to-date", "string", |object| number(object, &["status", "updatedReplicas"]).into()),
        code("Available", "string", |object| number(object, &["status", "availableReplicas"]).into()),
        age(),
    ];
    columns.extend(template());
    columns
}

/// Columns of ReplicaSets.
pub fn replica_set() -> Vec<Column> {
    let mut columns = vec![
        code("Desired", "integer", |object| number(object, &["spec", "replicas"]).into()),
        code("Current", "integer", |object| number(object, &["status", "replicas"]).into()),
        code("Ready", "integer", |object| number(object, &["status", "readyReplicas"]).into()),
        age(),
    ];
    columns.extend(template());
    columns
}

/// Columns of nodes.
pub fn node() -> Vec<Column> {
    fn address(node: &Value, kind: &str) -> Value {
        let found = list(node, &["status", "addresses"]).find(|address| address["type"] == kind);
        or_none(found.map(|found| value::text(found, &["address"])).unwrap_or_default())
    }
    fn unknown(node: &Value, member: &str) -> Value {
        let text = value::text(node, &["status", "nodeInfo", member]);
        if text.is_empty() { "<unknown>".into() } else { text.into() }
    }
    vec![
        code("Status", "string", |node| {
            let ready = list(node, &["status", "conditions"]).find(|condition| condition["type"] == "Ready");
            let told = match ready.map(|ready| value::text(ready, &["status"])) {
                None => "Unknown",
                Some("True") => "Ready",
                Some(_) => "NotReady",
            };
            let cordoned = value::at(node, &["spec", "unschedulable"]) == Some(&Value::Bool(true));
            if cordoned { format!("{told},SchedulingDisabled").into() } else { told.into() }
        }),
        code("Roles", "string", |node| {
            let labels = value::at(node, &["metadata", "labels"]).and_then(Value::as_object);
            let mut roles: Vec<&str> =
                labels.into_iter().flatten().filter_map(|(name, _)| name.strip_prefix("node-role.kubernetes.io/")).collect();
            roles.sort_unstable();
            or_none(&roles.join(","))
        }),
        age(),
        path("Version", "string", ".status.nodeInfo.kubeletVersion"),
        wide(code("Internal-IP", "string", |node| address(node, "InternalIP"))),
        wide(code("External-IP", "string", |node| address(node, "ExternalIP"))),
        wide(code("OS-Image", "string", |node| unknown(node, "osImage"))),
        wide(code("Kernel-Version", "string", |node| unknown(node, "kernelVersion"))),
        wide(code("Container-Runtime", "string", |node| unknown(node, "containerRuntimeVersion"))),
    ]
}
