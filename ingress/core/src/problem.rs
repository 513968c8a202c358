//! What can be wrong with an Ingress object. A problem takes out the part it speaks of, never more.

use crate::host::BadHost;
use crate::split::BadSplit;
use crate::table::ObjectKey;

/// A fault, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{object}: {fault}")]
pub struct Problem {
    /// The object at fault.
    pub object: ObjectKey,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with an Ingress object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// An older object holds the host.
    #[error("host {host:?} is already held by the older Ingress {by}")]
    HostTaken {
        /// The host.
        host: String,
        /// Its holder.
        by: ObjectKey,
    },
    /// A host that no request can carry.
    #[error("host {host:?} cannot be routed: {why}")]
    BadHost {
        /// As the object spells it.
        host: String,
        /// What is wrong with it.
        why: BadHost,
    },
    /// Neither `ExternalIP` nor `ClusterLocal`.
    #[error("visibility {0:?} is unknown; it must be ExternalIP or ClusterLocal")]
    BadVisibility(String),
    /// Neither `Enabled` nor `Redirected`.
    #[error("httpOption {0:?} is unknown; it must be Enabled or Redirected")]
    BadHttpOption(String),
    /// A rule without paths routes nothing.
    #[error("the rule of host {0:?} has no paths")]
    NoPaths(String),
    /// A path that no request can have.
    #[error("path {0:?} must start with a slash")]
    BadPath(String),
    /// A header name or value that HTTP does not allow.
    #[error("header {0:?} has a name or value that HTTP does not allow")]
    BadHeader(String),
    /// Percents that are no split.
    #[error("path {path:?}: {why}")]
    BadSplit {
        /// The path whose split it is.
        path: String,
        /// What is wrong with it.
        why: BadSplit,
    },
    /// Certificates are asked for.
    #[error("TLS certificates are not served yet, so the hosts of spec.tls answer on plain HTTP only")]
    Tls,
}

impl Fault {
    /// One word for the object's condition.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::HostTaken { .. } => "HostTaken",
            Self::BadHost { .. } => "InvalidHost",
            Self::BadVisibility(_) => "InvalidVisibility",
            Self::BadHttpOption(_) => "InvalidHTTPOption",
            Self::NoPaths(_) => "NoPaths",
            Self::BadPath(_) => "InvalidPath",
            Self::BadHeader(_) => "InvalidHeader",
            Self::BadSplit { .. } => "InvalidSplit",
            Self::Tls => "TLSNotSupported",
        }
    }
}
