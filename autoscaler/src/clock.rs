//! The one clock of this crate, on tokio's time, so that tests can pause it.
//!
//! It must not be used for what other processes see: conditions carry wall-clock times.

use ebb_autoscaler_core::Moment;
use tokio::time::Instant;

/// Counts from when it was made.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Instant);

impl Clock {
    /// A clock that starts now.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// The present moment.
    pub fn now(self) -> Moment {
        Moment::after_origin(self.0.elapsed())
    }
}
