//! EndpointSlices as they are planned.

use serde_json::{Value, json};

use super::*;

fn service(spec: Value) -> Service {
    let mut whole = json!({"selector": {"app": "shop"}, "ports": [{"name": "http", "port": 80, "targetPort": "user-port"}]});
    whole.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    serde_json::from_value(json!({"metadata": {"name": "shop", "namespace": "dev", "uid": "s-uid"}, "spec": whole})).unwrap()
}

fn pod(name: &str, port: u16, ready: bool) -> Arc<Pod> {
    let pod = json!({
        "metadata": {"name": name, "namespace": "dev", "uid": format!("{name}-uid"), "labels": {"app": "shop", "other": "x"}},
        "spec": {"nodeName": "box", "containers": [{"name": "c", "ports": [{"name": "user-port", "containerPort": port}]}]},
        "status": {"phase": "Running", "podIP": "127.0.0.1", "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}]},
    });
    Arc::new(serde_json::from_value(pod).unwrap())
}

#[test]
fn every_port_has_a_slice() {
    let plan = plan(Some(&service(json!({}))), &[pod("b", 20_002, false), pod("a", 20_001, true)], &[]);
    assert_eq!(plan.create.iter().map(ResourceExt::name_any).collect::<Vec<_>>(), ["shop-20001", "shop-20002"]);
    let want = json!({
        "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
        "metadata": {
            "name": "shop-20001", "namespace": "dev",
            "labels": {"kubernetes.io/service-name": "shop", "endpointslice.kubernetes.io/managed-by": "ebb-node"},
            "ownerReferences": [{"apiVersion": "v1", "kind": "Service", "name": "shop", "uid": "s-uid",
                                 "controller": true, "blockOwnerDeletion": true}],
        },
        "ports": [{"name": "http", "port": 20_001, "protocol": "TCP"}],
        "endpoints": [{
            "addresses": ["127.0.0.1"], "nodeName": "box", "conditions": {"ready": true, "serving": true, "terminating": false},
            "targetRef": {"kind": "Pod", "name": "a", "namespace": "dev", "uid": "a-uid"},
        }],
    });
    assert_eq!(serde_json::to_value(&plan.create[0]).unwrap(), want);
}

#[test]
fn the_plan_of_an_applied_plan_is_empty_and_changes_are_replaced() {
    let service = service(json!({}));
    let first = plan(Some(&service), &[pod("a", 20_001, false)], &[]);
    let existing: Vec<_> = first.create.into_iter().map(Arc::new).collect();
    assert_eq!(plan(Some(&service), &[pod("a", 20_001, false)], &existing), Plan::default());
    let ready = plan(Some(&service), &[pod("a", 20_001, true)], &existing);
    assert_eq!((ready.create.len(), ready.replace.len(), ready.delete.len()), (0, 1, 0));
    for gone in [plan(Some(&service), &[], &existing), plan(None, &[pod("a", 20_001, true)], &existing)] {
        assert_eq!(gone, Plan { delete: vec!["shop-20001".into()], ..Plan::default() });
    }
}

#[test]
fn what_others_keep_is_left_alone() {
    let mut other = plan(Some(&service(json!({}))), &[pod("a", 20_001, true)], &[]).create.remove(0);
    other.metadata.labels.as_mut().unwrap().insert(MANAGED_LABEL.into(), "somebody".into());
    assert_eq!(plan(None, &[], &[Arc::new(other)]), Plan::default());
}

#[test]
fn services_without_pods_of_their_own_have_no_slices() {
    for spec in [
        json!({"selector": {}}),
        json!({"selector": {"app": "other"}}),
        json!({"type": "ExternalName"}),
        json!({"ports": [{"port": 80, "targetPort": "no-such-port"}]}),
    ] {
        assert_eq!(plan(Some(&service(spec.clone())), &[pod("a", 20_001, true)], &[]), Plan::default(), "{spec}");
    }
}
