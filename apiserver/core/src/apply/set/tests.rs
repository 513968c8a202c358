//! FieldsV1 as other servers write it.

use serde_json::json;

use super::Set;

#[test]
fn the_json_of_a_set_is_upstreams() {
    let text = json!({
        "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
        "f:spec": {
            "f:ports": {".": {}, "k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:port": {}}},
            "f:set": {"v:\"a\"": {}, "v:1": {}},
            "f:list": {"i:0": {}},
        },
    });
    let set = Set::from_json(&text).unwrap();
    assert_eq!(set.to_json(), text);
    let paths: Vec<String> = set.paths().iter().map(|path| crate::apply::show(path)).collect();
    let wanted = [
        ".metadata.labels",
        ".metadata.labels.app",
        ".spec.ports",
        ".spec.list[0]",
        ".spec.ports[port=80,protocol=\"TCP\"]",
        ".spec.ports[port=80,protocol=\"TCP\"].port",
        ".spec.set[=1]",
        ".spec.set[=\"a\"]",
    ];
    assert_eq!(paths, wanted);
}

#[test]
fn members_are_written_in_one_order() {
    let set =
        Set::from_json(&json!({"f:b": {}, "v:2": {}, "k:{\"b\":1,\"a\":2}": {}, "f:a": {"f:z": {}, ".": {}}, "i:3": {}, "v:1.5": {}}));
    let wanted = r#"{"f:a":{".":{},"f:z":{}},"f:b":{},"k:{\"a\":2,\"b\":1}":{},"v:1.5":{},"v:2":{},"i:3":{}}"#;
    assert_eq!(set.unwrap().to_json().to_string(), wanted);
}

#[test]
fn what_is_no_set_is_refused_and_what_is_unknown_passed_over() {
    for wrong in
        [json!({"x": {}}), json!({"f": {}}), json!({"i:x": {}}), json!({"k:1": {}}), json!({"v:": {}}), json!({"f:a": 1}), json!([])]
    {
        assert_eq!(Set::from_json(&wrong), None, "{wrong}");
    }
    assert_eq!(Set::from_json(&json!({"x:a": {"f:b": {}}, "f:c": {}})), Some(Set::of([["c"].as_slice()])));
    assert_eq!(Set::from_json(&json!(null)), Some(Set::default()));
}
