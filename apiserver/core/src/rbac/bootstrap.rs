//! The cluster roles and bindings that every cluster has, under Kubernetes' names. Those of parts that do not exist here
//! (kubelet, scheduler, the controllers of the controller manager) are left out.
//! Source: k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go.

use serde_json::{Value, json};

use super::{AUTHENTICATED, GROUP, MASTERS, UNAUTHENTICATED};

const READ: [&str; 3] = ["get", "list", "watch"];
const WRITE: [&str; 5] = ["create", "update", "patch", "delete", "deletecollection"];
const ALL: [&str; 8] = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
const AUTHENTICATION: &str = "authentication.k8s.io";
const AUTHORIZATION: &str = "authorization.k8s.io";
/// Written on what the server brings up to date at every start.
pub const AUTO_UPDATE: &str = "rbac.authorization.kubernetes.io/autoupdate";

fn on(groups: &[&str], verbs: &[&str], resources: &[&str]) -> Value {
    json!({"verbs": verbs, "apiGroups": groups, "resources": resources})
}

fn urls(urls: &[&str]) -> Value {
    json!({"verbs": ["get"], "nonResourceURLs": urls})
}

fn metadata(name: &str) -> Value {
    json!({"name": name, "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}, "annotations": {AUTO_UPDATE: "true"}})
}

fn role(name: &str, rules: &[Value]) -> Value {
    json!({"apiVersion": format!("{GROUP}/v1"), "kind": "ClusterRole", "metadata": metadata(name), "rules": rules})
}

/// The label by which a role becomes part of another.
fn part_of(whole: &str) -> String {
    format!("{GROUP}/aggregate-to-{whole}")
}

fn labelled(mut role: Value, whole: &str) -> Value {
    role["metadata"]["labels"][part_of(whole)] = "true".into();
    role
}

fn aggregated(name: &str) -> Value {
    let mut whole = role(name, &[]);
    whole["aggregationRule"] = json!({"clusterRoleSelectors": [{"matchLabels": {part_of(name): "true"}}]});
    whole
}

/// The ClusterRoles.
pub fn cluster_roles() -> Vec<Value> {
    let health = ["/healthz", "/livez", "/readyz"];
    let version = ["/version", "/version/"];
    let discovery =
        ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version", "/version/"];
    let monitoring = ["/metrics", "/metrics/slis", "/livez", "/readyz", "/healthz", "/livez/*", "/readyz/*", "/healthz/*"];
    let oidc = ["/.well-known/openid-configuration", "/.well-known/openid-configuration/", "/openid/v1/jwks", "/openid/v1/jwks/"];
    let everything = [on(&["*"], &["*"], &["*"]), json!({"verbs": ["*"], "nonResourceURLs": ["*"]})];
    let basic = [
        on(&[AUTHORIZATION], &["create"], &["selfsubjectaccessreviews", "selfsubjectrulesreviews"]),
        on(&[AUTHENTICATION], &["create"], &["selfsubjectreviews"]),
    ];
    let delegator = [on(&[AUTHENTICATION], &["create"], &["tokenreviews"]), on(&[AUTHORIZATION], &["create"], &["subjectaccessreviews"])];
    let admin = [on(&[AUTHORIZATION], &["create"], &["localsubjectaccessreviews"]), on(&[GROUP], &ALL, &["roles", "rolebindings"])];
    vec![
        role("cluster-admin", &everything),
        role("system:discovery", &[urls(&discovery)]),
        role("system:monitoring", &[urls(&monitoring), on(&[""], &["get"], &["nodes/metrics"])]),
        role("system:basic-user", &basic),
        role("system:public-info-viewer", &[urls(&[&health[..], &version].concat())]),
        role("system:auth-delegator", &delegator),
        role("system:service-account-issuer-discovery", &[urls(&oidc)]),
        role("system:certificates.k8s.io:kube-apiserver-client-approver", &[approve("kubernetes.io/kube-apiserver-client")]),
        aggregated("admin"),
        labelled(aggregated("edit"), "admin"),
        labelled(aggregated("view"), "edit"),
        labelled(role("system:aggregate-to-admin", &admin), "admin"),
        labelled(role("system:aggregate-to-edit", &edit()), "edit"),
        labelled(role("system:aggregate-to-view", &view()), "view"),
    ]
}

fn approve(signer: &str) -> Value {
    let mut rule = on(&["certificates.k8s.io"], &["approve"], &["signers"]);
    rule["resourceNames"] = json!([signer]);
    rule
}

fn view() -> Vec<Value> {
    let core = [
        "pods",
        "replicationcontrollers",
        "replicationcontrollers/scale",
        "serviceaccounts",
        "services",
        "services/status",
        "endpoints",
        "persistentvolumeclaims",
        "persistentvolumeclaims/status",
        "configmaps",
    ];
    let about = [
        "limitranges",
        "resourcequotas",
        "bindings",
        "pods/status",
        "resourcequotas/status",
        "namespaces/status",
        "replicationcontrollers/status",
        "pods/log",
    ];
    let apps = [
        "controllerrevisions",
        "statefulsets",
        "statefulsets/status",
        "statefulsets/scale",
        "daemonsets",
        "daemonsets/status",
        "deployments",
        "deployments/status",
        "deployments/scale",
        "replicasets",
        "replicasets/status",
        "replicasets/scale",
    ];
    vec![
        on(&[""], &READ, &core),
        on(&[""], &READ, &about),
        on(&[""], &READ, &["namespaces"]),
        on(&["", "events.k8s.io"], &READ, &["events"]),
        on(&["discovery.k8s.io"], &READ, &["endpointslices"]),
        on(&["apps"], &READ, &apps),
        on(&["autoscaling"], &READ, &["horizontalpodautoscalers", "horizontalpodautoscalers/status"]),
        on(&["batch"], &READ, &["jobs", "cronjobs", "cronjobs/status", "jobs/status"]),
        on(&["policy"], &READ, &["poddisruptionbudgets", "poddisruptionbudgets/status"]),
        on(&["networking.k8s.io"], &READ, &["networkpolicies", "ingresses", "ingresses/status"]),
    ]
}

fn edit() -> Vec<Value> {
    // What would let a viewer become somebody else is for editors only.
    let inside = ["pods/attach", "pods/proxy", "pods/exec", "pods/portforward", "secrets", "services/proxy"];
    let pods = ["pods", "pods/attach", "pods/proxy", "pods/exec", "pods/portforward"];
    let core = [
        "replicationcontrollers",
        "replicationcontrollers/scale",
        "serviceaccounts",
        "services",
        "services/proxy",
        "persistentvolumeclaims",
        "configmaps",
        "secrets",
    ];
    let apps = [
        "statefulsets",
        "statefulsets/scale",
        "daemonsets",
        "deployments",
        "deployments/scale",
        "deployments/rollback",
        "replicasets",
        "replicasets/scale",
    ];
    vec![
        on(&[""], &READ, &inside),
        on(&[""], &["impersonate"], &["serviceaccounts"]),
        on(&[""], &WRITE, &pods),
        on(&[""], &["create"], &["pods/eviction"]),
        on(&[""], &WRITE, &core),
        on(&[""], &["create"], &["serviceaccounts/token"]),
        on(&["", "events.k8s.io"], &WRITE, &["events"]),
        on(&["apps"], &WRITE, &apps),
        on(&["autoscaling"], &WRITE, &["horizontalpodautoscalers"]),
        on(&["batch"], &WRITE, &["jobs", "cronjobs"]),
        on(&["policy"], &WRITE, &["poddisruptionbudgets"]),
        on(&["networking.k8s.io"], &WRITE, &["networkpolicies", "ingresses"]),
        on(&["coordination.k8s.io"], &ALL, &["leases"]),
    ]
}

/// The ClusterRoleBindings. Each is named like its role.
pub fn cluster_role_bindings() -> Vec<Value> {
    let bind = |name: &str, groups: &[&str]| {
        let subjects: Vec<Value> = groups.iter().map(|group| json!({"kind": "Group", "apiGroup": GROUP, "name": group})).collect();
        json!({
            "apiVersion": format!("{GROUP}/v1"), "kind": "ClusterRoleBinding", "metadata": metadata(name),
            "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": name}, "subjects": subjects,
        })
    };
    vec![
        bind("cluster-admin", &[MASTERS]),
        bind("system:monitoring", &["system:monitoring"]),
        bind("system:discovery", &[AUTHENTICATED]),
        bind("system:basic-user", &[AUTHENTICATED]),
        bind("system:public-info-viewer", &[AUTHENTICATED, UNAUTHENTICATED]),
        bind("system:service-account-issuer-discovery", &["system:serviceaccounts"]),
    ]
}
