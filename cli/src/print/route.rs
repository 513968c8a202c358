//! `route describe`.
//!
//! This module must not fetch anything.

use ebb_api::serving::{Route, TrafficTarget};
use k8s_openapi::jiff::Timestamp;

use super::conditions;
use super::describe::{Page, Section, metadata};

/// The whole description.
#[must_use]
pub fn describe(route: &Route, now: Timestamp, verbose: bool) -> String {
    let status = route.status.clone().unwrap_or_default();
    let mut page = Page::default();
    let mut top = page.top();
    metadata(&mut top, &route.metadata, now, verbose);
    top.attribute("URL", &status.url);
    owners(&mut top, route, verbose);
    page.blank();
    let mut top = page.top();
    let mut section = top.attribute("Traffic Targets", "");
    section.align();
    for target in &status.traffic {
        let mut lines = section.columns(&format!("{:>3}%", target.percent.unwrap_or(0)), &header(target));
        if !target.tag.is_empty() {
            lines.attribute("URL", &target.url);
        }
    }
    page.blank();
    conditions::table(&mut page.top(), &status.conditions, now, verbose);
    page.finish()
}

fn owners(top: &mut Section<'_>, route: &Route, verbose: bool) {
    for owner in route.metadata.owner_references.iter().flatten().filter(|owner| owner.kind == "Service") {
        let version = if verbose { format!(" ({})", owner.api_version) } else { String::new() };
        top.attribute("Service", &format!("{}{version}", owner.name));
    }
}

fn header(target: &TrafficTarget) -> String {
    let name =
        if target.latest_revision == Some(true) { format!("@latest ({})", target.revision_name) } else { target.revision_name.clone() };
    if target.tag.is_empty() { name } else { format!("{name} #{}", target.tag) }
}

#[cfg(test)]
mod tests;
