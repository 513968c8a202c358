//! Names, rights, and what a kubeconfig says.

use kube::config::Cluster;
use serde_json::json;

use super::certificate::{Credentials, request};
use super::rights::Rights;
use super::{check_name, kubeconfig};

#[test]
fn names_are_those_that_labels_and_records_can_have() {
    for good in ["alice", "alice.example.com", "a-1"] {
        assert!(check_name(good).is_ok(), "{good}");
    }
    for bad in ["", "Alice", "a b", "alice@example.com", "system:masters", "ebb-admin", &"a".repeat(64)] {
        assert!(check_name(bad).is_err(), "{bad}");
    }
}

#[test]
fn flags_become_roles() {
    let cases = [
        (Some("shop"), false, "edit", "work in namespace 'shop'"),
        (Some("shop"), true, "view", "look at namespace 'shop'"),
        (None, false, "cluster-admin", "do everything"),
        (None, true, "view", "look at all namespaces"),
    ];
    for (namespace, read_only, role, told) in cases {
        let rights = Rights::new(namespace.map(str::to_owned), read_only);
        assert_eq!((rights.role(), rights.to_string().as_str()), (role, told));
    }
}

#[test]
fn the_kubeconfig_has_everything_inside() {
    let cluster = Cluster {
        server: Some("https://127.0.0.1:7443".to_owned()),
        certificate_authority_data: Some("Q0E=".to_owned()),
        ..Cluster::default()
    };
    let credentials = Credentials { certificate: "C".to_owned(), key: "K".to_owned() };
    let value = kubeconfig::value("ebb", &cluster, "alice", Some("shop"), &credentials).expect("a kubeconfig");
    assert_eq!(
        value["clusters"],
        json!([{"name": "ebb", "cluster": {"server": "https://127.0.0.1:7443", "certificate-authority-data": "Q0E="}}])
    );
    assert_eq!(value["contexts"], json!([{"name": "alice", "context": {"cluster": "ebb", "user": "alice", "namespace": "shop"}}]));
    assert_eq!(value["users"], json!([{"name": "alice", "user": {"client-certificate-data": "Qw==", "client-key-data": "Sw=="}}]));
    let read: kube::config::Kubeconfig = serde_json::from_value(value).expect("one that is understood");
    assert_eq!(read.current_context.as_deref(), Some("alice"));
}

#[test]
fn every_request_has_a_key_of_its_own() {
    let (one, key) = request("alice", "uid").expect("a request");
    let (other, other_key) = request("alice", "uid").expect("a request");
    assert!(one.starts_with("-----BEGIN CERTIFICATE REQUEST-----") && key.starts_with("-----BEGIN PRIVATE KEY-----"));
    assert!(one != other && key != other_key);
}
