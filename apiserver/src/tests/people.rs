//! How people get in: requests for certificates, their approval, and what is written down about it all.

use ::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use serde_json::{Value, json};

use super::{Fixture, open, send_as};
use crate::User;

const REQUESTS: &str = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

/// A request for a certificate, and the key to it.
pub fn request(name: &str, group: Option<&str>, uid: Option<&str>) -> (Value, KeyPair) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    if let Some(group) = group {
        params.distinguished_name.push(DnType::OrganizationName, group);
    }
    if let Some(uid) = uid {
        params.distinguished_name.push(DnType::CustomDnType(vec![1, 3, 6, 1, 4, 1, 57683, 2]), uid);
    }
    let pem = params.serialize_request(&key).unwrap().pem().unwrap();
    let spec = json!({"request": STANDARD.encode(pem), "signerName": "kubernetes.io/kube-apiserver-client", "usages": ["client auth"]});
    (json!({"metadata": {"name": name}, "spec": spec}), key)
}

pub fn approval(request: &Value) -> Value {
    let mut approved = request.clone();
    approved["status"]["conditions"] = json!([{"type": "Approved", "status": "True", "reason": "Test", "message": "yes"}]);
    approved
}

/// Makes, approves and fetches a certificate, as PEM.
pub async fn certificate(fixture: &Fixture, request: &Value) -> String {
    let name = request["metadata"]["name"].as_str().unwrap();
    let made = fixture.post(REQUESTS, request).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let path = format!("{REQUESTS}/{name}/approval");
    let approved = fixture.put(&path, &approval(&made.json())).await;
    assert_eq!(approved.status, 200, "{}", approved.text);
    fixture.delete(&format!("{REQUESTS}/{name}")).await;
    let encoded = approved.json()["status"]["certificate"].as_str().expect(&approved.text).to_owned();
    String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap()
}

#[tokio::test]
async fn what_is_asked_for_is_checked_and_signed_when_it_is_approved() {
    let fixture = open();
    let (mut asked, _) = request("joe", Some("devs"), None);
    asked["spec"]["username"] = json!("somebody else");
    let made = fixture.post(REQUESTS, &asked).await;
    assert_eq!((made.status.as_u16(), &made.json()["spec"]["username"]), (201, &json!("alice")), "{}", made.text);
    assert_eq!(made.json()["status"]["certificate"], Value::Null);
    fixture.delete(&format!("{REQUESTS}/joe")).await;
    assert!(certificate(&fixture, &asked).await.contains("BEGIN CERTIFICATE"));
    let masters = fixture.post(REQUESTS, &request("x", Some("system:masters"), None).0).await;
    let told = "certificatesigningrequests.certificates.k8s.io \"x\" is forbidden: use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed";
    assert_eq!((masters.status.as_u16(), &masters.json()["message"]), (403, &json!(told)));
    for (member, value) in [("request", json!("bm8=")), ("usages", json!([])), ("signerName", json!("x")), ("expirationSeconds", json!(5))]
    {
        let (mut wrong, _) = request("x", None, None);
        wrong["spec"][member] = value;
        assert_eq!(fixture.post(REQUESTS, &wrong).await.status, 422, "{member}");
    }
    // A denied request is not signed, and denial and approval exclude each other.
    let made = fixture.post(REQUESTS, &request("y", None, None).0).await.json();
    let mut both = approval(&made);
    both["status"]["conditions"].as_array_mut().unwrap().push(json!({"type": "Denied", "status": "True"}));
    assert_eq!(fixture.put(&format!("{REQUESTS}/y/approval"), &both).await.status, 422);
    both["status"]["conditions"].as_array_mut().unwrap().remove(0);
    let denied = fixture.put(&format!("{REQUESTS}/y/approval"), &both).await;
    assert_eq!((denied.status.as_u16(), &denied.json()["status"]["certificate"]), (200, &Value::Null), "{}", denied.text);
}

