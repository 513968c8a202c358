//! What a revision's requests met with, from the metrics.
//!
//! This module must not fetch anything.

use ebb_api::serving::Revision;
use kube::ResourceExt as _;

use crate::metrics::Metrics;

/// A line for the requests, one for cold starts, one for each kind of failure.
pub fn lines(metrics: &Metrics, revision: &Revision) -> Vec<String> {
    let (namespace, name) = (revision.namespace().unwrap_or_default(), revision.name_any());
    let labels = [("namespace_name", namespace.as_str()), ("revision_name", name.as_str())];
    let cold = [labels[0], labels[1], ("start", "cold")];
    let sum = |metric: &str| metrics.sum(metric, &labels);
    let all = sum("activator_request_count_total");
    if all == 0.0 {
        return vec!["none since 'ebb up' was started".to_owned()];
    }
    let quantile = |q| metrics.quantile("ebb_ingress_request_latency_seconds", &labels, q).map(time).unwrap_or_default();
    let mut lines = vec![format!("{all:.0} since 'ebb up' was started; half within {}, 99 % within {}", quantile(0.5), quantile(0.99))];
    let waiting = sum("activator_queue_depth");
    if waiting > 0.0 {
        lines.push(format!("{waiting:.0} wait for a free place now"));
    }
    let starts = metrics.sum("activator_queue_wait_seconds_count", &cold);
    if starts > 0.0 {
        let quantile = |q| metrics.quantile("activator_queue_wait_seconds", &cold, q).map(time).unwrap_or_default();
        lines.push(format!("{starts:.0} had to wait for a first pod; half within {}, 99 % within {}", quantile(0.5), quantile(0.99)));
    }
    lines.extend(failures(metrics, &labels));
    lines
}

fn failures(metrics: &Metrics, labels: &[(&str, &str)]) -> Vec<String> {
    let mut lines = Vec::new();
    for (reason, count) in metrics.by("activator_refused_count_total", labels, "reason") {
        lines.push(format!("{count:.0} got no place: {reason}"));
    }
    let classes = metrics.by("ebb_ingress_responses_total", labels, "response_code_class");
    if let Some(count) = classes.get("5xx") {
        lines.push(format!("{count:.0} were answered with an error of the server (5xx)"));
    }
    let lost = metrics.sum("activator_lost_place_count_total", labels);
    if lost > 0.0 {
        lines.push(format!("{lost:.0} places were lost to a failing pod"));
    }
    lines
}

/// A time with the unit that suits it.
pub fn time(seconds: f64) -> String {
    match seconds {
        ..0.001 => format!("{:.1}ms", seconds * 1e3),
        0.001..1.0 => format!("{:.0}ms", seconds * 1e3),
        _ => format!("{seconds:.1}s"),
    }
}
