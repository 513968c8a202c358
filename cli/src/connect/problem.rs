//! What can go wrong between a command and its server, told to people.
//!
//! This module must not retry.

use std::error::Error as _;
use std::io::ErrorKind;

use anyhow::{Error, anyhow};

use super::source::Source;

/// What kube puts in the place of a reason when an answer was no Status object.
const NO_STATUS: &str = "Failed to parse error data";

/// Turns a client's error into what a person can act on.
#[must_use]
pub fn explain(error: kube::Error, source: &Source) -> Error {
    if let kube::Error::Api(status) = &error {
        if status.code == 404 && status.reason == NO_STATUS {
            return anyhow!(
                "no or newer Knative Serving API found on the backend, please verify the installation or update the 'ebb' client"
            );
        }
        let message =
            if status.message.is_empty() { format!("the server answered with status {}", status.code) } else { status.message.clone() };
        return anyhow!(message);
    }
    let kinds = io_kinds(&error);
    let refused = [ErrorKind::ConnectionRefused, ErrorKind::ConnectionReset, ErrorKind::NotFound];
    if let Some(nothing_runs) = source.nothing_runs().filter(|_| kinds.iter().any(|kind| refused.contains(kind))) {
        return anyhow!(nothing_runs);
    }
    match error {
        kube::Error::Service(_) | kube::Error::HyperError(_) => anyhow!("error connecting to the cluster: {}", innermost(&error)),
        other => Error::new(other),
    }
}

/// Whether an error says that there is no such object.
#[must_use]
pub fn is_not_found(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 404 && status.reason != NO_STATUS)
}

/// Whether an error says that an object of that name exists already.
#[must_use]
pub fn already_exists(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.reason == "AlreadyExists")
}

/// Whether an error says that somebody else was faster.
#[must_use]
pub fn is_conflict(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 409 && status.reason != "AlreadyExists")
}

fn io_kinds(error: &kube::Error) -> Vec<ErrorKind> {
    let mut kinds = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        kinds.extend(cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind));
        next = cause.source();
    }
    kinds
}

fn innermost(error: &kube::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = cause.to_string();
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests;
