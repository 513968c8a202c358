//! Who may do what, as clients meet it.

use ::http::Method;
use serde_json::{Value, json};

use super::{Answer, Fixture, open, send_as};
use crate::User;

const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

/// Somebody, whose rights are the objects that tests make.
fn somebody(name: &str) -> User {
    User::new(name, ["team", "system:authenticated"])
}

async fn ask(fixture: &Fixture, name: &str, method: Method, path: &str, body: &Value) -> Answer {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    send_as(&fixture.server, somebody(name), method, path, &[], body).await
}

async fn status(fixture: &Fixture, name: &str, method: Method, path: &str) -> u16 {
    ask(fixture, name, method, path, &json!({"metadata": {"name": "x"}})).await.status.as_u16()
}

fn subject(name: &str) -> Value {
    json!([{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": name}])
}

async fn bind(fixture: &Fixture, namespace: &str, role: &str, name: &str) {
    let body = json!({"metadata": {"name": format!("{role}-{name}")}, "roleRef": {"kind": "ClusterRole", "name": role}, "subjects": subject(name)});
    let path =
        if namespace.is_empty() { format!("{RBAC}/clusterrolebindings") } else { format!("{RBAC}/namespaces/{namespace}/rolebindings") };
    let made = fixture.post(&path, &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
}

#[tokio::test]
async fn who_has_no_role_may_do_nothing() {
    let fixture = open();
    let refused = ask(&fixture, "eve", Method::GET, "/api/v1/namespaces/default/configmaps", &Value::Null).await;
    let message =
        "configmaps is forbidden: User \"eve\" cannot list resource \"configmaps\" in API group \"\" in the namespace \"default\"";
    let wanted = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
        "reason": "Forbidden", "details": {"kind": "configmaps"}, "code": 403});
    assert_eq!(refused.json(), wanted);
    let cases = [
        (
            Method::GET,
            "/api/v1/nodes/n",
            "nodes \"n\" is forbidden: User \"eve\" cannot get resource \"nodes\" in API group \"\" at the cluster scope",
        ),
        (
            Method::GET,
            "/api/v1/namespaces/default",
            "namespaces \"default\" is forbidden: User \"eve\" cannot get resource \"namespaces\" in API group \"\" in the namespace \"default\"",
        ),
        (
            Method::DELETE,
            "/apis/apps/v1/namespaces/a/deployments",
            "deployments.apps is forbidden: User \"eve\" cannot deletecollection resource \"deployments\" in API group \"apps\" in the namespace \"a\"",
        ),
        (
            Method::GET,
            "/apis/apps/v1/namespaces/a/deployments/d/scale",
            "deployments.apps \"d\" is forbidden: User \"eve\" cannot get resource \"deployments/scale\" in API group \"apps\" in the namespace \"a\"",
        ),
        (
            Method::GET,
            "/api/v1/pods?watch=true",
            "pods is forbidden: User \"eve\" cannot watch resource \"pods\" in API group \"\" at the cluster scope",
        ),
        (
            Method::GET,
            "/apis/no.such/v1/things",
            "things.no.such is forbidden: User \"eve\" cannot list resource \"things\" in API group \"no.such\" at the cluster scope",
        ),
        (Method::GET, "/metrics", "forbidden: User \"eve\" cannot get path \"/metrics\""),
    ];
    for (method, path, message) in cases {
        let refused = ask(&fixture, "eve", method, path, &Value::Null).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["message"]), (403, &json!(message)), "{path}");
    }
    // What everybody who is known may see.
    for path in ["/api", "/api/v1", "/apis", "/apis/apps/v1", "/version", "/healthz", "/openapi/v3"] {
        assert_eq!(status(&fixture, "eve", Method::GET, path).await, 200, "{path}");
    }
}

