//! Pods as they are made from a template.

use serde_json::json;

use super::*;

fn deployment() -> Deployment {
    serde_json::from_value(json!({
        "metadata": {"name": "shop-00001-deployment", "namespace": "dev", "uid": "d-uid"},
        "spec": {"selector": {}, "template": {
            "metadata": {"labels": {"app": "shop"}, "annotations": {"a": "b"}},
            "spec": {"containers": [
                {"name": "user-container", "image": "dev.local/host", "ports": [{"name": "user-port", "containerPort": 8080}],
                 "readinessProbe": {"tcpSocket": {"port": 8080}},
                 "livenessProbe": {"httpGet": {"port": "user-port", "path": "/"}},
                 "startupProbe": {"grpc": {"port": 8080}}},
                {"name": "sidecar", "readinessProbe": {"tcpSocket": {"port": 8080}}},
            ]},
        }},
    }))
    .unwrap()
}

#[test]
fn a_pod_carries_its_port_owner_and_hash() {
    let deployment = deployment();
    let template = &deployment.spec.template;
    assert!(needs_port(template));
    let hash = hash(template);
    let now = "2026-01-02T03:04:05.123456789Z".parse().unwrap();
    let name = pod_name("shop-00001-deployment", &hash, 7);
    let decided = Decided { name: name.clone(), hash: &hash, node: "box", port: Some(20_001), now };
    let pod = serde_json::to_value(pod(&deployment, template, decided)).unwrap();
    let want = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": "dev",
            "labels": {"app": "shop", "pod-template-hash": hash},
            "annotations": {"a": "b", "node.ebb.dev/created": "2026-01-02T03:04:05.123456789Z", "node.ebb.dev/declared-port": "8080"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop-00001-deployment", "uid": "d-uid",
                                 "controller": true, "blockOwnerDeletion": true}],
        },
        "spec": {"nodeName": "box", "hostNetwork": true, "containers": [
            {"name": "user-container", "image": "dev.local/host",
             "ports": [{"name": "user-port", "containerPort": 20_001, "hostPort": 20_001}],
             "readinessProbe": {"tcpSocket": {"port": "user-port"}},
             "livenessProbe": {"httpGet": {"port": "user-port", "path": "/"}},
             "startupProbe": {"grpc": {"port": 20_001}}},
            {"name": "sidecar", "readinessProbe": {"tcpSocket": {"port": 8080}}},
        ]},
    });
    assert_eq!(pod, want);
}

#[test]
fn the_hash_tells_templates_apart_and_never_changes() {
    let deployment = deployment();
    let mut template = deployment.spec.template;
    let before = hash(&template);
    assert_eq!(before, hash(&template.clone()));
    assert!(before.len() == 10 && before.bytes().all(|letter| ALPHABET.contains(&letter)));
    template.spec.as_mut().unwrap().containers[0].args = Some(vec!["-v".into()]);
    assert_ne!(before, hash(&template));
    assert_eq!(hash(&PodTemplateSpec::default()), "l7t7jbdt44");
}
