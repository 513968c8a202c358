//! Facts read from objects as the API gives them.

use serde_json::{Value, json};

use super::*;
use crate::settings::Protocol;

fn pod(object: Value) -> Option<PodFacts> {
    PodFacts::of(&serde_json::from_value(object).unwrap())
}

fn full_pod() -> Value {
    json!({
        "metadata": {"name": "p", "namespace": "dev", "uid": "u", "labels": {"serving.knative.dev/revision": "r"}},
        "spec": {"containers": [
            {"name": "side", "image": "x", "ports": [{"containerPort": 9000, "name": "metrics"}]},
            {"name": "user", "image": "x", "ports": [{"containerPort": 20001, "name": "user-port"}]},
        ]},
        "status": {
            "phase": "Running", "podIP": "127.0.0.1",
            "conditions": [{"type": "Initialized", "status": "True"}, {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}],
            "containerStatuses": [{"name": "user", "image": "x", "imageID": "", "ready": true, "restartCount": 2, "state": {"running": {}}}],
        },
    })
}

#[test]
fn a_ready_pod() {
    let facts = pod(full_pod()).unwrap();
    assert_eq!(facts.revision, RevisionKey::new("dev", "r"));
    assert_eq!((&*facts.key.namespace, &*facts.key.name, &*facts.uid), ("dev", "p", "u"));
    assert_eq!(facts.addr.map(|addr| addr.to_string()).as_deref(), Some("127.0.0.1:20001"));
    assert!(facts.ready && !facts.leaving);
    assert_eq!((facts.epoch.0.map(|at| at.to_string()).as_deref(), facts.epoch.1), (Some("2026-01-01T00:00:00Z"), 2));
    assert_eq!(facts.problem, None);
}

#[test]
fn pods_that_are_not_usable() {
    let mut leaving = full_pod();
    leaving["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    assert!(pod(leaving).unwrap().leaving);
    let mut unready = full_pod();
    unready["status"]["conditions"][1]["status"] = json!("False");
    assert!(!pod(unready).unwrap().ready);
    let mut new = full_pod();
    new["status"] = json!({});
    let new = pod(new).unwrap();
    assert_eq!((new.ready, new.addr), (false, None));
    let mut without_port = full_pod();
    without_port["spec"]["containers"][1]["ports"][0]["name"] = json!("http");
    assert_eq!(pod(without_port).unwrap().addr, None);
    let mut impossible_port = full_pod();
    impossible_port["spec"]["containers"][1]["ports"][0]["containerPort"] = json!(70_000);
    assert_eq!(pod(impossible_port).unwrap().addr, None);
    let mut of_nobody = full_pod();
    of_nobody["metadata"]["labels"] = json!({"app": "x"});
    assert!(pod(of_nobody).is_none());
}

#[test]
fn why_a_pod_does_not_start() {
    let cases = [
        (json!({"waiting": {"reason": "ContainerCreating"}}), json!({}), None),
        (json!({"running": {}}), json!({}), None),
        (
            json!({"waiting": {"reason": "RunContainerError", "message": "no such file: ./server"}}),
            json!({}),
            Some("RunContainerError: no such file: ./server"),
        ),
        (
            json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 20s"}}),
            json!({"terminated": {"exitCode": 1, "message": "boom\n"}}),
            Some("CrashLoopBackOff: exit code 1, boom"),
        ),
        (
            json!({"waiting": {"reason": "CrashLoopBackOff"}}),
            json!({"terminated": {"exitCode": 137}}),
            Some("CrashLoopBackOff: exit code 137"),
        ),
    ];
    for (state, last_state, want) in cases {
        let mut object = full_pod();
        object["status"]["containerStatuses"][0]["state"] = state;
        object["status"]["containerStatuses"][0]["lastState"] = last_state;
        assert_eq!(pod(object).unwrap().problem.as_deref(), want);
    }
}

#[test]
fn a_revision() {
    let object = json!({
        "metadata": {"name": "r", "namespace": "dev", "labels": {"serving.knative.dev/service": "s", "serving.knative.dev/configuration": "c"}},
        "spec": {
            "containerConcurrency": 10, "timeoutSeconds": 0, "responseStartTimeoutSeconds": 5, "idleTimeoutSeconds": 0,
            "containers": [{"image": "x", "ports": [{"containerPort": 8080, "name": "h2c"}]}],
        },
        "status": {"conditions": [{"type": "Ready", "status": "False", "reason": "ExitCode1", "message": "Container failed with: boom"}]},
    });
    let facts = RevisionFacts::of(&serde_json::from_value(object).unwrap());
    let want = Settings {
        limit: ebb_activator_core::Limit::of(10),
        timeout: std::time::Duration::from_secs(300),
        response_start: Some(std::time::Duration::from_secs(5)),
        idle: None,
        protocol: Protocol::H2c,
    };
    assert_eq!((facts.key, facts.settings), (RevisionKey::new("dev", "r"), want));
    assert_eq!((&*facts.service, &*facts.configuration), ("s", "c"));
    assert_eq!(facts.problem.as_deref(), Some("ExitCode1: Container failed with: boom"));
}

#[test]
fn a_revision_without_anything_has_the_defaults() {
    let facts = RevisionFacts::of(&serde_json::from_value(json!({"metadata": {"name": "r", "namespace": "dev"}})).unwrap());
    assert_eq!((facts.settings, facts.problem), (Settings::default(), None));
}