#[tokio::test]
async fn who_may_change_approvals_must_also_be_trusted_with_the_signer() {
    let fixture = open();
    let rbac = "/apis/rbac.authorization.k8s.io/v1";
    let rules = json!([{"verbs": ["update"], "apiGroups": ["certificates.k8s.io"], "resources": ["certificatesigningrequests/approval"]}]);
    fixture.post(&format!("{rbac}/clusterroles"), &json!({"metadata": {"name": "half"}, "rules": rules})).await;
    let bind = |role: &str| json!({"metadata": {"name": role}, "roleRef": {"kind": "ClusterRole", "name": role}, "subjects": [{"kind": "User", "name": "ann"}]});
    fixture.post(&format!("{rbac}/clusterrolebindings"), &bind("half")).await;
    let made = fixture.post(REQUESTS, &request("joe", None, None).0).await.json();
    let path = format!("{REQUESTS}/joe/approval");
    let put = async || send_as(&fixture.server, User::new("ann", []), Method::PUT, &path, &[], approval(&made).to_string()).await;
    let refused = put().await;
    let told = "certificatesigningrequests.certificates.k8s.io \"joe\" is forbidden: user not permitted to approve requests with signerName \"kubernetes.io/kube-apiserver-client\"";
    assert_eq!((refused.status.as_u16(), &refused.json()["message"]), (403, &json!(told)));
    fixture.post(&format!("{rbac}/clusterrolebindings"), &bind("system:certificates.k8s.io:kube-apiserver-client-approver")).await;
    let approved = put().await;
    assert_eq!(approved.status, 200, "{}", approved.text);
}

