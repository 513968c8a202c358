//! The cluster roles by which Knative's kinds become part of Kubernetes' `admin`, `edit` and `view`.
//! Source: knative.dev/serving/config/core/200-roles/clusterrole-namespaced.yaml.

use serde_json::{Value, json};

const READ: [&str; 3] = ["get", "list", "watch"];
/// What users look at but do not write: the system derives it.
const INTERNAL: [&str; 3] = ["networking.internal.knative.dev", "autoscaling.internal.knative.dev", "caching.internal.knative.dev"];

/// All of them.
#[must_use]
pub fn cluster_roles() -> Vec<Value> {
    let rule = |groups: &[&str], verbs: &[&str]| json!({"apiGroups": groups, "resources": ["*"], "verbs": verbs});
    let serving = ["serving.knative.dev"];
    vec![
        role("admin", &[rule(&serving, &["*"]), rule(&INTERNAL, &READ)]),
        role("edit", &[rule(&serving, &["create", "update", "patch", "delete"]), rule(&INTERNAL, &READ)]),
        role("view", &[rule(&[&serving[..], &INTERNAL].concat(), &READ)]),
    ]
}

fn role(whole: &str, rules: &[Value]) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {
            "name": format!("knative-serving-namespaced-{whole}"),
            "labels": {format!("rbac.authorization.k8s.io/aggregate-to-{whole}"): "true", "app.kubernetes.io/name": "knative-serving"},
            "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "true"},
        },
        "rules": rules,
    })
}
