//! The columns of built-in kinds, as `kubectl get` shows them. Source: k8s.io/kubernetes/pkg/printers/internalversion.

use serde_json::Value;

use super::jsonpath::Path;
use super::table;
use crate::kinds::{Cell, Column};
use crate::value;

fn column(name: &str, kind: &str, cell: Cell) -> Column {
    Column { name: name.into(), kind: kind.into(), format: String::new(), description: String::new(), priority: 0, cell }
}

fn code(name: &str, kind: &str, cell: fn(&Value) -> Value) -> Column {
    column(name, kind, Cell::Code(cell))
}

/// A column that shows what stands at a path of our own, which parses.
fn path(name: &str, kind: &str, path: &str) -> Column {
    match Path::parse(path) {
        Ok(path) => column(name, kind, Cell::Path(path)),
        Err(_) => code(name, kind, |_| Value::Null),
    }
}

fn wide(column: Column) -> Column {
    Column { priority: 1, ..column }
}

/// The age of the object: the last column of most kinds.
pub fn age() -> Column {
    code("Age", "string", |object| table::age(value::meta(object, "creationTimestamp")).into())
}

/// Columns of namespaces.
pub fn namespace() -> Vec<Column> {
    vec![path("Status", "string", ".status.phase"), age()]
}

/// Columns of pods.
pub fn pod() -> Vec<Column> {
    vec![
        code("Ready", "string", |pod| {
            let ready = containers(pod).filter(|status| status["ready"] == Value::Bool(true)).count();
            let all = value::at(pod, &["spec", "containers"]).and_then(Value::as_array).map_or(0, Vec::len);
            format!("{ready}/{all}").into()
        }),
        code("Status", "string", |pod| pod_status(pod).into()),
        code("Restarts", "string", |pod| {
            containers(pod).filter_map(|status| status["restartCount"].as_i64()).sum::<i64>().to_string().into()
        }),
        age(),
        wide(path("IP", "string", ".status.podIP")),
        wide(path("Node", "string", ".spec.nodeName")),
    ]
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    value::at(pod, &["status", "containerStatuses"]).and_then(Value::as_array).into_iter().flatten()
}

fn pod_status(pod: &Value) -> String {
    if !value::meta(pod, "deletionTimestamp").is_empty() {
        return "Terminating".into();
    }
    let reasons =
        containers(pod).flat_map(|status| ["waiting", "terminated"].map(|state| value::text(status, &["state", state, "reason"])));
    let reason = reasons.into_iter().find(|reason| !reason.is_empty());
    let own = value::text(pod, &["status", "reason"]);
    match (reason, own) {
        (Some(reason), _) => reason.into(),
        (None, "") => value::text(pod, &["status", "phase"]).into(),
        (None, own) => own.into(),
    }
}

/// Columns of services.
pub fn service() -> Vec<Column> {
    vec![
        path("Type", "string", ".spec.type"),
        code("Cluster-IP", "string", |service| or_none(value::text(service, &["spec", "clusterIP"]))),
        code("External-IP", "string", |service| or_none(value::text(service, &["spec", "externalName"]))),
        code("Port(s)", "string", |service| {
            let ports = value::at(service, &["spec", "ports"]).and_then(Value::as_array).into_iter().flatten();
            let ports = ports.map(|port| format!("{}/{}", port["port"], value::text(port, &["protocol"])));
            or_none(&ports.collect::<Vec<_>>().join(","))
        }),
        age(),
    ]
}

fn or_none(text: &str) -> Value {
    if text.is_empty() { "<none>".into() } else { text.into() }
}

fn entries(object: &Value, members: &[&str]) -> Value {
    members.iter().filter_map(|member| object.get(member)?.as_object()).map(serde_json::Map::len).sum::<usize>().into()
}

/// Columns of config maps.
pub fn config_map() -> Vec<Column> {
    vec![code("Data", "integer", |object| entries(object, &["data", "binaryData"])), age()]
}

/// Columns of secrets.
pub fn secret() -> Vec<Column> {
    vec![path("Type", "string", ".type"), code("Data", "integer", |object| entries(object, &["data"])), age()]
}

