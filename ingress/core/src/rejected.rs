//! Why the front door turns a request away before any revision is involved: a closed list, and what the client is told.
//!
//! What can go wrong behind the door (queue, pods, timeouts) is the activator's list.

use crate::host::BadHost;

/// A reason for which the front door itself answers. All of them speak of the request, so all are the client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rejected {
    /// HTTP/1.1 requires a Host header (RFC 9112 §3.2), and without one nothing can be routed.
    NoHost,
    /// More than one Host header (RFC 9112 §3.2).
    ManyHosts,
    /// The Host header names no host.
    BadHost(BadHostReason),
    /// The request target is too long.
    UriTooLong,
    /// CONNECT asks for a tunnel, which this is not.
    Connect,
    /// No Ingress holds the host.
    UnknownHost,
    /// The host has no route for the path and headers.
    UnknownPath,
    /// A probe without the hash that it wants back.
    ProbeWithoutHash,
    /// A probe of an unknown kind.
    UnknownProbe,
}

/// [`BadHost`] in a form that is a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BadHostReason {
    /// The name itself.
    Name,
    /// The port.
    Port,
    /// User information.
    UserInfo,
}

impl From<BadHost> for Rejected {
    fn from(bad: BadHost) -> Self {
        match bad {
            BadHost::Empty => Self::NoHost,
            BadHost::UserInfo => Self::BadHost(BadHostReason::UserInfo),
            BadHost::Port => Self::BadHost(BadHostReason::Port),
            BadHost::Ipv6 | BadHost::Name => Self::BadHost(BadHostReason::Name),
        }
    }
}

impl Rejected {
    /// One word, for headers, logs and metric labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoHost => "no-host",
            Self::ManyHosts => "many-hosts",
            Self::BadHost(_) => "bad-host",
            Self::UriTooLong => "uri-too-long",
            Self::Connect => "connect-method",
            Self::UnknownHost => "unknown-host",
            Self::UnknownPath => "unknown-path",
            Self::ProbeWithoutHash => "probe-without-hash",
            Self::UnknownProbe => "unknown-probe",
        }
    }

    /// The HTTP status of the answer.
    pub fn status(self) -> u16 {
        match self {
            Self::NoHost | Self::ManyHosts | Self::BadHost(_) => 400,
            Self::ProbeWithoutHash | Self::UnknownProbe => 400,
            Self::UnknownHost | Self::UnknownPath => 404,
            Self::Connect => 405,
            Self::UriTooLong => 414,
        }
    }

    /// The text of the answer's body. `said` is what the request said about it: the host, or the kind of probe.
    pub fn body(self, said: &str) -> String {
        match self {
            Self::NoHost => "the request names no host".into(),
            Self::ManyHosts => "the request has more than one Host header".into(),
            Self::BadHost(BadHostReason::Name) => "the Host header is not a valid host name".into(),
            Self::BadHost(BadHostReason::Port) => "the port in the Host header is not a valid port".into(),
            Self::BadHost(BadHostReason::UserInfo) => "the Host header must not carry user information".into(),
            Self::UriTooLong => format!("the request target is longer than {} bytes", crate::limits::URI_BYTES_MAX),
            Self::Connect => "CONNECT is not supported".into(),
            Self::UnknownHost => format!("no service answers to the host {said:?}"),
            Self::UnknownPath => format!("the host {said:?} has no route for this request"),
            // Knative's own words, `pkg/activator/handler` and knative/networking `pkg/http/probe`.
            Self::ProbeWithoutHash => r#"a probe request must contain a non-empty "K-Network-Hash" header"#.into(),
            Self::UnknownProbe => format!("unexpected probe header value: {said:?}"),
        }
    }
}

#[cfg(test)]
mod tests;
