//! Domain mappings.

use serde_json::json;

use super::*;
use crate::print::samples::now;

fn mapping() -> DomainMapping {
    let mapping = json!({
        "apiVersion": "serving.knative.dev/v1beta1", "kind": "DomainMapping",
        "metadata": {"name": "shop.example.com", "namespace": "dev", "creationTimestamp": "2026-01-01T00:07:00Z"},
        "spec": {"ref": {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": "shop", "namespace": "other"}},
        "status": {
            "url": "http://shop.example.com",
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:08:00Z"}],
        },
    });
    serde_json::from_value(mapping).expect("a mapping")
}

#[test]
fn lists_mappings() {
    let want = "\
NAMESPACE   NAME               URL                       READY   KSVC
dev         shop.example.com   http://shop.example.com   True    shop
";
    assert_eq!(list(&[mapping()], Style { namespaces: true, headers: true }), want);
}

#[test]
fn describes_a_mapping() {
    let want = "\
Name:       shop.example.com
Namespace:  dev
Age:        3m

URL:  http://shop.example.com

Reference:     
  APIVersion:  serving.knative.dev/v1
  Kind:        Service
  Name:        shop
  Namespace:   other

Conditions:  
  OK TYPE     AGE REASON
  ++ Ready     2m 
";
    assert_eq!(describe(&mapping(), now(), false), want);
}