#[tokio::test]
async fn roles_open_what_they_say_and_where() {
    let fixture = open();
    fixture.post("/api/v1/namespaces", &json!({"metadata": {"name": "a"}})).await;
    bind(&fixture, "a", "edit", "bob").await;
    bind(&fixture, "", "view", "ann").await;
    let maps = |namespace: &str| format!("/api/v1/namespaces/{namespace}/configmaps");
    assert_eq!(status(&fixture, "bob", Method::POST, &maps("a")).await, 201);
    assert_eq!(status(&fixture, "bob", Method::POST, &maps("default")).await, 403);
    assert_eq!(status(&fixture, "bob", Method::GET, "/api/v1/configmaps").await, 403);
    assert_eq!(status(&fixture, "bob", Method::GET, "/api/v1/namespaces/a").await, 200);
    assert_eq!(status(&fixture, "ann", Method::GET, "/api/v1/configmaps").await, 200);
    assert_eq!(status(&fixture, "ann", Method::GET, "/api/v1/secrets").await, 403);
    assert_eq!(status(&fixture, "ann", Method::DELETE, &format!("{}/x", maps("a"))).await, 403);
    // What is taken away is gone at once.
    fixture.delete(&format!("{RBAC}/clusterrolebindings/view-ann")).await;
    assert_eq!(status(&fixture, "ann", Method::GET, "/api/v1/configmaps").await, 403);
}

#[tokio::test]
async fn cluster_roles_follow_those_that_they_are_made_of() {
    let fixture = open();
    let server = fixture.server.clone();
    let running = tokio::spawn(server.run(ebb_plumbing::CancellationToken::new()));
    let rules = json!([{"verbs": ["get"], "apiGroups": ["test.dev"], "resources": ["widgets"]}]);
    let labels = json!({"rbac.authorization.k8s.io/aggregate-to-view": "true"});
    fixture.post(&format!("{RBAC}/clusterroles"), &json!({"metadata": {"name": "widgets", "labels": labels}, "rules": rules})).await;
    let until = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    for role in ["view", "edit", "admin"] {
        loop {
            let found = fixture.get(&format!("{RBAC}/clusterroles/{role}")).await.json();
            if found["rules"].as_array().unwrap().contains(&rules[0]) {
                break;
            }
            assert!(tokio::time::Instant::now() < until, "{role} did not follow: {found}");
            tokio::task::yield_now().await;
        }
    }
    running.abort();
}

