//! The server on the network, asked by `kube` with the kubeconfig and by others without.

use std::net::TcpListener;

use ebb_plumbing::{CancellationToken, Supervisor};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{ListParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};

use crate::User;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::tests::{Fixture, config_map, open_with, people};

struct Open {
    fixture: Fixture,
    supervisor: Supervisor,
    address: std::net::SocketAddr,
}

fn serve() -> Open {
    let user = User::new("robot", ["system:masters"]);
    let fixture = open_with(|options| options.tokens = [("secret".to_owned(), user)].into());
    let supervisor = Supervisor::new(CancellationToken::new());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    supervisor.tasks().spawn("api", fixture.server.serve_tls(listener, supervisor.tasks()));
    Open { fixture, supervisor, address }
}

async fn config(open: &Open) -> Config {
    let text = open.fixture.server.kubeconfig(open.address);
    let kubeconfig = Kubeconfig::from_yaml(&text).unwrap();
    Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap()
}

#[tokio::test]
async fn the_kubeconfig_admits_the_user() {
    let open = serve();
    let client = Client::try_from(config(&open).await).unwrap();
    let api: Api<ConfigMap> = Api::default_namespaced(client.clone());
    api.create(&PostParams::default(), &config_map("m")).await.unwrap();
    let all: Api<Namespace> = Api::all(client);
    assert_eq!(all.list(&ListParams::default()).await.unwrap().items.len(), 5);
    open.supervisor.drain().await;
}

#[tokio::test]
async fn who_shows_nothing_is_unauthorized_and_a_token_is_enough() {
    let open = serve();
    let mut config = config(&open).await;
    config.auth_info.client_certificate_data = None;
    config.auth_info.client_key_data = None;
    let nobody = Client::try_from(config.clone()).unwrap();
    let api: Api<ConfigMap> = Api::default_namespaced(nobody.clone());
    assert!(matches!(api.list(&ListParams::default()).await, Err(kube::Error::Api(status)) if status.code == 401));
    assert_eq!(nobody.apiserver_version().await.unwrap().major, "1");
    config.auth_info.token = Some("secret".to_owned().into());
    let robot: Api<ConfigMap> = Api::default_namespaced(Client::try_from(config).unwrap());
    robot.list(&ListParams::default()).await.unwrap();
    open.supervisor.drain().await;
}

#[tokio::test]
async fn a_person_is_out_as_soon_as_the_record_is_gone() {
    use serde_json::json;
    let open = serve();
    let (fixture, maps) = (&open.fixture, "/api/v1/namespaces/kube-system/configmaps");
    let record = fixture.post(maps, &json!({"metadata": {"name": "ebb-user.joe"}})).await.json();
    let subjects = json!([{"kind": "User", "name": "joe"}, {"kind": "User", "name": "system:serviceaccount:default:robot"}]);
    let binding = json!({"metadata": {"name": "joe"}, "roleRef": {"kind": "ClusterRole", "name": "view"}, "subjects": subjects});
    fixture.post("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", &binding).await;
    let (asked, key) = people::request("joe", Some("devs"), record["metadata"]["uid"].as_str());
    let certificate = people::certificate(fixture, &asked).await;
    let mut config = config(&open).await;
    config.auth_info.client_certificate_data = Some(STANDARD.encode(certificate));
    config.auth_info.client_key_data = Some(STANDARD.encode(key.serialize_pem()).into());
    let joe: Api<ConfigMap> = Api::default_namespaced(Client::try_from(config.clone()).unwrap());
    joe.list(&ListParams::default()).await.unwrap();
    let refused = joe.create(&PostParams::default(), &config_map("m")).await.unwrap_err();
    assert!(matches!(refused, kube::Error::Api(status) if status.code == 403));
    // On the very same connection, and for whoever has the same name later.
    fixture.delete(&format!("{maps}/ebb-user.joe")).await;
    let unauthorized = |error: kube::Error| matches!(error, kube::Error::Api(status) if status.code == 401);
    assert!(unauthorized(joe.list(&ListParams::default()).await.unwrap_err()));
    fixture.post(maps, &json!({"metadata": {"name": "ebb-user.joe"}})).await;
    assert!(unauthorized(joe.list(&ListParams::default()).await.unwrap_err()));
    // A token of a service account admits it; a wrong one nobody, not even to what is public.
    let accounts = "/api/v1/namespaces/default/serviceaccounts";
    fixture.post(accounts, &json!({"metadata": {"name": "robot"}})).await;
    let token = fixture.post(&format!("{accounts}/robot/token"), &json!({})).await.json()["status"]["token"].as_str().unwrap().to_owned();
    config.auth_info.client_certificate_data = None;
    config.auth_info.client_key_data = None;
    config.auth_info.token = Some(token.into());
    let robot: Api<ConfigMap> = Api::default_namespaced(Client::try_from(config.clone()).unwrap());
    robot.list(&ListParams::default()).await.unwrap();
    config.auth_info.token = Some("wrong".to_owned().into());
    assert!(unauthorized(Client::try_from(config).unwrap().apiserver_version().await.unwrap_err()));
    open.supervisor.drain().await;
}

#[tokio::test]
async fn a_watch_does_not_hold_up_the_end() {
    let open = serve();
    let client = Client::try_from(config(&open).await).unwrap();
    let api: Api<ConfigMap> = Api::default_namespaced(client);
    let mut watch = Box::pin(api.watch(&kube::api::WatchParams::default(), "0").await.unwrap());
    open.fixture.api::<ConfigMap>().create(&PostParams::default(), &config_map("m")).await.unwrap();
    assert!(futures::TryStreamExt::try_next(&mut watch).await.unwrap().is_some());
    tokio::time::timeout(std::time::Duration::from_secs(5), open.supervisor.drain()).await.unwrap();
}

#[test]
fn a_subject_is_read_from_the_certificate() {
    use rcgen::{CertificateParams, DnType, KeyPair};
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "people");
    params.distinguished_name.push(DnType::CommonName, "zoë");
    let certificate = params.self_signed(&key).unwrap();
    let user = super::identity::user(certificate.der()).unwrap();
    assert_eq!((user.name.as_str(), user.groups[0].as_str()), ("zoë", "people"));
    params.distinguished_name.push(DnType::CommonName, crate::SYSTEM_USER);
    assert_eq!(super::identity::user(params.self_signed(&key).unwrap().der()), None);
    for length in 0..certificate.der().len() {
        super::identity::user(&certificate.der()[..length]);
    }
}
