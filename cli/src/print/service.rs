//! `service describe`.
//!
//! This module must not fetch anything; the Revisions are handed in.

use anyhow::{Result, anyhow};
use ebb_api::serving::{Revision, Service, TrafficTarget};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt;

use super::describe::{Page, Section, metadata};
use super::{age, conditions, list, revision};

/// A Revision in the description of its Service.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    revision: Revision,
    generation: i64,
    target: Option<TrafficTarget>,
}

impl Entry {
    /// A Revision, and the traffic target that names it.
    ///
    /// # Errors
    /// When the Revision does not say which generation it is of.
    pub fn new(revision: Revision, target: Option<TrafficTarget>) -> Result<Self> {
        let generation = list::generation(&revision)
            .ok_or_else(|| anyhow!("cannot extract configuration generation for revision {}", revision.name_any()))?;
        Ok(Self { revision, generation, target })
    }
}

/// The whole description.
#[must_use]
pub fn describe(service: &Service, mut entries: Vec<Entry>, now: Timestamp, verbose: bool) -> String {
    let mut page = Page::default();
    summary(&mut page.top(), service, now, verbose);
    page.blank();
    page.align();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.generation));
    let mut top = page.top();
    let mut section = top.attribute("Revisions", "");
    section.align();
    for entry in &entries {
        revision_lines(&mut section, service, entry, now, verbose);
    }
    page.blank();
    page.align();
    let found = service.status.as_ref().map(|status| status.conditions.clone()).unwrap_or_default();
    conditions::table(&mut page.top(), &found, now, verbose);
    page.finish()
}

fn summary(top: &mut Section<'_>, service: &Service, now: Timestamp, verbose: bool) {
    metadata(top, &service.metadata, now, verbose);
    let status = service.status.clone().unwrap_or_default();
    top.attribute("URL", &status.url);
    if verbose && let Some(address) = status.address {
        top.attribute("Cluster", &address.url.unwrap_or_default());
    }
    let pod = &service.spec.template.spec.pod;
    if let Some(account) = pod.service_account_name.as_deref().filter(|account| !account.is_empty()) {
        top.attribute("Service Account", account);
    }
    if let Some(secret) = pod.image_pull_secrets.as_ref().and_then(|secrets| secrets.first()) {
        top.attribute("Image Pull Secret", &secret.name);
    }
}

fn revision_lines(section: &mut Section<'_>, service: &Service, entry: &Entry, now: Timestamp, verbose: bool) {
    let found = entry.revision.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    let ready = conditions::ready(found);
    let status = ready.map(|ready| ready.status.as_str()).unwrap_or_default();
    let percent = entry.target.as_ref().and_then(|target| target.percent).unwrap_or(0);
    let mut lines = section.columns(&bullet(percent, status), &header(service, entry, now));
    if let Some(ready) = ready.filter(|ready| ready.status == "False") {
        lines.attribute("Error", &ready.reason);
    }
    revision::image_line(&mut lines, &entry.revision);
    revision::replicas(&mut lines, &entry.revision);
    if verbose {
        revision::details(&mut lines, &entry.revision, true);
    }
}

fn bullet(percent: i64, ready: &str) -> String {
    let symbol = match ready {
        "True" if percent > 0 => '%',
        "True" => '+',
        "False" => '!',
        _ => '?',
    };
    if percent == 0 { format!("   {symbol}") } else { format!("{percent:>3}{symbol}") }
}

fn header(service: &Service, entry: &Entry, now: Timestamp) -> String {
    let name = entry.revision.name_any();
    let status = service.status.clone().unwrap_or_default();
    let follows_latest = entry.target.as_ref().and_then(|target| target.latest_revision).unwrap_or(false);
    let title = if follows_latest {
        format!("@latest ({name})")
    } else if name == status.latest_ready_revision_name {
        format!("{name} (current @latest)")
    } else if name == status.latest_created_revision_name {
        format!("{name} (latest created)")
    } else {
        name
    };
    let tag = entry.target.as_ref().map(|target| target.tag.as_str()).filter(|tag| !tag.is_empty());
    let tag = tag.map_or_else(String::new, |tag| format!(" #{tag}"));
    let age = age::short(entry.revision.metadata.creation_timestamp.as_ref(), now);
    format!("{title}{tag} [{}] ({age})", entry.generation)
}

#[cfg(test)]
mod tests;
