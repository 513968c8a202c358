//! Pods and lines.

use serde_json::{Value, json};

use super::*;

fn pod(spec: Value, status: Value) -> Pod {
    serde_json::from_value(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec, "status": status}))
        .expect("a pod")
}

#[test]
fn chooses_the_container() {
    let serving = json!({"name": "web", "ports": [{"name": "user-port", "containerPort": 1}]});
    let cases = [
        (json!([{"name": "a"}, {"name": "user-container"}]), Some("user-container")),
        (json!([{"name": "a"}, serving]), Some("web")),
        (json!([{"name": "a"}, {"name": "b"}]), Some("a")),
        (json!([]), None),
    ];
    for (containers, want) in cases {
        assert_eq!(container(&pod(json!({"containers": containers}), json!({}))).as_deref(), want, "{containers}");
    }
}

#[test]
fn knows_when_a_pod_has_begun() {
    let state = |state: Value| json!({"phase": "Pending", "containerStatuses": [{"name": "c", "image": "", "imageID": "", "ready": false, "restartCount": 0, "state": state}]});
    let mut restarting = state(json!({"waiting": {"reason": "CrashLoopBackOff"}}));
    restarting["containerStatuses"][0]["restartCount"] = json!(1);
    let cases = [
        (json!({}), false),
        (json!({"phase": "Pending"}), false),
        (json!({"phase": "Running"}), true),
        (json!({"phase": "Failed"}), true),
        (state(json!({"waiting": {}})), false),
        (state(json!({"running": {}})), true),
        (state(json!({"terminated": {"exitCode": 1}})), true),
        (restarting, true),
    ];
    for (status, want) in cases {
        assert_eq!(has_begun(&pod(json!({"containers": []}), status.clone())), want, "{status}");
    }
}

#[test]
fn says_whose_line_it_is_only_among_several() {
    assert_eq!(line("p", "hello", false), "hello");
    assert_eq!(line("p", "hello", true), "[p] hello");
}

#[test]
fn selects_by_labels() {
    assert_eq!(selector("shop", None), "serving.knative.dev/service=shop");
    assert_eq!(selector("shop", Some("shop-1")), "serving.knative.dev/service=shop,serving.knative.dev/revision=shop-1");
}

#[test]
fn says_that_there_is_nothing() {
    assert_eq!(nothing("shop", "dev", None), "no pods are running for service 'shop' in namespace 'dev'; use -f to wait for some");
}

#[test]
fn says_whose_lines_they_are_that_come_from_pods_that_are_gone() {
    let writer = |pod: &str| Writer { pod: pod.to_owned(), id: String::new(), container: None };
    assert_eq!(
        gone("shop", "dev", Some("shop-1"), &[writer("a"), writer("b")]),
        "no pods are running for service 'shop', revision 'shop-1' in namespace 'dev'; these lines are from pods that are gone: a, b"
    );
}
