//! What follows when a place was given and the request could not be answered from it.

use std::time::Duration;

use crate::Refused;

/// How often a request may lose its pod before it is given up. The pauses between the tries are 0, 5, 10, 20, 40, 80 and
/// 100 ms, together a quarter of a second; and since a pod that refuses leaves the table, eight tries are eight pods (or one
/// that came back seven times), not eight knocks at one door.
pub const MAX_TRIES: u32 = 8;
/// First pause between tries: about what a process needs from opening one port to opening the next.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
/// Longest pause between tries: below what a person notices.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// How a request failed in its pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// Nobody listens on the pod's port.
    ConnectRefused,
    /// The connection was not made in time.
    ConnectTimeout,
    /// The connection could not be made for another reason.
    ConnectFailed,
    /// The pod left the table before the request was sent to it.
    PodGone,
    /// A connection kept from an earlier request was closed by the pod just when the request was written to it.
    StaleConnection,
    /// The connection was closed after the request was sent, before the first byte of the answer.
    ClosedBeforeAnswer,
    /// The answer had begun and was broken off, or is not HTTP.
    BrokenAnswer,
}

impl Failure {
    /// Whether the app may have seen some of the request.
    pub fn was_sent(self) -> bool {
        match self {
            Self::ConnectRefused | Self::ConnectTimeout | Self::ConnectFailed | Self::PodGone => false,
            Self::StaleConnection | Self::ClosedBeforeAnswer | Self::BrokenAnswer => true,
        }
    }

    /// Whether the pod should get no requests until it has been looked at. A closed connection alone says nothing about the
    /// next one: apps close connections whenever they like.
    pub fn suspects_pod(self) -> bool {
        match self {
            Self::ConnectRefused | Self::ConnectTimeout | Self::ConnectFailed | Self::PodGone => true,
            Self::StaleConnection | Self::ClosedBeforeAnswer | Self::BrokenAnswer => false,
        }
    }

    /// The reason that the client gets when no further try is made.
    fn refused(self) -> Refused {
        match self {
            Self::ConnectRefused | Self::ConnectTimeout | Self::ConnectFailed => Refused::ConnectFailed,
            Self::PodGone => Refused::PodGone,
            Self::StaleConnection | Self::ClosedBeforeAnswer => Refused::ClosedBeforeAnswer,
            Self::BrokenAnswer => Refused::BrokenAnswer,
        }
    }
}

/// What to do with the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterFailure {
    /// Take another place at once.
    RetryNow,
    /// Take another place after a pause.
    RetryIn(Duration),
    /// Take another place, and tell the autoscaler if there is none: the pod is gone for good.
    Rewake,
    /// Answer the client.
    GiveUp(Refused),
}

/// Decides. `tries` counts the places that the request has lost, this one included. `replayable` says that the request may be
/// sent a second time although the app may have seen it: nothing of its body is lost, and its method allows it.
///
/// A request of which no byte was sent is always tried again, with any body: the app cannot have seen it.
pub fn after_failure(failure: Failure, tries: u32, replayable: bool) -> AfterFailure {
    let may_repeat = match failure {
        // Part of an answer has already gone to the client.
        Failure::BrokenAnswer => false,
        other => replayable || !other.was_sent(),
    };
    if !may_repeat || tries >= MAX_TRIES {
        return AfterFailure::GiveUp(failure.refused());
    }
    match (failure, tries) {
        (Failure::PodGone, _) => AfterFailure::Rewake,
        (_, 0 | 1) => AfterFailure::RetryNow,
        (_, tries) => AfterFailure::RetryIn(pause(tries)),
    }
}

fn pause(tries: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << tries.saturating_sub(2).min(16)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests;
