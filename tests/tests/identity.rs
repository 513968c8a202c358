//! Who may do what, from outside: users with kubeconfigs of their own, tokens, impersonation, the audit log, and what lies
//! on the disk.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use ebb_tests::{Ebb, Result};
use http::Request;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret, ServiceAccount};
use kube::api::{ListParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client};
use serde_json::{Value, json};

fn config_map(name: &str) -> Result<ConfigMap> {
    Ok(serde_json::from_value(json!({"metadata": {"name": name}, "data": {"a": "1"}}))?)
}

/// The code of an answer that is an error; 0 when all went well.
fn code<T>(result: kube::Result<T>) -> Result<u16> {
    match result {
        Ok(_) => Ok(0),
        Err(kube::Error::Api(status)) => Ok(status.code),
        Err(other) => Err(other.into()),
    }
}

async fn configuration(file: &Path) -> Result<kube::Config> {
    let kubeconfig = Kubeconfig::read_from(file)?;
    Ok(kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?)
}

/// Creates a user, and gives the kubeconfig and a client that uses it.
async fn user(ebb: &Ebb, name: &str, flags: &[&str]) -> Result<(PathBuf, Client)> {
    let file = ebb.data_dir().join(format!("../{name}.kubeconfig"));
    let path = file.to_str().ok_or("the path is not UTF-8")?;
    ebb.ok(&[&["user", "create", name, "--output", path], flags].concat()).await?;
    assert_eq!(fs::metadata(&file)?.permissions().mode() & 0o777, 0o600);
    let client = Client::try_from(configuration(&file).await?)?;
    Ok((file, client))
}

