//! Case tables of what means the same.

use serde_json::json;

use super::*;

#[test]
fn nothing_is_nothing_however_it_is_written() {
    for (a, b) in [
        (json!({}), json!({"a": null, "b": "", "c": [], "d": {"e": {}}})),
        (json!({"resources": {"limits": {"cpu": "1"}}}), json!({"resources": {"limits": {"cpu": "1000m"}}})),
        (json!({"emptyDir": {"sizeLimit": "1Gi"}}), json!({"emptyDir": {"sizeLimit": "1024Mi"}})),
    ] {
        assert!(equal(&a, &b) && equal(&b, &a), "{a} {b}");
    }
    for (a, b) in [
        (json!({"a": false}), json!({})),
        (json!({"a": [{}]}), json!({"a": []})),
        (json!({"env": "1"}), json!({"env": "1000m"})),
        (json!({"a": [1, 2]}), json!({"a": [2, 1]})),
    ] {
        assert!(!equal(&a, &b) && !equal(&b, &a), "{a} {b}");
    }
}

#[test]
fn a_diff_says_where_and_what() {
    let old = json!({"spec": {"containers": [{"image": "a", "args": ["x"]}]}});
    let new = json!({"spec": {"containers": [{"image": "b", "args": ["x", "y"]}], "timeoutSeconds": 5}});
    assert_eq!(
        diff(&old, &new),
        "spec.containers[0].image:\n\t-: \"a\"\n\t+: \"b\"\nspec.containers[0].args[1]:\n\t+: \"y\"\nspec.timeoutSeconds:\n\t+: \"5\"\n"
    );
    assert_eq!(diff(&old, &old), "");
}
