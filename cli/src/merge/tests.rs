//! Three-way merges.

use serde_json::json;

use super::*;

#[test]
fn merges() {
    // Last applied, declared, current → patch.
    let cases = [
        (json!({"a": 1}), json!({"a": 1}), json!({"a": 1}), json!({})),
        (json!({"a": 1}), json!({"a": 2}), json!({"a": 1}), json!({"a": 2})),
        (json!({"a": 1, "b": 1}), json!({"a": 1}), json!({"a": 1, "b": 1}), json!({"b": null})),
        (json!({"a": 1}), json!({"a": 1}), json!({"a": 1, "theirs": 1}), json!({})),
        (json!({"x": {"a": 1, "b": 2}}), json!({"x": {"a": 3}}), json!({"x": {"a": 1, "b": 2, "c": 3}}), json!({"x": {"a": 3, "b": null}})),
        (json!({"l": [1]}), json!({"l": [1, 2]}), json!({"l": [1]}), json!({"l": [1, 2]})),
        (json!(null), json!({"a": {"b": 1}}), json!({"c": 1}), json!({"a": {"b": 1}})),
    ];
    for (last, declared, current, want) in cases {
        let last = Some(last).filter(|last| !last.is_null());
        assert_eq!(three_way(last.as_ref(), &declared, &current), want, "{last:?} {declared} {current}");
    }
}

fn service(value: Value) -> Service {
    serde_json::from_value(value).expect("a service")
}

#[test]
fn remembers_the_declaration() {
    let declared = service(json!({
        "apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "shop", "annotations": {LAST_APPLIED: "old"}},
        "spec": {"template": {"spec": {"containers": [{"name": "", "image": "x"}]}}},
    }));
    let remembering = remembering(&declared).expect("fits");
    let want = json!({
        "apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "shop", "annotations": {}},
        "spec": {"template": {"metadata": {}, "spec": {"containers": [{"image": "x", "name": ""}]}}},
    });
    assert_eq!(last_applied(&remembering).expect("json"), Some(want));
}

#[test]
fn compares_without_what_the_server_fills_in() {
    let current = service(json!({
        "apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "shop", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"template": {"spec": {"containers": [{"name": "user-container", "image": "x", "resources": {}}]}}},
        "status": {"url": "http://x"},
    }));
    let want = json!({
        "apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "shop"},
        "spec": {"template": {"metadata": {}, "spec": {"containers": [{"image": "x"}]}}},
    });
    assert_eq!(comparable(&current).expect("json"), want);
}

#[test]
fn a_merge_of_the_merged_changes_nothing() {
    let (last, declared) = (json!({"a": 1, "b": {"c": 1, "d": 2}}), json!({"a": 2, "b": {"c": 1}}));
    let mut current = json!({"a": 1, "b": {"c": 1, "d": 2}, "e": 3});
    let patch = three_way(Some(&last), &declared, &current);
    current["a"] = patch["a"].clone();
    current["b"].as_object_mut().expect("a map").remove("d");
    assert_eq!(three_way(Some(&declared), &declared, &current), json!({}));
}
