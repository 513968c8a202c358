//! What is handed on to be told, and what is counted instead.

use prometheus_client::registry::Registry;

use super::*;

fn object(uid: &str) -> Arc<ObjectReference> {
    Arc::new(ObjectReference { uid: Some(uid.to_owned()), ..ObjectReference::default() })
}

fn exposed(registry: &Registry) -> String {
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, registry).unwrap();
    text
}

#[test]
fn an_object_that_talks_too_much_is_cut_short_and_counted() {
    let mut registry = Registry::default();
    let (recorder, mut told) = Recorder::new(Metrics::register(&mut registry));
    let (loud, quiet) = (object("loud"), object("quiet"));
    for number in 0..30 {
        recorder.tell(&loud, Event::normal("Created", format!("number {number}")));
    }
    recorder.tell(&quiet, Event::normal("Created", "one".to_owned()));
    let mut heard = Vec::new();
    while let Ok(next) = told.try_recv() {
        heard.push(next.event.message);
    }
    let wanted: Vec<String> = (0..25).map(|number| format!("number {number}")).chain(["one".to_owned()]).collect();
    assert_eq!(heard, wanted);
    let line = "ebb_controller_events_dropped_total{reason=\"too_many_about_object\"} 5\n";
    assert!(exposed(&registry).contains(line), "{}", exposed(&registry));
}

#[test]
fn what_does_not_fit_into_the_queue_is_counted() {
    let mut registry = Registry::default();
    let (recorder, _told) = Recorder::new(Metrics::register(&mut registry));
    for number in 0..WAITING + 2 {
        recorder.tell(&object(&number.to_string()), Event::normal("Created", String::new()));
    }
    let line = "ebb_controller_events_dropped_total{reason=\"too_many_waiting\"} 2\n";
    assert!(exposed(&registry).contains(line), "{}", exposed(&registry));
}
