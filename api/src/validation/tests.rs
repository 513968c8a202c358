//! Case tables of rules, through admission, so that each complaint is the one that an author reads.

mod metadata;
mod other_kinds;
mod pod;
mod scaling;
mod traffic;

use serde_json::{Value, json};

use crate::admission::{AdmissionRequest, Operation, admit};
use crate::config::Snapshots;

/// Snapshots with these ConfigMaps.
fn configs(maps: &[(&str, &[(&str, &str)])]) -> Snapshots {
    maps.iter().fold(Snapshots::default(), |configs, (name, data)| {
        let data = data.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        configs.with(name, &data).unwrap()
    })
}

/// Snapshots with these features, each `key=value`.
fn features(flags: &[&str]) -> Snapshots {
    let flags: Vec<(&str, &str)> = flags.iter().map(|flag| flag.split_once('=').unwrap()).collect();
    configs(&[("config-features", &flags)])
}

/// `base` with `patch` merged in; null removes.
fn merged(mut base: Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else { return patch.clone() };
    if !base.is_object() {
        base = json!({});
    }
    for (key, patch) in patch {
        if patch.is_null() {
            base.as_object_mut().unwrap().remove(key);
        } else {
            base[key.as_str()] = merged(base[key.as_str()].take(), patch);
        }
    }
    base
}

/// A Service that is fine, but for this.
fn service(patch: &Value) -> Value {
    let base = json!({
        "apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "shop", "namespace": "dev"},
        "spec": {"template": {"spec": {"containers": [{"image": "dev.local/host"}]}}}
    });
    merged(base, patch)
}

/// A Service whose template's spec is this.
fn with_spec(spec: &Value) -> Value {
    service(&json!({"spec": {"template": {"spec": spec}}}))
}

/// A Service whose one container is fine, but for this.
fn with_container(patch: &Value) -> Value {
    with_spec(&json!({"containers": [merged(json!({"image": "dev.local/host"}), patch)]}))
}

/// What the author of a new object reads, without what stands before every complaint; `fine` if it is admitted.
fn verdict_under(configs: &Snapshots, resource: &str, object: &Value) -> String {
    let group = match resource {
        "podautoscalers" => "autoscaling.internal.knative.dev",
        "ingresses" => "networking.internal.knative.dev",
        _ => "serving.knative.dev",
    };
    let request = AdmissionRequest {
        operation: Operation::Create,
        group,
        version: "v1",
        kind: "",
        resource,
        subresource: None,
        namespace: "dev",
        name: "",
        user: "ada",
        object: Some(object),
        old: None,
        dry_run: false,
    };
    let before = "admission webhook \"validation.webhook.serving.knative.dev\" denied the request: validation failed: ";
    match admit(request, configs) {
        Ok(_) => "fine".to_owned(),
        Err(refusal) => refusal.strip_prefix(before).map_or(refusal.clone(), str::to_owned),
    }
}

fn verdict(object: &Value) -> String {
    verdict_under(&Snapshots::default(), "services", object)
}

/// Every case: what differs from a fine container, and the verdict.
fn containers(cases: &[(Value, &str)]) {
    for (patch, wanted) in cases {
        assert_eq!(verdict(&with_container(patch)), *wanted, "{patch}");
    }
}
