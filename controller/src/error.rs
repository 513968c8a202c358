//! What can go wrong when a plan is carried out, and whose fault it is.
//!
//! This module must not decide what is done about it.

use ebb_controller_core::Refusal;

/// A write that did not happen. All of them are tried again, with back-off.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Somebody else wrote in between, or the cache was behind: over in a moment, and nobody's fault.
    #[error("{verb} of {kind} {name} met a newer state")]
    Conflict {
        /// What was tried.
        verb: &'static str,
        /// On what kind.
        kind: &'static str,
        /// On what object.
        name: String,
        /// The API server's answer.
        source: kube::Error,
    },
    /// The API server will not have it: the fault of what was asked for.
    #[error("{} {} was refused: {}", .0.kind, .0.name, .0.message)]
    Refused(Refusal),
    /// The API server could not be reached or failed: the platform's fault.
    #[error("{verb} of {kind} {name} failed")]
    Unavailable {
        /// What was tried.
        verb: &'static str,
        /// On what kind.
        kind: &'static str,
        /// On what object.
        name: String,
        /// The API server's answer, or why there is none.
        source: kube::Error,
    },
}

impl Error {
    /// Sorts the API server's answer.
    pub fn new(verb: &'static str, kind: &'static str, name: &str, source: kube::Error) -> Self {
        let name = name.to_owned();
        match &source {
            kube::Error::Api(status) if matches!(status.code, 400 | 403 | 405 | 413 | 422) => {
                Self::Refused(Refusal { kind, name, message: status.message.clone() })
            }
            // Not found on an update means that the object was deleted in between.
            kube::Error::Api(status) if matches!(status.code, 404 | 409) => Self::Conflict { verb, kind, name, source },
            _ => Self::Unavailable { verb, kind, name, source },
        }
    }

    /// One word for metrics.
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::Conflict { .. } => "conflict",
            Self::Refused(_) => "refused",
            Self::Unavailable { .. } => "unavailable",
        }
    }
}
