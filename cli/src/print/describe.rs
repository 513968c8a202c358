//! The parts that all descriptions are made of: sections of attributes, metadata, and lists that are cut when long.
//!
//! This module must not know which kind is described.

use std::collections::BTreeMap;

use k8s_openapi::jiff::Timestamp;
use kube::api::ObjectMeta;

use super::{age, tabs};

/// Longest line of labels, annotations or a list, in characters.
const CUT_AT: usize = 100;
/// Keys of these domains say nothing to people.
const MACHINES_ONLY: [&str; 3] = ["serving.knative.dev", "client.knative.dev", "kubectl.kubernetes.io"];

/// A description that is being written. What was written since the last alignment is aligned together.
#[derive(Debug, Default)]
pub struct Page {
    done: String,
    open: String,
}

/// A place on the page: everything written here is indented alike.
#[derive(Debug)]
pub struct Section<'a> {
    page: &'a mut Page,
    indent: String,
}

impl Page {
    /// The page itself as a section.
    pub fn top(&mut self) -> Section<'_> {
        Section { page: self, indent: String::new() }
    }

    /// Writes an empty line.
    pub fn blank(&mut self) {
        self.open.push('\n');
    }

    /// Aligns what was written so far; what follows is aligned on its own.
    pub fn align(&mut self) {
        let open = std::mem::take(&mut self.open);
        self.done.push_str(&tabs::align(&open, tabs::SECTION));
    }

    /// The finished text.
    #[must_use]
    pub fn finish(mut self) -> String {
        self.align();
        self.done
    }
}

impl Section<'_> {
    /// Writes a line as it is.
    pub fn line(&mut self, text: &str) {
        self.page.open.push_str(&format!("{}{text}\n", self.indent));
    }

    /// Writes `NAME:` and a value; the section returned is for what belongs to the value.
    pub fn attribute(&mut self, name: &str, value: &str) -> Section<'_> {
        self.columns(&format!("{name}:"), value);
        self.inside("  ")
    }

    /// Writes two columns; the section returned is the second column.
    pub fn columns(&mut self, first: &str, second: &str) -> Section<'_> {
        self.line(&format!("{first}\t{second}"));
        self.inside("\t")
    }

    fn inside(&mut self, indent: &str) -> Section<'_> {
        let indent = format!("{}{indent}", self.indent);
        Section { page: &mut *self.page, indent }
    }

    /// See [`Page::align`].
    pub fn align(&mut self) {
        self.page.align();
    }
}

/// Name, namespace, labels, annotations and age.
pub fn metadata(section: &mut Section<'_>, meta: &ObjectMeta, now: Timestamp, verbose: bool) {
    section.attribute("Name", meta.name.as_deref().unwrap_or_default());
    section.attribute("Namespace", meta.namespace.as_deref().unwrap_or_default());
    map(section, "Labels", meta.labels.as_ref(), verbose);
    map(section, "Annotations", meta.annotations.as_ref(), verbose);
    section.attribute("Age", &age::short(meta.creation_timestamp.as_ref(), now));
}

/// `key=value` pairs: on one line without those that are for machines, or all, one per line.
fn map(section: &mut Section<'_>, name: &str, map: Option<&BTreeMap<String, String>>, verbose: bool) {
    let machines_only = |key: &str| key.split_once('/').is_some_and(|(domain, _)| MACHINES_ONLY.contains(&domain));
    let pairs: Vec<String> =
        map.into_iter().flatten().filter(|(key, _)| verbose || !machines_only(key)).map(|(key, value)| format!("{key}={value}")).collect();
    if verbose {
        lines(section, name, &pairs);
    } else if !pairs.is_empty() {
        section.attribute(name, &cut(&pairs.join(", "), CUT_AT - name.len() - 2));
    }
}

/// A list: on one line, or one item per line.
pub fn list(section: &mut Section<'_>, name: &str, items: &[String], verbose: bool) {
    if verbose {
        lines(section, name, items);
    } else if !items.is_empty() {
        section.attribute(name, &cut(&items.join(", "), CUT_AT));
    }
}

fn lines(section: &mut Section<'_>, name: &str, items: &[String]) {
    for (index, item) in items.iter().enumerate() {
        let label = if index == 0 { format!("{name}:") } else { String::new() };
        section.columns(&label, item);
    }
}

/// A text of at most so many bytes; what is cut ends in ` ...`.
#[must_use]
pub fn cut(text: &str, width: usize) -> String {
    if text.len() <= width {
        return text.to_owned();
    }
    let end = (0..=width.saturating_sub(4)).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    format!("{} ...", &text[..end])
}

#[cfg(test)]
mod tests;
