//! What the ingress needs to know of a revision for every request, in a form that is copied without a lock.

use std::time::Duration;

use ebb_activator_core::Limit;

/// Knative's `revision-timeout-seconds`. Admission writes it into every Revision; it counts only until the Revision was seen.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(300);

/// What the app speaks on its port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// HTTP/1.1.
    #[default]
    H1,
    /// HTTP/2 by prior knowledge, without TLS.
    H2c,
}

/// The limits of a revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Requests that one pod may have at once.
    pub limit: Limit,
    /// Longest whole request, waiting included (`timeoutSeconds`).
    pub timeout: Duration,
    /// Longest time to the first byte of the answer (`responseStartTimeoutSeconds`), if limited.
    pub response_start: Option<Duration>,
    /// Longest pause in the answer (`idleTimeoutSeconds`), if limited.
    pub idle: Option<Duration>,
    /// What the app speaks.
    pub protocol: Protocol,
}

impl Default for Settings {
    fn default() -> Self {
        Self { limit: Limit::UNLIMITED, timeout: DEFAULT_TIMEOUT, response_start: None, idle: None, protocol: Protocol::H1 }
    }
}

impl Settings {
    /// From a Revision's fields. A timeout of zero means the default, the two others are off at zero (knative/serving
    /// `pkg/apis/serving/v1/revision_defaults.go`, `pkg/http/handler/timeout.go`).
    pub(crate) fn new(container_concurrency: i64, timeout: Option<i64>, response_start: Option<i64>, idle: Option<i64>, h2c: bool) -> Self {
        Self {
            limit: Limit::of(container_concurrency),
            timeout: seconds(timeout).unwrap_or(DEFAULT_TIMEOUT),
            response_start: seconds(response_start),
            idle: seconds(idle),
            protocol: if h2c { Protocol::H2c } else { Protocol::H1 },
        }
    }
}

fn seconds(value: Option<i64>) -> Option<Duration> {
    value.and_then(|value| u64::try_from(value).ok()).filter(|value| *value > 0).map(Duration::from_secs)
}
