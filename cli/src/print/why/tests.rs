//! The screen.

use serde_json::json;

use super::*;
use crate::print::samples::{bad_revision, good_revision, now, shop};

fn pod() -> Pod {
    let pod = json!({
        "metadata": {
            "name": "shop-00003-x", "namespace": "dev", "creationTimestamp": "2026-01-01T00:09:30Z",
            "labels": {"serving.knative.dev/revision": "shop-00003"},
        },
        "status": {"phase": "Running", "containerStatuses": [{
            "name": "user-container", "restartCount": 3, "ready": false, "image": "", "imageID": "",
            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"exitCode": 2, "message": "starting\npanic: no database\n"}},
        }]},
    });
    serde_json::from_value(pod).expect("a pod")
}

fn event() -> Event {
    let event = json!({
        "metadata": {"name": "e", "namespace": "dev"}, "type": "Warning", "reason": "BackOff", "message": "it ends again and again", "count": 4,
        "involvedObject": {"kind": "Pod", "name": "shop-00003-x"}, "lastTimestamp": "2026-01-01T00:09:50Z",
    });
    serde_json::from_value(event).expect("an event")
}

#[test]
fn tells_what_is_wrong_and_what_to_do() {
    let mut service = shop();
    let ready = service
        .status
        .as_mut()
        .and_then(|status| status.conditions.iter_mut().find(|condition| condition.type_ == "Ready"))
        .expect("a condition");
    (ready.status, ready.reason, ready.message) =
        ("False".to_owned(), "RevisionFailed".to_owned(), "Revision \"shop-00003\" failed".to_owned());
    let facts =
        Facts { service, revisions: vec![good_revision(), bad_revision()], pods: vec![pod()], events: vec![event()], ..Facts::default() };
    let want = "\
shop is not ready for 3m: RevisionFailed: Revision \"shop-00003\" failed
  Earlier revisions still serve. See 'ebb service logs shop --revision shop-00003', mend it with 'ebb service update shop'.

shop-00003  0% of the traffic, failed: ContainerMissing: no such image
  Pods  0 of 1 ready
        shop-00003-x CrashLoopBackOff, 30s old, started 3 times again; exit code 2, last words: panic: no database

shop-00002  100% of the traffic, ready
  Pods  0 of 0 ready

Warnings
  10s  Pod/shop-00003-x  BackOff (x4): it ends again and again

Requests and scaling are only told by the 'ebb up' of this machine.
";
    assert_eq!(page(&facts, now(), Colours::default()), want);
}

#[test]
fn tells_why_there_are_so_many_pods_and_how_requests_fared() {
    let labels = "namespace_name=\"dev\",revision_name=\"shop-00002\"";
    let metrics = Metrics::parse(&format!(
        "autoscaler_decision{{{labels},because=\"MaxScale\"}} 1.0\nautoscaler_requested_pods{{{labels}}} 9.0\nactivator_request_count_total{{{labels}}} 120\n\
         activator_refused_count_total{{{labels},reason=\"queue-full\"}} 3\nebb_ingress_responses_total{{{labels},response_code_class=\"5xx\"}} 4\n\
         ebb_ingress_request_latency_seconds_bucket{{le=\"0.01\",{labels}}} 120\nebb_ingress_request_latency_seconds_bucket{{le=\"+Inf\",{labels}}} 120\n\
         activator_queue_wait_seconds_count{{{labels},start=\"cold\"}} 2\nactivator_queue_wait_seconds_bucket{{{labels},start=\"cold\",le=\"0.01\"}} 2\n"
    ));
    let mut revision = good_revision();
    revision.annotations_mut().insert(crate::edit::scale::MAX.to_owned(), "5".to_owned());
    let facts = Facts { service: shop(), revisions: vec![revision], metrics: Some(metrics), ..Facts::default() };
    let want = "\
shop is ready for 3m: http://shop.dev.example.com

shop-00002  100% of the traffic, ready
  Pods      0 of 0 ready: max-scale is 5; the load asks for 9
  Requests  120 since 'ebb up' was started; half within 5ms, 99 % within 10ms
            2 had to wait for a first pod; half within 5ms, 99 % within 10ms
            3 got no place: queue-full
            4 were answered with an error of the server (5xx)
";
    assert_eq!(page(&facts, now(), Colours::default()), want);
}

#[test]
fn a_service_that_nobody_has_looked_at_says_so() {
    let mut facts = Facts { service: shop(), metrics: Some(Metrics::default()), ..Facts::default() };
    facts.service.status = None;
    assert!(page(&facts, now(), Colours::default()).starts_with("shop has no status yet"));
}
