//! A point in time as the autoscaler knows it: the time since some origin that the caller chose.
//!
//! This module must not read a clock. A shell counts from when it started, a simulator from the start of its trace.

use std::time::Duration;

/// A point on the caller's monotonic time line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(Duration);

impl Moment {
    /// The origin.
    pub const ORIGIN: Self = Self(Duration::ZERO);

    /// The moment this long after the origin.
    #[must_use]
    pub const fn after_origin(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// Time since the origin.
    #[must_use]
    pub const fn elapsed(self) -> Duration {
        self.0
    }

    /// Time since `earlier`; zero if that is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// The moment this much later.
    #[must_use]
    pub const fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(span))
    }

    /// The moment this much earlier, or the origin.
    #[must_use]
    pub const fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(span))
    }

    /// The second that this moment is in.
    #[must_use]
    pub const fn second(self) -> u64 {
        self.0.as_secs()
    }

    /// The start of a second.
    #[must_use]
    pub const fn at_second(second: u64) -> Self {
        Self(Duration::from_secs(second))
    }
}

impl std::fmt::Display for Moment {
    /// Seconds with milliseconds, as stories and logs show it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:03}s", self.0.as_secs(), self.0.subsec_millis())
    }
}
