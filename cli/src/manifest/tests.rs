//! What people write.

use super::*;

#[test]
fn reads_services() {
    let yaml = "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata:\n  name: shop\nspec:\n  template:\n    spec:\n      containers:\n      - image: x\n---\nkind: Other\n";
    let read = service(yaml).expect("a service");
    assert_eq!(read.spec.template.spec.pod.containers[0].image.as_deref(), Some("x"));
    let json = r#"{"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "shop"}, "spec": {}}"#;
    assert_eq!(service(json).expect("a service").metadata.name.as_deref(), Some("shop"));
}

#[test]
fn says_what_is_wrong() {
    let cases = [
        ("kind: Deployment\n", "it holds a Deployment, not a Service"),
        ("", "it is empty"),
        ("a: [", "it is neither YAML nor JSON"),
        ("apiVersion: v\nkind: Service\nspec: {template: {spec: {containers: 5}}}\n", "it is no valid Service"),
    ];
    for (text, want) in cases {
        let error = format!("{:#}", service(text).expect_err(text));
        assert!(error.starts_with(want), "{text}: {error}");
    }
}

#[test]
fn reads_containers() {
    assert_eq!(containers("").expect("none"), []);
    let read = containers("containers:\n- name: a\n  image: x\n").expect("one");
    assert_eq!(read[0].name, "a");
}

#[test]
fn reads_exports() {
    let text = "kind: Export\nspec:\n  service: {apiVersion: serving.knative.dev/v1, kind: Service, metadata: {name: shop}, spec: {}}\n  revisions:\n";
    let read = export(text).expect("an export");
    assert_eq!((read.service.metadata.name.as_deref(), read.revisions.len()), (Some("shop"), 0));
    for text in ["kind: Service\n", "spec: {service: {kind: Service, apiVersion: v}}\n"] {
        let error = export(text).expect_err(text).to_string();
        assert!(error.starts_with("provided import file doesn't contain service name"), "{error}");
    }
}

#[test]
fn reads_profiles() {
    let text = "profiles:\n  mine:\n    labels:\n    - {name: a, value: b}\n    annotations:\n    - {name: c, value: d}\n";
    let read = profile(text, "mine").expect("a profile");
    assert_eq!((read.labels["a"].as_str(), read.annotations["c"].as_str()), ("b", "d"));
    assert_eq!(profile(text, "other").expect("none"), Profile::default());
}