/// Columns of events.
pub fn event() -> Vec<Column> {
    vec![
        code("Last Seen", "string", |event| {
            let times = ["lastTimestamp", "eventTime", "firstTimestamp"].map(|name| value::text(event, &[name]));
            table::age(times.into_iter().find(|time| !time.is_empty()).unwrap_or(value::meta(event, "creationTimestamp"))).into()
        }),
        path("Type", "string", ".type"),
        path("Reason", "string", ".reason"),
        code("Object", "string", |event| {
            let part = |name: &str| value::text(event, &["involvedObject", name]);
            format!("{}/{}", part("kind").to_lowercase(), part("name")).into()
        }),
        path("Message", "string", ".message"),
    ]
}

/// Columns of nodes.
pub fn node() -> Vec<Column> {
    vec![
        code("Status", "string", |node| {
            let conditions = value::at(node, &["status", "conditions"]).and_then(Value::as_array).into_iter().flatten();
            let mut ready = conditions.filter(|condition| condition["type"] == "Ready");
            if ready.any(|condition| condition["status"] == "True") { "Ready".into() } else { "NotReady".into() }
        }),
        path("Version", "string", ".status.nodeInfo.kubeletVersion"),
        age(),
    ]
}

/// Columns of deployments.
pub fn deployment() -> Vec<Column> {
    fn number(object: &Value, path: &[&str]) -> i64 {
        value::at(object, path).and_then(Value::as_i64).unwrap_or_default()
    }
    vec![
        code("Ready", "string", |object| {
            format!("{}/{}", number(object, &["status", "readyReplicas"]), number(object, &["spec", "replicas"])).into()
        }),
        code("Up-to-date", "integer", |object| number(object, &["status", "updatedReplicas"]).into()),
        code("Available", "integer", |object| number(object, &["status", "availableReplicas"]).into()),
        age(),
    ]
}

/// Columns of custom resource definitions.
pub fn definition() -> Vec<Column> {
    vec![path("Created At", "date-time", ".metadata.creationTimestamp")]
}

/// Columns of roles.
pub fn role() -> Vec<Column> {
    vec![path("Created At", "date-time", ".metadata.creationTimestamp")]
}

/// Columns of bindings of roles.
pub fn role_binding() -> Vec<Column> {
    fn subjects(binding: &Value, kind: &str, shown: fn(&Value) -> String) -> Value {
        let subjects = value::at(binding, &["subjects"]).and_then(Value::as_array).into_iter().flatten();
        subjects.filter(|subject| subject["kind"] == kind).map(shown).collect::<Vec<_>>().join(", ").into()
    }
    fn name(subject: &Value) -> String {
        value::text(subject, &["name"]).to_owned()
    }
    vec![
        code("Role", "string", |binding| {
            let part = |name: &str| value::text(binding, &["roleRef", name]);
            format!("{}/{}", part("kind"), part("name")).into()
        }),
        age(),
        wide(code("Users", "string", |binding| subjects(binding, "User", name))),
        wide(code("Groups", "string", |binding| subjects(binding, "Group", name))),
        wide(code("ServiceAccounts", "string", |binding| {
            subjects(binding, "ServiceAccount", |subject| format!("{}/{}", value::text(subject, &["namespace"]), name(subject)))
        })),
    ]
}

/// Columns of requests for certificates.
pub fn certificate_request() -> Vec<Column> {
    vec![
        age(),
        path("SignerName", "string", ".spec.signerName"),
        path("Requestor", "string", ".spec.username"),
        code("RequestedDuration", "string", |request| {
            let seconds = value::at(request, &["spec", "expirationSeconds"]).and_then(Value::as_i64);
            seconds.map_or_else(|| "<none>".into(), |seconds| table::duration(seconds).into())
        }),
        code("Condition", "string", |request| {
            let conditions = value::at(request, &["status", "conditions"]).and_then(Value::as_array).into_iter().flatten();
            let mut told: Vec<&str> = conditions.map(|condition| value::text(condition, &["type"])).collect();
            if told.is_empty() {
                told.push("Pending");
            }
            if !value::text(request, &["status", "certificate"]).is_empty() {
                told.push("Issued");
            }
            told.join(",").into()
        }),
    ]
}
