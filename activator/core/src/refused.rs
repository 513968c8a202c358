//! Why a request was not answered by the app: a closed list, and for each reason what the client is told.
//!
//! Statuses and texts are Knative's where Knative has the case (knative/serving `pkg/activator/handler`, `pkg/queue`,
//! `pkg/http/handler/timeout.go`).

use std::borrow::Cow;
use std::time::Duration;

use ebb_api::observation::RevisionKey;

/// A reason for which Ebb itself answers a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum Refused {
    /// The revision's line has its full length.
    #[error("too many requests wait for the revision")]
    QueueFull,
    /// The requests in the revision's line hold as many bytes as they may.
    #[error("the requests that wait for the revision hold too many bytes")]
    QueueBytesFull,
    /// No pod was usable before the request's time was over.
    #[error("no pod became ready in time")]
    NoPodInTime,
    /// Pods were usable, but all their places were taken until the request's time was over.
    #[error("no pod had a free place in time")]
    NoPlaceInTime,
    /// The revision does not exist, or no longer.
    #[error("the revision does not exist")]
    Gone,
    /// Ebb is going down and cannot hold the request any longer.
    #[error("shutting down")]
    ShuttingDown,
    /// The client left before there was an answer.
    #[error("the client left")]
    ClientLeft,
    /// The client's body is not what its framing says (RFC 9112 §7.1, §8).
    #[error("the request's body is malformed")]
    BadBody,
    /// No connection to the app could be made, on several tries.
    #[error("the app does not accept connections")]
    ConnectFailed,
    /// The pod went away with the request, and the request cannot be sent again.
    #[error("the pod went away")]
    PodGone,
    /// The app closed the connection before the first byte of its answer, and the request cannot be sent again.
    #[error("the app closed the connection without an answer")]
    ClosedBeforeAnswer,
    /// The app's answer was broken off, or was not HTTP.
    #[error("the app's answer is broken")]
    BrokenAnswer,
    /// `timeoutSeconds` is over.
    #[error("the request took longer than timeoutSeconds")]
    RequestTimeout,
    /// `responseStartTimeoutSeconds` is over.
    #[error("the first byte took longer than responseStartTimeoutSeconds")]
    ResponseStartTimeout,
    /// `idleTimeoutSeconds` passed without a byte.
    #[error("the answer paused for longer than idleTimeoutSeconds")]
    IdleTimeout,
}

/// Whose fault an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// The client's.
    Client,
    /// The app's.
    App,
    /// Ebb's, or that of the settings it was given.
    Platform,
}

impl Fault {
    /// One word, for headers and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::App => "app",
            Self::Platform => "platform",
        }
    }
}

impl Refused {
    /// All reasons.
    pub const ALL: [Self; 15] = [
        Self::QueueFull,
        Self::QueueBytesFull,
        Self::NoPodInTime,
        Self::NoPlaceInTime,
        Self::Gone,
        Self::ShuttingDown,
        Self::ClientLeft,
        Self::BadBody,
        Self::ConnectFailed,
        Self::PodGone,
        Self::ClosedBeforeAnswer,
        Self::BrokenAnswer,
        Self::RequestTimeout,
        Self::ResponseStartTimeout,
        Self::IdleTimeout,
    ];

    /// One word, for headers, logs and metric labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue-full",
            Self::QueueBytesFull => "queue-bytes-full",
            Self::NoPodInTime => "no-pod-in-time",
            Self::NoPlaceInTime => "no-place-in-time",
            Self::Gone => "revision-gone",
            Self::ShuttingDown => "shutting-down",
            Self::ClientLeft => "client-left",
            Self::BadBody => "bad-body",
            Self::ConnectFailed => "connect-failed",
            Self::PodGone => "pod-gone",
            Self::ClosedBeforeAnswer => "closed-before-answer",
            Self::BrokenAnswer => "broken-answer",
            Self::RequestTimeout => "request-timeout",
            Self::ResponseStartTimeout => "response-start-timeout",
            Self::IdleTimeout => "idle-timeout",
        }
    }

    /// The HTTP status of the answer, if nothing of an answer was sent yet.
    pub fn status(self) -> u16 {
        match self {
            Self::BadBody => 400,
            Self::Gone => 404,
            // Nobody reads it; Knative's activator answers 500 to a client that is gone.
            Self::ClientLeft => 500,
            Self::ConnectFailed | Self::PodGone | Self::ClosedBeforeAnswer | Self::BrokenAnswer => 502,
            Self::QueueFull | Self::QueueBytesFull | Self::NoPlaceInTime | Self::ShuttingDown => 503,
            Self::NoPodInTime | Self::RequestTimeout | Self::ResponseStartTimeout | Self::IdleTimeout => 504,
        }
    }

    /// The text of the answer's body. Knative's own words where Knative has the case.
    pub fn body(self, revision: &RevisionKey) -> Cow<'static, str> {
        match self {
            Self::QueueFull | Self::QueueBytesFull => "pending request queue full".into(),
            Self::NoPlaceInTime => "context deadline exceeded".into(),
            Self::NoPodInTime => "activator request timeout".into(),
            Self::RequestTimeout | Self::ResponseStartTimeout | Self::IdleTimeout => "request timeout".into(),
            Self::ShuttingDown => "shutting down".into(),
            Self::Gone => format!("Error getting active endpoint: revision.serving.knative.dev {:?} not found", &*revision.name).into(),
            Self::ClientLeft => "".into(),
            Self::BadBody => "the body of the request is malformed".into(),
            Self::ConnectFailed => "the app does not accept connections".into(),
            Self::PodGone => "the pod went away during the request".into(),
            Self::ClosedBeforeAnswer => "the app closed the connection without an answer".into(),
            Self::BrokenAnswer => "the app's answer is broken".into(),
        }
    }

    /// Whose fault it is. `start_problem` says that the revision's pods are known to fail at their start: then a pod that did
    /// not come in time is the app's fault.
    pub fn fault(self, start_problem: bool) -> Fault {
        match self {
            Self::NoPodInTime if start_problem => Fault::App,
            Self::QueueFull | Self::QueueBytesFull | Self::NoPodInTime | Self::NoPlaceInTime | Self::ShuttingDown | Self::PodGone => {
                Fault::Platform
            }
            Self::Gone | Self::ClientLeft | Self::BadBody => Fault::Client,
            Self::ConnectFailed
            | Self::ClosedBeforeAnswer
            | Self::BrokenAnswer
            | Self::RequestTimeout
            | Self::ResponseStartTimeout
            | Self::IdleTimeout => Fault::App,
        }
    }

    /// Whether the client may send the request again without fear that it is done twice: the app has not seen it.
    pub fn unseen_by_app(self) -> bool {
        match self {
            Self::QueueFull
            | Self::QueueBytesFull
            | Self::NoPodInTime
            | Self::NoPlaceInTime
            | Self::Gone
            | Self::ShuttingDown
            | Self::ConnectFailed => true,
            Self::ClientLeft
            | Self::BadBody
            | Self::PodGone
            | Self::ClosedBeforeAnswer
            | Self::BrokenAnswer
            | Self::RequestTimeout
            | Self::ResponseStartTimeout
            | Self::IdleTimeout => false,
        }
    }

    /// The `Retry-After` header, where trying again soon makes sense. One second: within that time the autoscaler has seen the
    /// line and acted on it, and the header knows no smaller unit.
    pub fn retry_after(self) -> Option<Duration> {
        matches!(self, Self::QueueFull | Self::QueueBytesFull | Self::NoPlaceInTime | Self::ShuttingDown).then_some(Duration::from_secs(1))
    }
}

#[cfg(test)]
mod tests;
