//! Waits, told as lists of what is seen and when.

use serde_json::json;

use super::*;

fn limits() -> Limits {
    Limits { timeout: Duration::from_secs(600), window: Duration::from_secs(2) }
}

fn service(generation: i64, observed: Option<i64>, status: &str, reason: &str, message: &str) -> Service {
    let service = json!({
        "apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "shop", "generation": generation}, "spec": {},
        "status": {
            "observedGeneration": observed,
            "conditions": [{"type": "Ready", "status": status, "reason": reason, "message": message}],
        },
    });
    serde_json::from_value(service).expect("a service")
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Feeds states, and writes down what comes out.
fn story(wait: &mut Wait, steps: &[(u64, Service)]) -> String {
    let mut out = String::new();
    for (second, service) in steps {
        match wait.observe(at(*second), service) {
            Seen::Ready => out.push_str(&format!("{second}: ready\n")),
            Seen::Waiting(Some(message)) => out.push_str(&format!("{second}: {message}\n")),
            Seen::Waiting(None) => {}
        }
    }
    out
}

#[test]
fn tells_each_message_and_repeats_as_dots() {
    let mut wait = Wait::new("shop", limits());
    let steps = [
        (1, service(1, Some(1), "Unknown", "", "one")),
        (2, service(1, Some(1), "Unknown", "", "one")),
        (3, service(1, Some(1), "Unknown", "", "")),
        (4, service(1, Some(1), "Unknown", "", "two")),
        (5, service(1, Some(1), "True", "", "")),
    ];
    assert_eq!(story(&mut wait, &steps), "1: one\n2: ...\n4: two\n5: ready\n");
}

#[test]
fn what_speaks_of_an_older_generation_says_nothing() {
    let mut wait = Wait::new("shop", limits());
    let steps = [(1, service(2, Some(1), "True", "", "old")), (2, service(2, None, "True", "", "older")), (3, Service::default())];
    assert_eq!(story(&mut wait, &steps), "");
    assert_eq!(story(&mut wait, &[(4, service(2, Some(2), "True", "", ""))]), "4: ready\n");
}

#[test]
fn a_failure_counts_when_it_lasts() {
    let mut wait = Wait::new("shop", limits());
    story(&mut wait, &[(10, service(1, Some(1), "False", "RevisionFailed", "it broke"))]);
    assert_eq!((wait.deadline(), wait.give_up(at(11))), (at(12), None));
    // It does not begin anew when it is seen again, and its first words count.
    story(&mut wait, &[(11, service(1, Some(1), "False", "Other", "still"))]);
    assert_eq!(wait.deadline(), at(12));
    assert_eq!(wait.give_up(at(12)).as_deref(), Some("RevisionFailed: it broke"));
}

#[test]
fn a_failure_that_passes_does_not_count() {
    let mut wait = Wait::new("shop", limits());
    let steps = [(10, service(1, Some(1), "False", "R", "m")), (11, service(1, Some(1), "Unknown", "", ""))];
    story(&mut wait, &steps);
    assert_eq!((wait.deadline(), wait.give_up(at(13))), (at(600), None));
}

#[test]
fn the_wait_is_bounded() {
    let wait = Wait::new("shop", limits());
    assert_eq!(wait.deadline(), at(600));
    assert_eq!(wait.give_up(at(600)).as_deref(), Some("timeout: service 'shop' not ready after 600 seconds"));
    let mut late = Wait::new("shop", limits());
    story(&mut late, &[(599, service(1, Some(1), "False", "R", "m"))]);
    assert_eq!(late.deadline(), at(600));
}
