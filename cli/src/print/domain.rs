//! `domain list` and `domain describe`.
//!
//! This module must not fetch anything.

use ebb_api::serving::DomainMapping;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;

use super::conditions;
use super::describe::{Page, metadata};
use super::list::{Style, table};

/// `domain list`.
#[must_use]
pub fn list(mappings: &[DomainMapping], style: Style) -> String {
    let rows = mappings.iter().map(|mapping| {
        let status = mapping.status.clone().unwrap_or_default();
        let row = vec![mapping.name_any(), status.url, conditions::ready_status(&status.conditions), mapping.spec.reference.name.clone()];
        (mapping.namespace().unwrap_or_default(), row)
    });
    table(&["NAME", "URL", "READY", "KSVC"], rows, style)
}

/// `domain describe`.
#[must_use]
pub fn describe(mapping: &DomainMapping, now: Timestamp, verbose: bool) -> String {
    let status = mapping.status.clone().unwrap_or_default();
    let mut page = Page::default();
    metadata(&mut page.top(), &mapping.metadata, now, verbose);
    page.blank();
    page.top().attribute("URL", &status.url);
    page.blank();
    let mut top = page.top();
    let mut reference = top.attribute("Reference", "");
    let to = &mapping.spec.reference;
    reference.attribute("APIVersion", to.api_version.as_deref().unwrap_or_default());
    reference.attribute("Kind", &to.kind);
    reference.attribute("Name", &to.name);
    if to.namespace != mapping.metadata.namespace {
        reference.attribute("Namespace", to.namespace.as_deref().unwrap_or_default());
    }
    page.blank();
    conditions::table(&mut page.top(), &status.conditions, now, verbose);
    page.finish()
}

#[cfg(test)]
mod tests;
