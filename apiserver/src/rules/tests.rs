//! Case tables.

use serde_json::{Value, json};

use super::{Propagation, bear, condemn, differ, fit_to_path, is_over, raise_generation};
use crate::kinds::{Kind, builtin};

fn kind(resource: &str) -> Kind {
    builtin::all().into_iter().find(|kind| kind.resource == resource).unwrap()
}

#[test]
fn only_what_counts_raises_the_generation() {
    let deployments = kind("deployments");
    let old = json!({"metadata": {"generation": 3}, "spec": {"replicas": 1}, "status": {"replicas": 1}});
    type Change = fn(&mut Value);
    let cases: [(Change, i64); 6] = [
        (|new| new["metadata"]["labels"] = json!({"a": "b"}), 3),
        (|new| new["status"]["replicas"] = 2.into(), 3),
        (|new| new["spec"]["replicas"] = 2.into(), 4),
        (|new| new["other"] = 1.into(), 4),
        (|new| new["spec"]["template"] = json!({"metadata": {}, "volumes": [], "name": null}), 3),
        (|new| new["spec"]["template"] = json!({"metadata": {"name": ""}}), 4),
    ];
    for (change, generation) in cases {
        let mut new = old.clone();
        change(&mut new);
        raise_generation(&deployments, &deployments.versions[0], &old, &mut new);
        assert_eq!(new["metadata"]["generation"], generation, "{new}");
    }
    let maps = kind("configmaps");
    let mut new = json!({"metadata": {}, "data": {"a": "b"}});
    raise_generation(&maps, &maps.versions[0], &json!({"metadata": {}}), &mut new);
    assert_eq!(new["metadata"].get("generation"), None);
}

#[test]
fn the_version_alone_is_no_difference() {
    let old = json!({"metadata": {"name": "a", "resourceVersion": "1"}, "spec": {"x": 1, "y": 2}});
    let same = json!({"spec": {"y": 2, "x": 1}, "metadata": {"resourceVersion": "2", "name": "a"}});
    assert!(!differ(&old, &same));
    for other in [json!({"metadata": {"name": "a"}}), json!({"metadata": {"name": "b"}, "spec": {"x": 1, "y": 2}})] {
        assert!(differ(&old, &other) && differ(&other, &old));
    }
}

#[test]
fn a_new_object_has_nothing_of_what_the_server_sets() {
    let pods = kind("pods");
    let mut pod = json!({"metadata": {"name": "p", "uid": "mine", "generation": 9, "deletionTimestamp": "x", "managedFields": []},
        "status": {"phase": "Running"}});
    bear(&pods, &pods.versions[0], &mut pod, "now", "new".into());
    let wanted =
        json!({"metadata": {"name": "p", "uid": "new", "generation": 1, "creationTimestamp": "now"}, "status": {"phase": "Pending"}});
    assert_eq!(pod, wanted);
    let nodes = kind("nodes");
    let mut node = json!({"metadata": {"name": "n"}, "status": {"phase": "kept"}});
    bear(&nodes, &nodes.versions[0], &mut node, "now", "new".into());
    assert_eq!(node["status"]["phase"], "kept");
}

#[test]
fn a_deletion_leaves_marks_only_where_something_holds() {
    let maps = kind("configmaps");
    let mut free = json!({"metadata": {"name": "a"}});
    condemn(&mut free, 0, "now", Propagation::Background);
    assert!(is_over(&maps, &free));
    let mut held = json!({"metadata": {"name": "a", "finalizers": ["x/y", "orphan"], "generation": 1}});
    condemn(&mut held, 0, "now", Propagation::Foreground);
    assert!(!is_over(&maps, &held));
    assert_eq!((&held["metadata"]["finalizers"], &held["metadata"]["generation"]), (&json!(["x/y", "foregroundDeletion"]), &json!(2)));
    condemn(&mut held, 0, "later", Propagation::Background);
    assert_eq!((&held["metadata"]["finalizers"], &held["metadata"]["deletionTimestamp"]), (&json!(["x/y"]), &json!("now")));
}

#[test]
fn grace_only_becomes_shorter() {
    let pods = kind("pods");
    let mut pod = json!({"metadata": {"name": "p"}});
    condemn(&mut pod, 30, "in 30", Propagation::Background);
    condemn(&mut pod, 60, "in 60", Propagation::Background);
    assert_eq!(pod["metadata"]["deletionGracePeriodSeconds"], 30);
    assert!(!is_over(&pods, &pod));
    condemn(&mut pod, 0, "now", Propagation::Background);
    assert!(is_over(&pods, &pod));
    assert_eq!(pod["metadata"]["deletionTimestamp"], "now");
}

#[test]
fn a_body_is_completed_from_its_path() {
    let mut body = json!({"data": {}});
    fit_to_path(&kind("configmaps"), "v1", "dev", "m", &mut body).unwrap();
    assert_eq!(body, json!({"data": {}, "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "dev", "name": "m"}}));
    let mut node = json!({"metadata": {"name": "n", "namespace": "dev"}});
    fit_to_path(&kind("nodes"), "v1", "", "n", &mut node).unwrap();
    assert_eq!(node["metadata"], json!({"name": "n"}));
}
