//! `top`: what each service does now.
//!
//! This module must not fetch anything or look at a clock.

use std::time::Duration;

use super::style::Colours;
use super::tabs;
use super::why::time;
use crate::metrics::Metrics;

/// Two looks at the metrics and what there is to look at.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// Namespace and name of each Service, with the names of its Revisions.
    pub services: &'a [(String, String, Vec<String>)],
    /// What is.
    pub now: &'a Metrics,
    /// What has come since the look before.
    pub since: &'a Metrics,
    /// How long ago that was.
    pub span: Duration,
    /// Whether the namespaces are shown.
    pub namespaces: bool,
}

/// The table.
#[must_use]
pub fn table(view: &View<'_>, colours: Colours) -> String {
    let first = if view.namespaces { "NAMESPACE\t" } else { "" };
    let mut text = format!("{first}NAME\tPODS\tBUSY\tQUEUE\tREQ/S\tP50\tP99\tCOLD\tERRORS\n");
    for (namespace, name, revisions) in view.services {
        let first = if view.namespaces { format!("{namespace}\t") } else { String::new() };
        text.push_str(&format!("{first}{name}\t{}\n", row(view, namespace, revisions).join("\t")));
    }
    let text = tabs::align(&text, tabs::TABLE);
    match text.split_once('\n') {
        Some((head, rest)) => format!("{}\n{rest}", colours.strong(head)),
        None => text,
    }
}

/// A sum that is zero, and not Rust's negative zero, when there is nothing to add.
fn total(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |sum, value| sum + value)
}

fn row(view: &View<'_>, namespace: &str, revisions: &[String]) -> Vec<String> {
    let sum = |metrics: &Metrics, name: &str| -> f64 {
        total(revisions.iter().map(|revision| metrics.sum(name, &[("namespace_name", namespace), ("revision_name", revision)])))
    };
    let queue = sum(view.now, "activator_queue_depth");
    let busy = (sum(view.now, "activator_request_concurrency") - queue).max(0.0);
    let (pods, wanted) = (sum(view.now, "activator_usable_pods"), sum(view.now, "autoscaler_desired_pods"));
    let rate = sum(view.since, "activator_request_count_total") / view.span.as_secs_f64().max(0.001);
    let cold = total(revisions.iter().map(|revision| {
        let labels = [("namespace_name", namespace), ("revision_name", revision.as_str()), ("start", "cold")];
        view.since.sum("activator_queue_wait_seconds_count", &labels)
    }));
    let errors = total(revisions.iter().map(|revision| {
        let labels = [("namespace_name", namespace), ("revision_name", revision.as_str())];
        let broken = view.since.sum("ebb_ingress_responses_total", &[labels[0], labels[1], ("response_code_class", "5xx")]);
        broken + view.since.sum("activator_refused_count_total", &labels)
    }));
    let quantile = |q| slowest(view, namespace, revisions, q).map_or_else(|| "-".to_owned(), time);
    let pods = if (pods - wanted).abs() < 0.5 { format!("{pods:.0}") } else { format!("{pods:.0}/{wanted:.0}") };
    vec![
        pods,
        format!("{busy:.0}"),
        format!("{queue:.0}"),
        format!("{rate:.1}"),
        quantile(0.5),
        quantile(0.99),
        format!("{cold:.0}"),
        format!("{errors:.0}"),
    ]
}

/// The quantile of the slowest of the revisions.
fn slowest(view: &View<'_>, namespace: &str, revisions: &[String], q: f64) -> Option<f64> {
    let of = |revision: &String| {
        view.since.quantile("ebb_ingress_request_latency_seconds", &[("namespace_name", namespace), ("revision_name", revision)], q)
    };
    revisions.iter().filter_map(of).max_by(f64::total_cmp)
}

#[cfg(test)]
mod tests;
