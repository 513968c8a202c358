//! Case tables for the environment of a container.

use k8s_openapi::ByteString;
use serde_json::json;

use super::*;

fn pod() -> Pod {
    serde_json::from_value(json!({
        "metadata": {"name": "p", "namespace": "dev", "uid": "u", "labels": {"app": "shop"}, "annotations": {"a/b": "c"}},
        "spec": {"nodeName": "box", "containers": [{"name": "c", "resources": {"limits": {"cpu": "1500m", "memory": "64Mi"}}}]},
    }))
    .unwrap()
}

fn config_map(name: &str) -> Option<Arc<ConfigMap>> {
    let data = BTreeMap::from([("colour".to_owned(), "red".to_owned()), ("bad=name".to_owned(), "x".to_owned())]);
    (name == "settings").then(|| Arc::new(ConfigMap { data: Some(data), ..ConfigMap::default() }))
}

fn secret(name: &str) -> Option<Arc<Secret>> {
    let values = match name {
        "keys" => vec![("token", b"s3cret".to_vec())],
        "binary" => vec![("blob", vec![0xff, 0xfe])],
        _ => return None,
    };
    let data = values.into_iter().map(|(key, value)| (key.to_owned(), ByteString(value))).collect();
    Some(Arc::new(Secret { data: Some(data), ..Secret::default() }))
}

fn run(container: serde_json::Value, port: Option<u16>) -> Result<Vec<String>, String> {
    let mut merged = json!({"name": "c", "resources": {"limits": {"cpu": "1500m", "memory": "64Mi"}}});
    merged.as_object_mut().unwrap().extend(container.as_object().unwrap().clone());
    let container: Container = serde_json::from_value(merged).unwrap();
    let sources = Sources { config_map: &config_map, secret: &secret, pod_ip: "127.0.0.1" };
    let variables = variables(&pod(), &container, port, &sources).map_err(|error| error.to_string())?;
    Ok(variables.into_iter().map(|(name, value)| format!("{name}={value}")).collect())
}

#[test]
fn values_and_references_are_put_together() {
    let cases = [
        (json!({}), vec![]),
        (json!({"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)$(C)"}, {"name": "C"}]}), vec!["A=1", "B=1$(C)", "C="]),
        (json!({"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "$(A)2"}]}), vec!["A=12"]),
        (json!({"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "colour"}}}]}), vec!["A=red"]),
        (json!({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "token"}}}]}), vec!["A=s3cret"]),
        (json!({"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "gone", "key": "x", "optional": true}}}]}), vec![]),
        (json!({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "x", "optional": true}}}]}), vec![]),
        (json!({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]}), vec!["A=p"]),
        (json!({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}}]}), vec!["A=shop"]),
        (json!({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.annotations['a/b']"}}}]}), vec!["A=c"]),
        (json!({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]}), vec!["A=127.0.0.1"]),
        (json!({"env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}]}), vec!["A=2"]),
        (json!({"env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}}]}), vec!["A=64"]),
        (json!({"envFrom": [{"configMapRef": {"name": "settings"}}]}), vec!["colour=red"]),
        (json!({"envFrom": [{"prefix": "P_", "secretRef": {"name": "keys"}}]}), vec!["P_token=s3cret"]),
        (json!({"envFrom": [{"secretRef": {"name": "gone", "optional": true}}]}), vec![]),
        (json!({"envFrom": [{"configMapRef": {"name": "settings"}}], "env": [{"name": "colour", "value": "blue"}]}), vec!["colour=blue"]),
        (
            json!({"envFrom": [{"configMapRef": {"name": "settings"}}], "env": [{"name": "A", "value": "$(colour)"}]}),
            vec!["A=$(colour)", "colour=red"],
        ),
    ];
    for (container, want) in cases {
        assert_eq!(run(container.clone(), None).unwrap(), want, "{container}");
    }
}

#[test]
fn the_chosen_port_wins_and_references_see_it() {
    let container = json!({"env": [{"name": "PORT", "value": "8080"}, {"name": "URL", "value": "http://localhost:$(PORT)"}]});
    assert_eq!(run(container.clone(), Some(20_001)).unwrap(), ["PORT=20001", "URL=http://localhost:20001"]);
    assert_eq!(run(container, None).unwrap(), ["PORT=8080", "URL=http://localhost:8080"]);
    assert_eq!(run(json!({}), Some(20_001)).unwrap(), ["PORT=20001"]);
}

#[test]
fn references_that_lead_nowhere_say_what_is_missing() {
    let cases = [
        (
            json!({"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "gone", "key": "x"}}}]}),
            r#"ConfigMap "gone" does not exist (needed by environment variable A)"#,
        ),
        (
            json!({"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "x"}}}]}),
            r#"ConfigMap "settings" has no key "x" (needed by environment variable A)"#,
        ),
        (
            json!({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "gone", "key": "x"}}}]}),
            r#"Secret "gone" does not exist (needed by environment variable A)"#,
        ),
        (
            json!({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "x"}}}]}),
            r#"Secret "keys" has no key "x" (needed by environment variable A)"#,
        ),
        (json!({"envFrom": [{"secretRef": {"name": "gone"}}]}), r#"Secret "gone" does not exist (needed by envFrom)"#),
        (
            json!({"envFrom": [{"secretRef": {"name": "binary"}}]}),
            "the value of blob cannot be put in the environment: it is not UTF-8 text, or contains a NUL byte",
        ),
        (
            json!({"env": [{"name": "A", "value": "a\u{0}b"}]}),
            "the value of A cannot be put in the environment: it is not UTF-8 text, or contains a NUL byte",
        ),
        (
            json!({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.what"}}}]}),
            "environment variable A refers to spec.what, which is not a field that the environment can hold",
        ),
    ];
    for (container, want) in cases {
        assert_eq!(run(container.clone(), None).unwrap_err(), want, "{container}");
    }
}
