//! Names, annotations and labels of objects and templates.

use super::*;

const NOT_A_LABEL: &str = "not a DNS 1035 label: [a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')]";

#[test]
fn names() {
    let cases = [
        (json!({"name": "Shop"}), format!("{NOT_A_LABEL}: metadata.name")),
        (json!({"name": "a.b"}), format!("{NOT_A_LABEL}: metadata.name")),
        (json!({"name": "1a"}), format!("{NOT_A_LABEL}: metadata.name")),
        (json!({"name": "s".repeat(64)}), "not a DNS 1035 label: [must be no more than 63 bytes]: metadata.name".to_owned()),
        (json!({"name": null}), "name or generateName is required: metadata.name".to_owned()),
        (json!({"name": null, "generateName": "shop-"}), "fine".to_owned()),
        (
            json!({"name": null, "generateName": "Shop-"}),
            format!("{}: metadata.generateName", NOT_A_LABEL.replace("label:", "label prefix:")),
        ),
    ];
    for (meta, wanted) in cases {
        assert_eq!(verdict(&service(&json!({"metadata": meta}))), wanted, "{meta}");
    }
}

#[test]
fn annotations_of_the_object() {
    let misplaced = "autoscaling annotations must be put under \"spec.template.metadata.annotations\" to work";
    let rollout = "metadata.annotations.serving.knative.dev/rollout-duration";
    let cases = [
        (
            "autoscaling.knative.dev/min-scale",
            "1",
            format!("invalid key name \"autoscaling.knative.dev/min-scale\": metadata.annotations\n{misplaced}"),
        ),
        ("serving.knative.dev/rollout-duration", "120s", "fine".to_owned()),
        ("serving.knative.dev/rollout-duration", "soon", format!("invalid value: soon: {rollout}")),
        ("serving.knative.dev/rollout-duration", "1500ms", format!("rollout-duration=1500ms is not at second precision: {rollout}")),
        ("serving.knative.dev/rollout-duration", "-5s", format!("rollout-duration=-5s must be positive: {rollout}")),
        (
            "serving.knative.dev/rolloutDuration",
            "-5s",
            "rollout-duration=-5s must be positive: metadata.annotations.serving.knative.dev/rolloutDuration".to_owned(),
        ),
    ];
    for (key, value, wanted) in cases {
        let object = service(&json!({"metadata": {"annotations": {key: value}}}));
        assert_eq!(verdict(&object), wanted, "{key}={value}");
    }
}

#[test]
fn names_of_templates() {
    let at = "spec.template.metadata.name";
    let cases = [
        ("shop-one", "fine".to_owned()),
        ("one", format!("invalid value: \"one\" must have prefix \"shop-\": {at}")),
        ("shop", format!("invalid value: \"shop\" must have prefix \"shop-\": {at}")),
        ("Shop-one", format!("invalid value: {NOT_A_LABEL}: {at}")),
    ];
    for (name, wanted) in cases {
        let template = json!({"spec": {"template": {"metadata": {"name": name}}}});
        assert_eq!(verdict(&service(&template)), wanted, "{name}");
    }
    let generated = json!({"metadata": {"name": null, "generateName": "shop-"}, "spec": {"template": {"metadata": {"name": "shop-one"}}}});
    assert_eq!(verdict(&service(&generated)), format!("must not set the field(s): {at}"));
    let prefix = json!({"spec": {"template": {"metadata": {"generateName": "Bad-"}}}});
    assert_eq!(
        verdict(&service(&prefix)),
        format!("invalid value: {}: spec.template.metadata.generateName", NOT_A_LABEL.replace("label:", "label prefix:"))
    );
}

#[test]
fn annotations_of_templates() {
    let at = "spec.template.metadata.annotations";
    let sidecar = "queue.sidecar.serving.knative.dev";
    let cases = [
        ("networking.knative.dev/ingress.class", "mine", "fine".to_owned()),
        ("networking.knative.dev/disable-auto-tls", "true", "fine".to_owned()),
        ("networking.knative.dev/http-protocol", "Enabled", "fine".to_owned()),
        ("networking.knative.dev/visibility", "x", format!("invalid key name \"networking.knative.dev/visibility\": {at}")),
        ("serving.knative.dev/progress-deadline", "10s", "fine".to_owned()),
        (
            "serving.knative.dev/progress-deadline",
            "0s",
            format!("progress-deadline=0s must be positive: {at}.serving.knative.dev/progress-deadline"),
        ),
        ("serving.knative.dev/progress-deadline", "late", format!("invalid value: late: {at}.serving.knative.dev/progress-deadline")),
        (
            "serving.knative.dev/progress-deadline",
            "1.5s",
            format!("progress-deadline=1.5s is not at second precision: {at}.serving.knative.dev/progress-deadline"),
        ),
        (
            "serving.knative.dev/progress-deadline",
            "-1s",
            format!("progress-deadline=-1s must be positive: {at}.serving.knative.dev/progress-deadline"),
        ),
        ("queue.sidecar.serving.knative.dev/resource-percentage", "50", "fine".to_owned()),
        (
            "queue.sidecar.serving.knative.dev/resource-percentage",
            "half",
            format!("invalid value: half: {at}.[{sidecar}/resource-percentage]"),
        ),
        (
            "queue.sidecar.serving.knative.dev/resourcePercentage",
            "0.01",
            format!("expected 0.1 <= 0.01 <= 100: {at}.[{sidecar}/resourcePercentage]"),
        ),
        ("queue.sidecar.serving.knative.dev/cpu-resource-limit", "1", "fine".to_owned()),
        (
            "queue.sidecar.serving.knative.dev/memory-resource-request",
            "lots",
            format!("invalid value: lots: {at}.[{sidecar}/memory-resource-request]"),
        ),
    ];
    for (key, value, wanted) in cases {
        let object = service(&json!({"spec": {"template": {"metadata": {"annotations": {key: value}}}}}));
        assert_eq!(verdict(&object), wanted, "{key}={value}");
    }
}

#[test]
fn labels_that_name_an_owner_need_the_owner() {
    let object = |kind: &str, labels: Value, owners: Value| {
        json!({
            "apiVersion": "serving.knative.dev/v1", "kind": kind,
            "metadata": {"name": "shop", "namespace": "dev", "labels": labels, "ownerReferences": owners},
            "spec": {
                "template": {"spec": {"containers": [{"image": "dev.local/host"}]}},
                "containers": [{"image": "dev.local/host"}],
                "traffic": [{"configurationName": "shop", "percent": 100}]
            }
        })
    };
    let owner = |kind: &str, name: &str| json!([{"apiVersion": "serving.knative.dev/v1", "kind": kind, "name": name, "uid": "1"}]);
    let configs = Snapshots::default();
    for (resource, kind, label, owner_kind) in [
        ("configurations", "Configuration", "serving.knative.dev/service", "Service"),
        ("routes", "Route", "serving.knative.dev/service", "Service"),
        ("revisions", "Revision", "serving.knative.dev/configuration", "Configuration"),
    ] {
        let missing = format!("missing field(s): metadata.labels.{label}");
        for (owners, wanted) in [
            (Value::Null, missing.as_str()),
            (owner(owner_kind, "other"), missing.as_str()),
            (owner("Job", "shop"), missing.as_str()),
            (owner(owner_kind, "shop"), "fine"),
        ] {
            assert_eq!(verdict_under(&configs, resource, &object(kind, json!({label: "shop"}), owners.clone())), wanted, "{kind} {owners}");
        }
    }
}
