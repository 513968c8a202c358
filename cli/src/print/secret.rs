//! `secret list` and `secret describe`. Values are never shown.
//!
//! This module must not fetch anything.

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;

use super::describe::{Page, metadata};
use super::list::{Style, table};

/// `secret list`.
#[must_use]
pub fn list(secrets: &[Secret], headers: bool) -> String {
    let rows = secrets.iter().map(|secret| (String::new(), vec![secret.name_any(), secret.type_.clone().unwrap_or_default()]));
    table(&["NAME", "TYPE"], rows, Style { namespaces: false, headers })
}

/// `secret describe`: which keys there are and how long their values are.
#[must_use]
pub fn describe(secret: &Secret, now: Timestamp, verbose: bool) -> String {
    let mut page = Page::default();
    let mut top = page.top();
    metadata(&mut top, &secret.metadata, now, verbose);
    top.attribute("Type", secret.type_.as_deref().unwrap_or_default());
    page.blank();
    page.align();
    let mut top = page.top();
    let mut data = top.attribute("Data", "");
    data.align();
    for (key, value) in secret.data.iter().flatten() {
        data.attribute(key, &format!("{} bytes", value.0.len()));
    }
    page.finish()
}

#[cfg(test)]
mod tests;
