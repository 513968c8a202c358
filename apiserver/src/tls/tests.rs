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

/// A certificate that the CA of the fixture signed at a time, and its key.
fn signed(fixture: &Fixture, name: &str, at: i64, seconds: i64) -> (String, String) {
    let (asked, key) = people::request(name, Some("system:masters"), None);
    let pem = STANDARD.decode(asked["spec"]["request"].as_str().unwrap()).unwrap();
    let asked = rcgen::CertificateSigningRequestParams::from_pem(&String::from_utf8(pem).unwrap()).unwrap();
    let pki = super::Pki::open(&fixture.dir.path().join("pki")).unwrap();
    (pki.sign(&asked, at, seconds).unwrap(), key.serialize_pem())
}

/// A certificate of another CA with the name of ours, and its key.
fn foreign() -> (String, String) {
    let elsewhere = open_with(|_| {});
    signed(&elsewhere, "ebb-admin", crate::clock::seconds(), 3600)
}

#[tokio::test]
async fn a_certificate_that_is_not_good_gets_an_answer_and_a_token_beside_it_counts() {
    let open = serve();
    let config = config(&open).await;
    let list = async |(certificate, key): &(String, String), token: Option<&str>| {
        let mut config = config.clone();
        config.auth_info.client_certificate_data = Some(STANDARD.encode(certificate));
        config.auth_info.client_key_data = Some(STANDARD.encode(key).into());
        config.auth_info.token = token.map(|token| token.to_owned().into());
        let client = Client::try_from(config).unwrap();
        let code = |error: kube::Error| match error {
            kube::Error::Api(status) => (status.code, status.reason, status.message),
            other => panic!("no answer: {other}"),
        };
        let maps: Api<ConfigMap> = Api::default_namespaced(client.clone());
        let listed = maps.list(&ListParams::default()).await.map(|_| ()).map_err(code);
        assert_eq!(client.apiserver_version().await.map(|_| ()).map_err(code), listed, "what is public is not for him who is wrong");
        listed
    };
    let now = crate::clock::seconds();
    let unauthorized = Err((401, "Unauthorized".to_owned(), "Unauthorized".to_owned()));
    let bad = [("foreign", foreign()), ("expired", signed(&open.fixture, "joe", now - 7200, 3600))];
    for (what, bad) in &bad {
        assert_eq!(list(bad, None).await, unauthorized, "{what}");
        assert_eq!(list(bad, Some("wrong")).await, unauthorized, "{what}, and a wrong token");
        assert_eq!(list(bad, Some("secret")).await, Ok(()), "{what}, and a good token");
    }
    let good = signed(&open.fixture, "joe", now, 3600);
    assert_eq!(list(&good, None).await, Ok(()));
    assert_eq!(list(&good, Some("wrong")).await, Ok(()), "the certificate is enough");
    open.supervisor.drain().await;
}

#[test]
fn a_certificate_expires_on_an_open_connection() {
    use rustls_pki_types::pem::PemObject;
    use rustls_pki_types::{CertificateDer, UnixTime};
    let fixture = open_with(|_| {});
    let (certificate, _) = signed(&fixture, "joe", 1_800_000_000, 600);
    let chain = [CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
    let verifier = super::Pki::open(&fixture.dir.path().join("pki")).unwrap().verifier().unwrap();
    let shown = super::Shown::new(verifier.clone(), Some(&chain));
    let at = |seconds| UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    let name = |seconds| shown.user(at(seconds)).map(|user| user.map(|user| user.name.clone()));
    let joe = Ok(Some("joe".to_owned()));
    let not_good = Err(crate::access::authenticate::NotGood);
    for (seconds, expected) in
        [(1_800_000_000, &joe), (1_800_000_600, &joe), (1_800_000_601, &not_good), (1_700_000_000, &not_good), (1_800_000_100, &joe)]
    {
        assert_eq!([name(seconds), name(seconds)], [expected.clone(), expected.clone()], "at {seconds}");
    }
    assert_eq!(super::Shown::new(verifier, None).user(at(0)), Ok(None), "who shows nothing is nobody");
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