fn audit(fixture: &Fixture) -> Vec<Value> {
    let text = std::fs::read_to_string(fixture.dir.path().join("audit.log")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn every_write_leaves_a_line_and_nothing_else_does() {
    let fixture = open();
    let maps = super::CONFIG_MAPS;
    let made = fixture.post(maps, &json!({"metadata": {"generateName": "m-"}})).await;
    let name = made.json()["metadata"]["name"].clone();
    let headers = [("impersonate-user", "joe"), ("user-agent", "test/1")];
    send_as(&fixture.server, super::person(), Method::DELETE, &format!("{maps}/none"), &headers, "").await;
    fixture.get(maps).await;
    fixture
        .post(
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            &json!({"spec": {"nonResourceAttributes": {"path": "/", "verb": "get"}}}),
        )
        .await;
    let client: kube::Api<k8s_openapi::api::core::v1::ConfigMap> = fixture.api();
    client.create(&Default::default(), &super::config_map("own")).await.unwrap();
    let lines = audit(&fixture);
    assert_eq!(lines.len(), 2, "{lines:?}");
    let [first, second] = [&lines[0], &lines[1]];
    assert_eq!(
        (&first["verb"], &first["user"]["username"], &first["responseStatus"]["code"]),
        (&json!("create"), &json!("alice"), &json!(201))
    );
    assert_eq!(first["objectRef"], json!({"resource": "configmaps", "namespace": "default", "apiVersion": "v1", "name": name}));
    assert_eq!(first["auditID"].as_str().unwrap(), made.headers["audit-id"].to_str().unwrap());
    assert_eq!((&second["impersonatedUser"]["username"], &second["responseStatus"]["code"]), (&json!("joe"), &json!(403)));
    assert_eq!((&second["annotations"]["authorization.k8s.io/decision"], &second["userAgent"]), (&json!("forbid"), &json!("test/1")));
    // What was written is not in the log, only that it was.
    fixture.post("/api/v1/namespaces/default/secrets", &json!({"metadata": {"name": "s"}, "stringData": {"password": "hush"}})).await;
    let text = std::fs::read_to_string(fixture.dir.path().join("audit.log")).unwrap();
    assert!(!text.contains("hush") && !text.contains("aHVzaA"));
}

#[tokio::test]
async fn the_log_tells_what_was_decided_and_why() {
    let fixture = open();
    let maps = super::CONFIG_MAPS;
    let bindings = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    let bind = |role: &str| {
        json!({"metadata": {"name": format!("joe-{role}")}, "roleRef": {"kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "User", "name": "joe"}]})
    };
    let as_joe = async |path: &str| {
        let joe = User::new("joe", ["system:authenticated"]);
        let headers = [("content-type", "application/json")];
        send_as(&fixture.server, joe, Method::POST, path, &headers, json!({"metadata": {"name": "m"}}).to_string()).await.status.as_u16()
    };
    let last = || {
        let line = audit(&fixture).pop().unwrap();
        (line["annotations"].clone(), line["responseStatus"].clone())
    };
    let annotations =
        |decision: &str, reason: &str| json!({"authorization.k8s.io/decision": decision, "authorization.k8s.io/reason": reason});

    assert_eq!(as_joe(maps).await, 403);
    let message =
        "configmaps is forbidden: User \"joe\" cannot create resource \"configmaps\" in API group \"\" in the namespace \"default\"";
    let status = json!({"metadata": {}, "status": "Failure", "message": message, "reason": "Forbidden", "details": {"kind": "configmaps"}, "code": 403});
    assert_eq!(last(), (annotations("forbid", ""), status));
    assert_eq!(fixture.post(bindings, &bind("none")).await.status, 201);
    assert_eq!(last(), (annotations("allow", ""), json!({"metadata": {}, "code": 201})), "who may do everything needs no reason");
    assert_eq!(as_joe(maps).await, 403);
    assert_eq!(last().0, annotations("forbid", "RBAC: clusterrole.rbac.authorization.k8s.io \"none\" not found"));
    fixture.post(bindings, &bind("edit")).await;
    assert_eq!(as_joe(maps).await, 201);
    let reason = "RBAC: allowed by ClusterRoleBinding \"joe-edit\" of ClusterRole \"edit\" to User \"joe\"";
    assert_eq!(last().0, annotations("allow", reason));
    // What is refused after the gate was let in by it; and who may not speak for another never came so far.
    assert_eq!(fixture.post(REQUESTS, &request("x", Some("system:masters"), None).0).await.status, 403);
    assert_eq!(last().0, annotations("allow", ""));
    let joe = User::new("joe", ["system:authenticated"]);
    let speaking = [("impersonate-user", "kim")];
    assert_eq!(send_as(&fixture.server, joe, Method::DELETE, &format!("{maps}/m"), &speaking, "").await.status, 403);
    assert_eq!(last().0, Value::Null);
}

#[tokio::test]
async fn namespaces_are_furnished_and_secrets_are_not_for_everybody() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = open();
    let server = fixture.server.clone();
    let running = tokio::spawn(server.run(ebb_plumbing::CancellationToken::new()));
    fixture.post("/api/v1/namespaces", &json!({"metadata": {"name": "fresh"}})).await;
    let until = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    for path in ["serviceaccounts/default", "configmaps/kube-root-ca.crt"] {
        while fixture.get(&format!("/api/v1/namespaces/fresh/{path}")).await.status != 200 {
            assert!(tokio::time::Instant::now() < until, "{path}");
            tokio::task::yield_now().await;
        }
    }
    let mut dirs = vec![fixture.dir.path().to_owned()];
    let mut seen = 0;
    while let Some(dir) = dirs.pop() {
        for entry in std::fs::read_dir(&dir).unwrap().map(Result::unwrap) {
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            let is_dir = entry.file_type().unwrap().is_dir();
            assert_eq!(mode & 0o077, 0, "{} has mode {mode:o}", entry.path().display());
            if is_dir {
                dirs.push(entry.path());
            }
            seen += 1;
        }
    }
    assert!(seen > 6, "{seen} files");
    running.abort();
}
