//! The columns of built-in kinds, as `kubectl get` shows them. Source: k8s.io/kubernetes/pkg/printers/internalversion.

mod more;
mod workload;

use serde_json::Value;

use super::jsonpath::Path;
use super::table;
use crate::kinds::{Cell, Column};
use crate::value;

pub use more::{claim, endpoint_slice, endpoints, event, lease, limit_range, quota, service, service_account};
pub use workload::{deployment, node, pod, replica_set};

fn column(name: &str, kind: &str, cell: Cell) -> Column {
    Column { name: name.into(), kind: kind.into(), format: String::new(), description: String::new(), priority: 0, cell }
}

fn code(name: &str, kind: &str, cell: fn(&Value) -> Value) -> Column {
    column(name, kind, Cell::Code(cell))
}

/// A column that shows the text at a path of our own, which parses.
fn path(name: &str, kind: &str, path: &str) -> Column {
    match Path::parse(path) {
        Ok(path) => column(name, kind, Cell::Text(path)),
        Err(_) => code(name, kind, |_| Value::Null),
    }
}

/// When the object was made: the one column of kinds for which Kubernetes has no columns of their own.
fn created_at() -> Vec<Column> {
    vec![path("Created At", "date", ".metadata.creationTimestamp")]
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

fn or_none(text: &str) -> Value {
    if text.is_empty() { "<none>".into() } else { text.into() }
}

fn entries(object: &Value, members: &[&str]) -> Value {
    members.iter().filter_map(|member| object.get(member)?.as_object()).map(serde_json::Map::len).sum::<usize>().into()
}

/// Columns of config maps.
pub fn config_map() -> Vec<Column> {
    vec![code("Data", "string", |object| entries(object, &["data", "binaryData"])), age()]
}

/// Columns of the scale subresource.
pub fn scale() -> Vec<Column> {
    vec![path("Desired", "integer", ".spec.replicas"), path("Available", "integer", ".status.replicas"), age()]
}

/// Columns of secrets.
pub fn secret() -> Vec<Column> {
    vec![path("Type", "string", ".type"), code("Data", "string", |object| entries(object, &["data"])), age()]
}

/// Columns of custom resource definitions.
pub fn definition() -> Vec<Column> {
    created_at()
}

/// Columns of roles.
pub fn role() -> Vec<Column> {
    created_at()
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
        code("SignerName", "string", |request| or_none(value::text(request, &["spec", "signerName"]))),
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
