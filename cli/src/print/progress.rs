//! Lines of progress while a command waits, and the sentences that end a command.
//!
//! This module must not wait or print.

use std::time::Duration;

use ebb_api::serving::Service;
use kube::ResourceExt;

/// The last line of a successful wait.
pub const READY: &str = "Ready to serve.";

/// One line: the seconds since the wait began, and what is the matter.
#[must_use]
pub fn line(elapsed: Duration, message: &str) -> String {
    format!("{:>7.3}s {message}", elapsed.as_secs_f64())
}

/// Where the Service is now. `before` is the latest ready Revision before the change.
#[must_use]
pub fn available(service: &Service, before: Option<&str>, done: &str) -> String {
    let name = service.name_any();
    let status = service.status.clone().unwrap_or_default();
    let revision = status.latest_ready_revision_name;
    let what = if before.is_some_and(|before| !before.is_empty() && before == revision) {
        format!("with latest revision '{revision}' (unchanged)")
    } else {
        format!("{done} to latest revision '{revision}'")
    };
    format!("Service '{name}' {what} is available at URL:\n{}", status.url)
}

#[cfg(test)]
mod tests;