#[tokio::test]
async fn nobody_gives_what_he_does_not_have() {
    let fixture = open();
    bind(&fixture, "default", "admin", "adam").await;
    let roles = format!("{RBAC}/namespaces/default/roles");
    let bindings = format!("{RBAC}/namespaces/default/rolebindings");
    let role = |name: &str, resource: &str| json!({"metadata": {"name": name}, "rules": [{"verbs": ["get"], "apiGroups": [""], "resources": [resource]}]});
    assert_eq!(ask(&fixture, "adam", Method::POST, &roles, &role("mine", "pods")).await.status, 201);
    let refused = ask(&fixture, "adam", Method::POST, &roles, &role("theirs", "nodes")).await;
    let told = "roles.rbac.authorization.k8s.io \"theirs\" is forbidden: user \"adam\" (groups=[\"team\" \"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"\"], Resources:[\"nodes\"], Verbs:[\"get\"]}";
    assert_eq!((refused.status.as_u16(), &refused.json()["message"]), (403, &json!(told)));
    let binding =
        |role: &str| json!({"metadata": {"name": "b"}, "roleRef": {"kind": "ClusterRole", "name": role}, "subjects": subject("eve")});
    assert_eq!(ask(&fixture, "adam", Method::POST, &bindings, &binding("cluster-admin")).await.status, 403);
    assert_eq!(ask(&fixture, "adam", Method::POST, &bindings, &binding("no-such")).await.status, 404);
    assert_eq!(ask(&fixture, "adam", Method::POST, &bindings, &binding("edit")).await.status, 201);
    // Not even by a change of a role that one has made.
    let grown = role("mine", "nodes").to_string();
    let patch = send_as(
        &fixture.server,
        somebody("adam"),
        Method::PATCH,
        &format!("{roles}/mine"),
        &[("content-type", "application/merge-patch+json")],
        grown,
    )
    .await;
    assert_eq!(patch.status, 403, "{}", patch.text);
    // Who may bind a role may give it without having it.
    let rules = json!([{"verbs": ["bind"], "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["clusterroles"], "resourceNames": ["cluster-admin"]}]);
    fixture.post(&roles, &json!({"metadata": {"name": "binder"}, "rules": rules})).await;
    let own = json!({"metadata": {"name": "binder"}, "roleRef": {"kind": "Role", "name": "binder"}, "subjects": subject("adam")});
    fixture.post(&bindings, &own).await;
    let mut second = binding("cluster-admin");
    second["metadata"]["name"] = json!("c");
    let made = ask(&fixture, "adam", Method::POST, &bindings, &second).await;
    assert_eq!(made.status, 201, "{}", made.text);
}

#[tokio::test]
async fn faults_in_roles_and_bindings_are_told() {
    let fixture = open();
    let cases = [
        (
            "clusterroles",
            json!({"rules": [{"apiGroups": [""], "resources": ["pods"]}]}),
            "rules[0].verbs: Required value: verbs must contain at least one value",
        ),
        (
            "clusterroles",
            json!({"rules": [{"verbs": ["get"]}]}),
            "[rules[0].apiGroups: Required value: resource rules must supply at least one api group, rules[0].resources: Required value: resource rules must supply at least one resource]",
        ),
        (
            "namespaces/default/roles",
            json!({"rules": [{"verbs": ["get"], "nonResourceURLs": ["/x"]}]}),
            "rules[0].nonResourceURLs: Invalid value: [\"/x\"]: namespaced rules cannot apply to non-resource URLs",
        ),
        (
            "clusterroles",
            json!({"aggregationRule": {}, "rules": []}),
            "aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil",
        ),
        (
            "clusterrolebindings",
            json!({"roleRef": {"kind": "Role", "name": "x"}}),
            "roleRef.kind: Unsupported value: \"Role\": supported values: \"ClusterRole\"",
        ),
        (
            "clusterrolebindings",
            json!({"roleRef": {"kind": "ClusterRole", "name": "x"}, "subjects": [{"kind": "ServiceAccount", "name": "s"}]}),
            "subjects[0].namespace: Required value",
        ),
        (
            "clusterrolebindings",
            json!({"roleRef": {"kind": "ClusterRole", "name": "x"}, "subjects": [{"kind": "Robot", "name": "s"}]}),
            "subjects[0].kind: Unsupported value: \"Robot\": supported values: \"ServiceAccount\", \"User\", \"Group\"",
        ),
    ];
    for (path, mut body, wanted) in cases {
        body["metadata"] = json!({"name": "x"});
        let answer = fixture.post(&format!("{RBAC}/{path}"), &body).await;
        assert_eq!(answer.status, 422, "{}", answer.text);
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(message.ends_with(&format!(" \"x\" is invalid: {wanted}")), "{message}");
    }
    bind(&fixture, "", "view", "ann").await;
    let changed = fixture.patch(&format!("{RBAC}/clusterrolebindings/view-ann"), "merge", &json!({"roleRef": {"name": "edit"}})).await;
    let told = "roleRef: Invalid value: {\"APIGroup\":\"rbac.authorization.k8s.io\",\"Kind\":\"ClusterRole\",\"Name\":\"edit\"}: cannot change roleRef";
    assert!(changed.status == 422 && changed.json()["message"].as_str().unwrap().ends_with(told), "{}", changed.text);
}

async fn as_alice(fixture: &Fixture, user: User, headers: &[(&str, &str)]) -> Answer {
    let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    send_as(&fixture.server, user, Method::POST, path, headers, "{}").await
}

#[tokio::test]
async fn who_may_impersonate_may_speak_for_others() {
    let fixture = open();
    let headers = [("impersonate-user", "joe"), ("impersonate-group", "devs"), ("impersonate-uid", "7"), ("impersonate-extra-a%2fb", "c")];
    let answer = as_alice(&fixture, super::person(), &headers).await;
    let wanted = json!({"username": "joe", "uid": "7", "groups": ["devs", "system:authenticated"], "extra": {"a/b": ["c"]}});
    assert_eq!(answer.json()["status"]["userInfo"], wanted, "{}", answer.text);
    let robot = as_alice(&fixture, super::person(), &[("impersonate-user", "system:serviceaccount:a:robot")]).await;
    let groups = json!(["system:serviceaccounts", "system:serviceaccounts:a", "system:authenticated"]);
    assert_eq!(robot.json()["status"]["userInfo"]["groups"], groups);
    let refused = as_alice(&fixture, somebody("eve"), &[("impersonate-user", "joe")]).await;
    let told = "users \"joe\" is forbidden: User \"eve\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope";
    assert_eq!((refused.status.as_u16(), &refused.json()["message"]), (403, &json!(told)));
    let headless = as_alice(&fixture, super::person(), &[("impersonate-group", "devs")]).await;
    let shown = "&user.DefaultInfo{Name:\"\", UID:\"\", Groups:[]string{\"devs\"}, Extra:map[string][]string(nil)}";
    let told = format!("requested {shown} without impersonating a user name");
    assert_eq!((headless.status.as_u16(), &headless.json()["message"]), (400, &json!(told)));
    let server = as_alice(&fixture, super::person(), &[("impersonate-user", crate::SYSTEM_USER)]).await;
    assert_eq!(server.status, 403);
    // One who may speak for users only, not for groups.
    let rules = json!([{"verbs": ["impersonate"], "apiGroups": [""], "resources": ["users"], "resourceNames": ["joe"]}]);
    fixture.post(&format!("{RBAC}/clusterroles"), &json!({"metadata": {"name": "voice"}, "rules": rules})).await;
    bind(&fixture, "", "voice", "vic").await;
    assert_eq!(as_alice(&fixture, somebody("vic"), &headers[..1]).await.status, 201);
    assert_eq!(as_alice(&fixture, somebody("vic"), &headers[..2]).await.status, 403);
    assert_eq!(as_alice(&fixture, somebody("vic"), &[("impersonate-user", "jim")]).await.status, 403);
}

#[tokio::test]
async fn reviews_tell_what_one_may_do() {
    let fixture = open();
    bind(&fixture, "default", "view", "ann").await;
    let review = |resource: &str| format!("/apis/authorization.k8s.io/v1/{resource}");
    let pods = |verb: &str, namespace: &str| json!({"verb": verb, "resource": "pods", "namespace": namespace});
    let own = async |verb: &str, namespace: &str| {
        let spec = json!({"spec": {"resourceAttributes": pods(verb, namespace)}});
        ask(&fixture, "ann", Method::POST, &review("selfsubjectaccessreviews"), &spec).await.json()["status"].clone()
    };
    let reason = "RBAC: allowed by RoleBinding \"view-ann/default\" of ClusterRole \"view\" to User \"ann\"";
    assert_eq!(own("list", "default").await, json!({"allowed": true, "reason": reason}));
    assert_eq!(own("list", "").await, json!({"allowed": false}));
    assert_eq!(own("delete", "default").await, json!({"allowed": false}));
    let of = json!({"spec": {"user": "ann", "resourceAttributes": pods("get", "default")}});
    assert_eq!(fixture.post(&review("subjectaccessreviews"), &of).await.json()["status"]["allowed"], json!(true));
    assert_eq!(ask(&fixture, "ann", Method::POST, &review("subjectaccessreviews"), &of).await.status, 403);
    let local = json!({"metadata": {"namespace": "default"}, "spec": of["spec"]});
    assert_eq!(
        fixture.post(&review("namespaces/default/localsubjectaccessreviews"), &local).await.json()["status"]["allowed"],
        json!(true)
    );
    assert_eq!(fixture.post(&review("selfsubjectaccessreviews"), &json!({"spec": {}})).await.status, 422);
    let rules =
        ask(&fixture, "ann", Method::POST, &review("selfsubjectrulesreviews"), &json!({"spec": {"namespace": "default"}})).await.json();
    assert!(rules["status"]["resourceRules"].as_array().unwrap().len() > 10, "{rules}");
    assert_eq!(rules["status"]["incomplete"], json!(false));
}

async fn token(fixture: &Fixture, spec: Value) -> Answer {
    fixture.post("/api/v1/namespaces/default/serviceaccounts/robot/token", &json!({"spec": spec})).await
}

async fn reviewed(fixture: &Fixture, token: &str, audiences: Value) -> Value {
    let body = json!({"spec": {"token": token, "audiences": audiences}});
    fixture.post("/apis/authentication.k8s.io/v1/tokenreviews", &body).await.json()["status"].clone()
}

#[tokio::test]
async fn tokens_stand_for_service_accounts_as_long_as_these_live() {
    let fixture = open();
    assert_eq!(token(&fixture, json!({})).await.status, 404);
    let accounts = "/api/v1/namespaces/default/serviceaccounts";
    fixture.post(accounts, &json!({"metadata": {"name": "robot"}})).await;
    fixture.post("/api/v1/namespaces/default/secrets", &json!({"metadata": {"name": "s"}})).await;
    let made = token(&fixture, json!({})).await;
    assert_eq!((made.status.as_u16(), &made.json()["spec"]["expirationSeconds"]), (201, &json!(3600)), "{}", made.text);
    let plain = made.json()["status"]["token"].as_str().unwrap().to_owned();
    let status = reviewed(&fixture, &plain, json!([])).await;
    assert_eq!(
        (&status["authenticated"], &status["user"]["username"]),
        (&json!(true), &json!("system:serviceaccount:default:robot")),
        "{status}"
    );
    assert_eq!(status["user"]["groups"], json!(["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"]));
    // For others only.
    let other = token(&fixture, json!({"audiences": ["vault"]})).await.json()["status"]["token"].as_str().unwrap().to_owned();
    assert_eq!(reviewed(&fixture, &other, json!(["vault", "x"])).await["audiences"], json!(["vault"]));
    assert_eq!(reviewed(&fixture, &other, json!([])).await["authenticated"], Value::Null);
    // Bound to an object.
    let bound = token(&fixture, json!({"boundObjectRef": {"apiVersion": "v1", "kind": "Secret", "name": "s"}})).await;
    let bound = bound.json()["status"]["token"].as_str().unwrap().to_owned();
    assert_eq!(reviewed(&fixture, &bound, json!([])).await["authenticated"], json!(true));
    fixture.delete("/api/v1/namespaces/default/secrets/s").await;
    let error = reviewed(&fixture, &bound, json!([])).await["error"].clone();
    assert_eq!(error, json!("[invalid bearer token, service account token has been invalidated]"));
    // Too short, too long, tampered with.
    assert_eq!(token(&fixture, json!({"expirationSeconds": 599})).await.status, 422);
    assert_eq!(token(&fixture, json!({"expirationSeconds": 1_i64 << 33})).await.status, 422);
    for at in [5, plain.len() / 2, plain.len() - 5] {
        let mut tampered = plain.clone().into_bytes();
        tampered[at] = if tampered[at] == b'A' { b'B' } else { b'A' };
        let error = reviewed(&fixture, &String::from_utf8(tampered).unwrap(), json!([])).await["error"].clone();
        assert_eq!(error, json!("invalid bearer token"));
    }
    // The account goes and comes back: it is another one.
    fixture.delete(&format!("{accounts}/robot")).await;
    fixture.post(accounts, &json!({"metadata": {"name": "robot"}})).await;
    assert_eq!(reviewed(&fixture, &plain, json!([])).await["authenticated"], Value::Null);
}
