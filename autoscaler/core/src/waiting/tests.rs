//! How a look at the queue is judged, case by case.

use std::collections::BTreeMap;

use ebb_api::autoscaling::PodAutoscalerSpec;
use ebb_api::config::{Autoscaler, Deployment};

use super::*;
use crate::moment::Moment;

fn spec(limit: i64, annotations: &[(&str, &str)]) -> Spec {
    let pa = PodAutoscalerSpec { container_concurrency: limit, ..PodAutoscalerSpec::default() };
    let annotations: BTreeMap<_, _> =
        annotations.iter().map(|(name, value)| (format!("autoscaling.knative.dev/{name}"), (*value).to_owned())).collect();
    Spec::read(&annotations, &pa, &Autoscaler::default(), &Deployment::default()).0
}

fn judge(spec: &Spec, in_flight: u32, queued: u32, recent: f64, ready: u32) -> Need {
    need(spec, Look { at: Moment::ORIGIN, in_flight, queued }, recent, ready)
}

#[test]
fn at_zero_every_waiter_counts_at_once() {
    assert_eq!(judge(&spec(1, &[]), 0, 1, 0.0, 0), Need::AtOnce(1));
    assert_eq!(judge(&spec(1, &[]), 0, 40, 0.0, 0), Need::AtOnce(40));
    assert_eq!(judge(&spec(10, &[]), 0, 41, 0.0, 0), Need::AtOnce(5));
    assert_eq!(judge(&spec(10, &[("target", "2")]), 0, 41, 0.0, 0), Need::AtOnce(5), "a place is a place");
    assert_eq!(judge(&spec(0, &[]), 0, 100, 0.0, 0), Need::AtOnce(1));
    assert_eq!(judge(&spec(0, &[("target", "10")]), 0, 100, 0.0, 0), Need::AtOnce(10));
    assert_eq!(judge(&spec(0, &[("metric", "rps")]), 0, 1_000, 0.0, 0), Need::AtOnce(1));
    assert_eq!(judge(&spec(4, &[("metric", "rps")]), 0, 1_000, 0.0, 0), Need::AtOnce(250));
}

#[test]
fn nothing_waiting_needs_nothing() {
    assert_eq!(judge(&spec(1, &[]), 0, 0, 100.0, 0), Need::Nothing);
    assert_eq!(judge(&spec(1, &[]), 90, 0, 100.0, 1), Need::Nothing);
}

#[test]
fn chance_is_told_from_a_burst() {
    // One pod and one waiter: twice the pods are needed, which is the panic threshold.
    assert_eq!(judge(&spec(1, &[]), 1, 1, 1.0, 1), Need::AtOnce(2));
    // Ten busy pods: three deviations are 9.5 requests.
    assert_eq!(judge(&spec(1, &[]), 10, 9, 10.0, 10), Need::Nothing);
    assert_eq!(judge(&spec(1, &[]), 10, 10, 10.0, 10), Need::AtOnce(20));
    // A hundred: three deviations are 30.
    assert_eq!(judge(&spec(1, &[]), 100, 29, 100.0, 100), Need::Nothing);
    assert_eq!(judge(&spec(1, &[]), 100, 30, 100.0, 100), Need::AtOnce(130));
}

#[test]
fn a_short_queue_counts_once_it_has_lasted() {
    assert_eq!(judge(&spec(1, &[]), 10, 3, 10.0, 10), Need::Nothing);
    assert_eq!(judge(&spec(1, &[]), 10, 3, 11.5, 10), Need::Lasting(12));
    // The mean may be above what is in hand now; the present holds.
    assert_eq!(judge(&spec(1, &[]), 10, 3, 90.0, 10), Need::Lasting(13));
    assert_eq!(judge(&spec(10, &[]), 100, 5, 103.0, 10), Need::Lasting(11));
}
