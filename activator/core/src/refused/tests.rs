//! What clients are told, as one table.

use std::collections::BTreeSet;

use super::*;

#[test]
fn what_a_client_is_told() {
    let revision = RevisionKey::new("dev", "shop-00001");
    let told: Vec<String> = Refused::ALL
        .iter()
        .map(|refused| {
            let retry = refused.retry_after().map_or("-".to_owned(), |after| after.as_secs().to_string());
            let (word, status, fault) = (refused.as_str(), refused.status(), refused.fault(false).as_str());
            format!("{word} {status} {fault} {} {retry} {}", refused.unseen_by_app(), refused.body(&revision))
        })
        .collect();
    let want = [
        "queue-full 503 platform true 1 pending request queue full",
        "queue-bytes-full 503 platform true 1 pending request queue full",
        "no-pod-in-time 504 platform true - activator request timeout",
        "no-place-in-time 503 platform true 1 context deadline exceeded",
        "revision-gone 404 client true - Error getting active endpoint: revision.serving.knative.dev \"shop-00001\" not found",
        "shutting-down 503 platform true 1 shutting down",
        "client-left 500 client false - ",
        "bad-body 400 client false - the body of the request is malformed",
        "connect-failed 502 app true - the app does not accept connections",
        "pod-gone 502 platform false - the pod went away during the request",
        "closed-before-answer 502 app false - the app closed the connection without an answer",
        "broken-answer 502 app false - the app's answer is broken",
        "request-timeout 504 app false - request timeout",
        "response-start-timeout 504 app false - request timeout",
        "idle-timeout 504 app false - request timeout",
    ];
    assert_eq!(told, want);
}

#[test]
fn a_known_problem_at_the_start_is_the_apps_fault() {
    assert_eq!(Refused::NoPodInTime.fault(true), Fault::App);
    assert_eq!(Refused::QueueFull.fault(true), Fault::Platform);
}

#[test]
fn the_words_are_unique() {
    let words: BTreeSet<&str> = Refused::ALL.iter().map(|refused| refused.as_str()).collect();
    assert_eq!(words.len(), Refused::ALL.len());
}
