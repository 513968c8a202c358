//! Which pods run here.

use serde_json::json;

use super::*;

fn pod(spec: serde_json::Value) -> Pod {
    serde_json::from_value(json!({"metadata": {"name": "p"}, "spec": spec})).unwrap()
}

#[test]
fn what_waits_runs_here_unless_something_speaks_against_it() {
    let labels = [("kubernetes.io/os", "linux"), ("kubernetes.io/hostname", "box")];
    let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    let term = json!({"topologyKey": "kubernetes.io/hostname"});
    let cases = [
        (json!({}), "here"),
        (json!({"schedulerName": "default-scheduler", "nodeName": ""}), "here"),
        (json!({"nodeSelector": {"kubernetes.io/os": "linux"}}), "here"),
        (
            json!({"affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1, "podAffinityTerm": term}]}}}),
            "here",
        ),
        (json!({"nodeName": "box"}), "not ours"),
        (json!({"schedulerName": "mine"}), "not ours"),
        (json!({"schedulingGates": [{"name": "example.com/later"}]}), "not ours"),
        (json!({"nodeSelector": {"kubernetes.io/os": "windows"}}), "nowhere"),
        (json!({"nodeSelector": {"disk": "fast"}}), "nowhere"),
        (json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}}}), "nowhere"),
        (json!({"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}}), "nowhere"),
    ];
    for (mut spec, expected) in cases {
        spec["containers"] = json!([{"name": "c"}]);
        let found = match fit(&pod(spec.clone()), &labels) {
            Fit::Here => "here",
            Fit::Nowhere(_) => "nowhere",
            Fit::NotOurs => "not ours",
        };
        assert_eq!(found, expected, "{spec}");
    }
    let mut ending = pod(json!({"containers": []}));
    ending.metadata.deletion_timestamp = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(jiff::Timestamp::UNIX_EPOCH));
    assert_eq!(fit(&ending, &labels), Fit::NotOurs);
}

#[test]
fn what_is_said_is_not_said_again() {
    let mut waiting = pod(json!({"containers": []}));
    assert!(!says(&waiting, "no"));
    let condition = json!({"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no"});
    waiting.status = serde_json::from_value(json!({"conditions": [condition]})).unwrap();
    assert!(says(&waiting, "no") && !says(&waiting, "another reason"));
}
