//! Replacing.

use serde_json::json;

use super::*;

#[test]
fn keeps_only_who_made_it() {
    let service = |meta| {
        serde_json::from_value::<Service>(json!({"apiVersion": "v", "kind": "Service", "metadata": meta, "spec": {}})).expect("a service")
    };
    let old = service(json!({
        "name": "shop", "resourceVersion": "7",
        "annotations": {"serving.knative.dev/creator": "me", "serving.knative.dev/lastModifier": "you", "note": "old"},
    }));
    let new = service(json!({"name": "shop", "annotations": {"note": "new"}}));
    let want = service(json!({
        "name": "shop", "resourceVersion": "7",
        "annotations": {"serving.knative.dev/creator": "me", "serving.knative.dev/lastModifier": "you", "note": "new"},
    }));
    assert_eq!(replacement(&old, &new), want);
}
