//! Applies at a scripted server.

use serde_json::json;

use super::*;
use crate::connect::script::{SERVICES, Script, service, status};

fn typed(value: Value) -> Service {
    serde_json::from_value(value).expect("a service")
}

fn declared(image: &str) -> Service {
    let declared = json!({
        "apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "shop", "namespace": "dev"},
        "spec": {"template": {"spec": {"containers": [{"name": "", "image": image}]}}},
    });
    merge::remembering(&typed(declared)).expect("fits")
}

async fn run_on(script: &Script, image: &str) -> bool {
    let current = typed(service("5", 1, 1, "True", ""));
    let applied = patch(&script.session(), current, &declared(image)).await.expect("applied");
    script.is_over();
    matches!(applied, Applied::Changed(_))
}

#[tokio::test]
async fn sends_a_merge_patch() {
    let script = Script::default();
    script.answer(&format!("PATCH {SERVICES}/shop"), 200, service("6", 2, 1, "True", ""));
    assert!(run_on(&script, "other").await);
    let sent = &script.sent()[0];
    assert_eq!(sent["spec"]["template"]["spec"]["containers"], json!([{"image": "other", "name": ""}]));
    assert!(sent["metadata"]["annotations"][LAST_APPLIED].is_string());
}

#[tokio::test]
async fn a_patch_that_the_server_undoes_changes_nothing() {
    let script = Script::default();
    script.answer(&format!("PATCH {SERVICES}/shop"), 200, service("6", 1, 1, "True", ""));
    assert!(!run_on(&script, "dev.local/host").await);
}

#[tokio::test(start_paused = true)]
async fn a_lost_race_is_run_again() {
    let script = Script::default();
    script.answer(&format!("PATCH {SERVICES}/shop"), 409, status(409, "Conflict", "somebody was faster"));
    script.answer(&format!("GET {SERVICES}/shop"), 200, service("6", 1, 1, "True", ""));
    script.answer(&format!("PATCH {SERVICES}/shop"), 200, service("7", 2, 1, "True", ""));
    assert!(run_on(&script, "other").await);
}
