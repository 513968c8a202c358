//! Secrets.

use serde_json::json;

use super::*;
use crate::print::samples::now;

fn secret() -> Secret {
    let secret = json!({
        "metadata": {"name": "keys", "namespace": "dev", "creationTimestamp": "2026-01-01T00:07:00Z"},
        "type": "Opaque", "data": {"password": "aHVudGVyMg==", "user": "YQ=="},
    });
    serde_json::from_value(secret).expect("a secret")
}

#[test]
fn lists_secrets() {
    assert_eq!(list(&[secret()], true), "NAME   TYPE\nkeys   Opaque\n");
    assert_eq!(list(&[secret()], false), "keys   Opaque\n");
}

#[test]
fn describes_a_secret_without_its_values() {
    let want = "\
Name:       keys
Namespace:  dev
Age:        3m
Type:       Opaque

Data:  
  password:  7 bytes
  user:      1 bytes
";
    assert_eq!(describe(&secret(), now(), false), want);
}
