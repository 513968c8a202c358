//! The tables of `service list`, `revision list` and `route list`.
//!
//! This module must not fetch anything; what a table needs of other objects is handed in.

use ebb_api::duck::Condition;
use ebb_api::keys::label;
use ebb_api::serving::{Revision, Route, Service};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;

use super::describe::cut;
use super::{age, conditions, tabs};

/// Longest cell of `revision list`, in characters.
const LONGEST_CELL: usize = 50;

/// How a table is to be printed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Style {
    /// A first column with the namespace.
    pub namespaces: bool,
    /// A first line with the headers.
    pub headers: bool,
}

/// What a Revision gets of its Service's traffic.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Share {
    /// Percent, `0` for none.
    pub percent: i64,
    /// Its tags.
    pub tags: Vec<String>,
}

/// What a Revision gets of a Service's traffic in force.
#[must_use]
pub fn share(revision: &str, service: Option<&Service>) -> Share {
    let targets = service.and_then(|service| service.status.as_ref()).map(|status| status.traffic.as_slice()).unwrap_or_default();
    let mine = || targets.iter().filter(|target| target.revision_name == revision);
    Share {
        percent: mine().filter_map(|target| target.percent).sum(),
        tags: mine().map(|target| target.tag.clone()).filter(|tag| !tag.is_empty()).collect(),
    }
}

/// Services, by namespace and name.
pub fn sort_services(services: &mut [Service]) {
    services.sort_by_key(|service| (service.namespace(), service.name_any()));
}

/// Revisions, by namespace and service, the newest generation first.
pub fn sort_revisions(revisions: &mut [Revision]) {
    revisions.sort_by_key(|revision| {
        let generation = generation(revision).unwrap_or(0);
        (revision.namespace(), label_of(revision, label::SERVICE), std::cmp::Reverse(generation), revision.name_any())
    });
}

/// The generation of the Configuration that made a Revision.
#[must_use]
pub fn generation(revision: &Revision) -> Option<i64> {
    label_of(revision, label::CONFIGURATION_GENERATION).parse().ok()
}

/// A label of a Revision, empty if it has none.
#[must_use]
pub fn label_of(revision: &Revision, key: &str) -> String {
    revision.labels().get(key).cloned().unwrap_or_default()
}

/// `service list`.
#[must_use]
pub fn services(services: &[Service], now: Timestamp, style: Style) -> String {
    let rows = services.iter().map(|service| {
        let status = service.status.clone().unwrap_or_default();
        let mut row = vec![service.name_any(), status.url, status.latest_ready_revision_name];
        row.push(age::long(service.metadata.creation_timestamp.as_ref(), now));
        row.extend(verdict(&status.conditions));
        (service.namespace().unwrap_or_default(), row)
    });
    table(&["NAME", "URL", "LATEST", "AGE", "CONDITIONS", "READY", "REASON"], rows, style)
}

/// `revision list`; each Revision comes with its share of the traffic.
#[must_use]
pub fn revisions(revisions: &[(Revision, Share)], now: Timestamp, style: Style) -> String {
    let rows = revisions.iter().map(|(revision, share)| {
        let status = revision.status.clone().unwrap_or_default();
        let percent = if share.percent == 0 { String::new() } else { format!("{}%", share.percent) };
        let mut row = vec![revision.name_any(), label_of(revision, label::SERVICE), percent, share.tags.join(",")];
        row.push(label_of(revision, label::CONFIGURATION_GENERATION));
        row.push(age::long(revision.metadata.creation_timestamp.as_ref(), now));
        row.extend(verdict(&status.conditions));
        let row = row.iter().map(|cell| cut(cell, LONGEST_CELL)).collect();
        (cut(&revision.namespace().unwrap_or_default(), LONGEST_CELL), row)
    });
    table(&["NAME", "SERVICE", "TRAFFIC", "TAGS", "GENERATION", "AGE", "CONDITIONS", "READY", "REASON"], rows, style)
}

/// `route list`, which has no column for the namespace.
#[must_use]
pub fn routes(routes: &[Route], headers: bool) -> String {
    let rows = routes.iter().map(|route| {
        let status = route.status.clone().unwrap_or_default();
        let ready = conditions::ready_status(&status.conditions);
        (String::new(), vec![route.name_any(), status.url, ready])
    });
    table(&["NAME", "URL", "READY"], rows, Style { namespaces: false, headers })
}

fn verdict(all: &[Condition]) -> [String; 3] {
    [conditions::count(all), conditions::ready_status(all), conditions::why_not_ready(all)]
}

/// A table of rows, each with its namespace.
#[must_use]
pub fn table(headers: &[&str], rows: impl Iterator<Item = (String, Vec<String>)>, style: Style) -> String {
    let mut text = String::new();
    if style.headers {
        let first = if style.namespaces { "NAMESPACE\t" } else { "" };
        text.push_str(&format!("{first}{}\n", headers.join("\t")));
    }
    for (namespace, row) in rows {
        let first = if style.namespaces { format!("{namespace}\t") } else { String::new() };
        // A message may have several lines; a row has one.
        let row = row.join("\t").replace('\n', " ");
        text.push_str(&format!("{first}{row}\n"));
    }
    tabs::align(&text, tabs::TABLE)
}

#[cfg(test)]
mod tests;
