//! Exports.

use serde_json::json;

use super::*;

fn service() -> Service {
    let service = json!({
        "apiVersion": "serving.knative.dev/v1", "kind": "Service",
        "metadata": {
            "name": "shop", "namespace": "dev", "uid": "1", "resourceVersion": "7", "generation": 2,
            "labels": {"team": "a", "serving.knative.dev/serviceUID": "1"},
            "annotations": {"note": "hi", "serving.knative.dev/creator": "me", "serving.knative.dev/lastModifier": "me"},
        },
        "spec": {
            "template": {
                "metadata": {"name": "shop-2", "annotations": {"client.knative.dev/updateTimestamp": "t", "keep": "1"}},
                "spec": {"containers": [{"name": "c", "image": "i:2"}]},
            },
            "traffic": [{"revisionName": "shop-1", "percent": 20}, {"latestRevision": true, "percent": 80}],
        },
        "status": {"url": "http://x", "latestReadyRevisionName": "shop-2"},
    });
    serde_json::from_value(service).expect("a service")
}

fn revision(name: &str, generation: &str) -> Revision {
    let revision = json!({
        "apiVersion": "serving.knative.dev/v1", "kind": "Revision",
        "metadata": {
            "name": name, "uid": "2",
            "labels": {"serving.knative.dev/configurationGeneration": generation, "serving.knative.dev/configurationUID": "3"},
            "annotations": {"serving.knative.dev/routingStateModified": "t", "keep": "old"},
        },
        "spec": {"containers": [{"name": "c", "image": format!("i:{generation}")}]},
        "status": {"actualReplicas": 1},
    });
    serde_json::from_value(revision).expect("a revision")
}

fn revisions() -> Vec<Revision> {
    vec![revision("shop-2", "2"), revision("shop-1", "1"), revision("shop-0", "0")]
}

fn exported_service(traffic: bool) -> Value {
    let mut service = json!({
        "apiVersion": "serving.knative.dev/v1", "kind": "Service",
        "metadata": {"name": "shop", "labels": {"team": "a"}, "annotations": {"note": "hi"}},
        "spec": {"template": {
            "metadata": {"name": "shop-2", "annotations": {"keep": "1"}},
            "spec": {"containers": [{"name": "c", "image": "i:2"}]},
        }},
    });
    if traffic {
        service["spec"]["traffic"] = json!([{"revisionName": "shop-1", "percent": 20}, {"latestRevision": true, "percent": 80}]);
    }
    service
}

#[test]
fn for_import_without_revisions() {
    let got = for_import(&service(), None).expect("fits");
    assert_eq!(got["kind"], "Export");
    assert_eq!(got["spec"], json!({"service": exported_service(false), "revisions": []}));
}

#[test]
fn for_import_with_the_revisions_that_get_traffic() {
    let got = for_import(&service(), Some(revisions())).expect("fits");
    let old = json!({
        "apiVersion": "serving.knative.dev/v1", "kind": "Revision",
        "metadata": {
            "name": "shop-1", "labels": {"serving.knative.dev/configurationGeneration": "1"}, "annotations": {"keep": "old"},
        },
        "spec": {"containers": [{"name": "c", "image": "i:1"}]},
    });
    assert_eq!(got["spec"], json!({"service": exported_service(true), "revisions": [old]}));
}

#[test]
fn for_replay_as_services() {
    let got = for_replay(&service(), Some(revisions())).expect("fits");
    let mut old = exported_service(false);
    old["spec"]["template"] = json!({
        "metadata": {"name": "shop-1", "annotations": {"keep": "old"}},
        "spec": {"containers": [{"name": "c", "image": "i:1"}]},
    });
    assert_eq!(got["items"], json!([old, exported_service(true)]));
    assert_eq!(for_replay(&service(), None).expect("fits"), exported_service(false));
}

#[test]
fn revisions_must_be_there() {
    let error = for_import(&service(), Some(Vec::new())).expect_err("refused").to_string();
    assert_eq!(error, "no revisions found for the service shop");
}
