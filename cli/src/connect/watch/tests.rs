//! Waits at a scripted server, in virtual time.

use std::sync::Mutex;

use serde_json::{Value, json};

use super::*;
use crate::connect::script::{SERVICES, Script, event, service, status};

fn limits() -> Limits {
    Limits { timeout: Duration::from_secs(600), window: Duration::from_secs(2) }
}

fn typed(value: Value) -> Service {
    serde_json::from_value(value).expect("a service")
}

/// Waits, and returns what was said and how it ended.
async fn wait(script: &Script, from: Option<Service>) -> (Vec<String>, Result<String>) {
    let said = Mutex::new(Vec::new());
    let session = script.session();
    let say = |line: &str| said.lock().expect("not poisoned").push(line.split_once("s ").map_or(line, |(_, text)| text).to_owned());
    let outcome = until_ready(&session, "shop", from, limits(), say).await;
    let outcome = outcome.map(|ready| ready.service.resource_version().unwrap_or_default());
    script.is_over();
    (said.into_inner().expect("not poisoned"), outcome)
}

fn watch_from(version: &str) -> String {
    format!("GET {SERVICES}?&watch=true&timeoutSeconds=630&fieldSelector=metadata.name%3Dshop&resourceVersion={version}")
}

#[tokio::test(start_paused = true)]
async fn goes_on_from_what_is_known() {
    let script = Script::default();
    let events = vec![
        event("MODIFIED", service("6", 1, 0, "True", "old")),
        event("MODIFIED", service("7", 1, 1, "Unknown", "one")),
        event("MODIFIED", service("8", 1, 1, "Unknown", "one")),
        event("MODIFIED", service("9", 1, 1, "True", "")),
    ];
    script.watch(&watch_from("5"), events);
    let (said, outcome) = wait(&script, Some(typed(service("5", 1, 0, "Unknown", "")))).await;
    assert_eq!((said, outcome.expect("ready")), (vec!["one".to_owned(), "...".to_owned()], "9".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn what_is_ready_needs_no_request() {
    let (_, outcome) = wait(&Script::default(), Some(typed(service("5", 1, 1, "True", "")))).await;
    assert_eq!(outcome.expect("ready"), "5");
}

#[tokio::test(start_paused = true)]
async fn it_need_not_exist_yet() {
    let script = Script::default();
    script.watch(&watch_from(""), vec![event("ADDED", service("5", 1, 1, "True", ""))]);
    assert_eq!(wait(&script, None).await.1.expect("ready"), "5");
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_ends_is_opened_again_from_where_things_are() {
    let script = Script::default();
    script.short_watch(&watch_from("5"), vec![event("ERROR", status(410, "Expired", "too old"))]);
    script.answer(&format!("GET {SERVICES}/shop"), 200, service("8", 1, 1, "Unknown", "later"));
    script.watch(&watch_from("8"), vec![event("MODIFIED", service("9", 1, 1, "True", ""))]);
    let (said, outcome) = wait(&script, Some(typed(service("5", 1, 0, "Unknown", "")))).await;
    assert_eq!((said, outcome.expect("ready")), (vec!["later".to_owned()], "9".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_lasts_ends_the_wait() {
    let script = Script::default();
    script.watch(&watch_from("5"), vec![event("MODIFIED", service("6", 1, 1, "False", "it broke"))]);
    let start = Instant::now();
    let (_, outcome) = wait(&script, Some(typed(service("5", 1, 0, "Unknown", "")))).await;
    assert_eq!(outcome.expect_err("failed").to_string(), "Reason: it broke");
    assert_eq!(start.elapsed().as_secs(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_wait_is_bounded() {
    let script = Script::default();
    script.watch(&watch_from("5"), vec![]);
    let start = Instant::now();
    let (_, outcome) = wait(&script, Some(typed(service("5", 1, 0, "Unknown", "")))).await;
    assert_eq!(outcome.expect_err("late").to_string(), "timeout: service 'shop' not ready after 600 seconds");
    assert_eq!(start.elapsed().as_secs(), 600);
}

async fn gone(script: &Script) -> Result<()> {
    let session = script.session();
    let outcome = until_gone(&session, &session.services(), "service", "shop", "5", Duration::from_secs(600)).await;
    script.is_over();
    outcome
}

#[tokio::test(start_paused = true)]
async fn waits_until_it_is_gone() {
    let script = Script::default();
    let events = vec![event("MODIFIED", service("6", 1, 1, "True", "")), event("DELETED", service("7", 1, 1, "True", ""))];
    script.watch(&watch_from("5"), events);
    gone(&script).await.expect("gone");

    let script = Script::default();
    script.short_watch(&watch_from("5"), vec![]);
    script.answer(&format!("GET {SERVICES}/shop"), 404, status(404, "NotFound", "gone"));
    gone(&script).await.expect("gone");

    let script = Script::default();
    script.watch(
        &watch_from("5"),
        vec![json!({"type": "BOOKMARK", "object": {"kind": "Service", "apiVersion": "v", "metadata": {"resourceVersion": "9"}}})],
    );
    let error = gone(&script).await.expect_err("late").to_string();
    assert_eq!(error, "timeout: service 'shop' not ready after 600 seconds");
}