async fn namespace(ebb: &Ebb, name: &str) -> Result<()> {
    let body: Namespace = serde_json::from_value(json!({"metadata": {"name": name}}))?;
    Api::all(ebb.client().await?).create(&PostParams::default(), &body).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_do_what_they_may_and_are_out_at_once() -> Result<()> {
    let ebb = Ebb::up().await?;
    namespace(&ebb, "shop").await?;
    let create = async |client: &Client, namespace: &str| -> Result<u16> {
        code(Api::<ConfigMap>::namespaced(client.clone(), namespace).create(&PostParams::default(), &config_map("m")?).await)
    };
    let list = async |client: &Client, namespace: &str| -> Result<u16> {
        code(Api::<ConfigMap>::namespaced(client.clone(), namespace).list(&ListParams::default()).await)
    };
    let secrets = async |client: &Client| -> Result<u16> { code(Api::<Secret>::all(client.clone()).list(&ListParams::default()).await) };

    // One who looks, everywhere.
    let (file, viewer) = user(&ebb, "viewer", &["--read-only"]).await?;
    assert_eq!((list(&viewer, "default").await?, list(&viewer, "shop").await?), (0, 0));
    assert_eq!((create(&viewer, "default").await?, secrets(&viewer).await?), (403, 403));
    let path = file.to_str().ok_or("the path is not UTF-8")?;
    assert_eq!(ebb.ok(&["--kubeconfig", path, "service", "list"]).await?.trim(), "No services found.");
    let refused = ebb.err(&["--kubeconfig", path, "service", "create", "x", "--cmd", "/bin/true"]).await?;
    let told = "services.serving.knative.dev is forbidden: User \"viewer\" cannot create resource \"services\" in API group \
                \"serving.knative.dev\" in the namespace \"default\"";
    assert!(refused.contains(told), "{refused}");

    // One who works in a namespace.
    let (file, worker) = user(&ebb, "worker", &["--namespace", "shop"]).await?;
    assert_eq!((create(&worker, "shop").await?, create(&worker, "default").await?, list(&worker, "default").await?), (0, 403, 403));
    let path = file.to_str().ok_or("the path is not UTF-8")?;
    let hello = ebb_tests::process::hello_binary()?;
    let hello = hello.to_str().ok_or("the sample's path is not UTF-8")?;
    ebb.ok(&["--kubeconfig", path, "service", "create", "stand", "--cmd", hello]).await?;
    assert!(ebb.get("stand.shop.localhost/").await?.text().contains("Hello"), "it serves");
    assert!(ebb.ok(&["--kubeconfig", path, "service", "list"]).await?.contains("stand"), "the namespace is the user's own");
    assert!(ebb.err(&["--kubeconfig", path, "user", "create", "friend"]).await?.contains("forbidden"));

    // An administrator, whom the command line makes and unmakes.
    let (_, boss) = user(&ebb, "boss", &[]).await?;
    assert_eq!((secrets(&boss).await?, create(&boss, "default").await?), (0, 0));
    let listed = ebb.ok(&["user", "list"]).await?;
    for line in ["boss     cluster-admin", "viewer   view", "worker   edit in shop"] {
        assert!(listed.contains(line), "{line:?} is not in\n{listed}");
    }
    assert_eq!(ebb.ok(&["user", "delete", "boss", "viewer"]).await?, "User 'boss' deleted.\nUser 'viewer' deleted.\n");
    // On connections that are open.
    assert_eq!((secrets(&boss).await?, list(&viewer, "default").await?, create(&worker, "shop").await?), (401, 401, 409));
    // Somebody of the same name later is somebody else.
    let (_, second) = {
        fs::remove_file(ebb.data_dir().join("../viewer.kubeconfig"))?;
        user(&ebb, "viewer", &["--read-only"]).await?
    };
    assert_eq!((list(&viewer, "default").await?, list(&second, "default").await?), (401, 0));
    assert!(ebb.err(&["user", "delete", "nobody"]).await?.contains("user 'nobody' not found"));
    assert!(ebb.err(&["user", "create", "Not A Name"]).await?.contains("cannot be the name of a user"));
    assert!(ebb.err(&["user", "create", "x", "--namespace", "nowhere"]).await?.contains("namespaces \"nowhere\" not found"));

    // It lasts.
    let ebb = Ebb::up_in(ebb.kill9().await?, &[]).await?;
    let (file, _) = user(&ebb, "worker2", &["--namespace", "shop"]).await?;
    let again = Client::try_from(configuration(&file).await?)?;
    assert_eq!((list(&again, "shop").await?, list(&again, "default").await?), (0, 403));
    ebb.stop(&[]).await?;
    Ok(())
}

/// Asks without saying who one is, unless the headers do.
async fn ask(config: &kube::Config, method: &str, path: &str, headers: &[(&str, &str)]) -> Result<(u16, Value)> {
    let mut config = config.clone();
    config.auth_info = kube::config::AuthInfo::default();
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = Client::try_from(config)?.send(request.body(kube::client::Body::empty())?).await?;
    let (head, body) = answer.into_parts();
    let bytes = http_body_util::BodyExt::collect(body).await?.to_bytes();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok((head.status.as_u16(), serde_json::from_str(&text).unwrap_or(Value::String(text))))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_nobody_learns_nothing() -> Result<()> {
    let ebb = Ebb::up().await?;
    let config = configuration(&ebb.data_dir().join("kubeconfig")).await?;
    let unauthorized = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "Unauthorized",
        "reason": "Unauthorized", "code": 401});
    for path in ["/", "/api", "/apis", "/apis/no.such", "/api/v1/namespaces", "/api/v1/nothing", "/openapi/v3", "/metrics", "/healthz/etcd"]
    {
        for method in ["GET", "POST", "DELETE"] {
            assert_eq!(ask(&config, method, path, &[]).await?, (401, unauthorized.clone()), "{method} {path}");
        }
    }
    for path in ["/healthz", "/livez", "/readyz", "/version"] {
        assert_eq!(ask(&config, "GET", path, &[]).await?.0, 200, "{path}");
        // Who says who he is must be right about it.
        assert_eq!(ask(&config, "GET", path, &[("authorization", "Bearer wrong")]).await?.0, 401, "{path}");
    }
    let impersonation = [("impersonate-user", "admin"), ("impersonate-group", "system:masters")];
    assert_eq!(ask(&config, "GET", "/api/v1/secrets", &impersonation).await?.0, 401);

    // A service account's token admits it, with its own rights.
    let client = ebb.client().await?;
    let accounts: Api<ServiceAccount> = Api::default_namespaced(client.clone());
    accounts.create(&PostParams::default(), &serde_json::from_value(json!({"metadata": {"name": "robot"}}))?).await?;
    let request = Request::post("/api/v1/namespaces/default/serviceaccounts/robot/token").header("content-type", "application/json");
    let answer: Value = client.request(request.body(b"{}".to_vec())?).await?;
    let bearer = format!("Bearer {}", answer["status"]["token"].as_str().ok_or("no token")?);
    let (status, refused) = ask(&config, "GET", "/api/v1/namespaces/default/pods", &[("authorization", &bearer)]).await?;
    let told = "pods is forbidden: User \"system:serviceaccount:default:robot\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"";
    assert_eq!((status, &refused["message"]), (403, &json!(told)));
    assert_eq!(ask(&config, "GET", "/apis", &[("authorization", &bearer)]).await?.0, 200);
    accounts.delete("robot", &Default::default()).await?;
    assert_eq!(ask(&config, "GET", "/apis", &[("authorization", &bearer)]).await?.0, 401);
    ebb.stop(&[]).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_are_written_down_and_nothing_is_for_everybody() -> Result<()> {
    let ebb = Ebb::up().await?;
    let maps: Api<ConfigMap> = Api::default_namespaced(ebb.client().await?);
    maps.create(&PostParams::default(), &config_map("m")?).await?;
    let mut config = configuration(&ebb.data_dir().join("kubeconfig")).await?;
    config.auth_info.impersonate = Some("joe".to_owned());
    let as_joe: Api<ConfigMap> = Api::default_namespaced(Client::try_from(config)?);
    assert_eq!(code(as_joe.delete("m", &Default::default()).await)?, 403);
    ebb.create("hello", &[]).await?;

    let audit = fs::read_to_string(ebb.data_dir().join("audit.log"))?;
    let lines: Vec<Value> = audit.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let found = |verb: &str, name: &str| lines.iter().find(|line| line["verb"] == verb && line["objectRef"]["name"] == name);
    let made = found("create", "m").ok_or("the creation is not in the log")?;
    assert_eq!((&made["user"]["username"], &made["responseStatus"]["code"]), (&json!("ebb-admin"), &json!(201)), "{made}");
    assert_eq!(made["sourceIPs"], json!(["127.0.0.1"]));
    let refused = found("delete", "m").ok_or("the refused deletion is not in the log")?;
    assert_eq!((&refused["impersonatedUser"]["username"], &refused["responseStatus"]["code"]), (&json!("joe"), &json!(403)));
    assert!(found("create", "hello").is_some(), "{audit}");
    assert!(lines.iter().all(|line| line["user"]["username"] == "ebb-admin"), "what the process itself writes is not in it: {audit}");

    let mode = |path: &Path| -> Result<u32> { Ok(fs::metadata(path)?.permissions().mode() & 0o777) };
    assert_eq!(mode(&ebb.data_dir())?, 0o700);
    for file in ["state.db", "state.db-wal", "audit.log", "kubeconfig", "pki/ca.key", "pki/user.key", "pki/sa.key"] {
        assert_eq!(mode(&ebb.data_dir().join(file))?, 0o600, "{file}");
    }
    ebb.stop(&[]).await?;
    Ok(())
}
