//! The highest count of a stretch of time.
//!
//! This module must not know what is counted.

use std::collections::VecDeque;
use std::time::Duration;

use crate::moment::Moment;

/// Counts with the moments at which they last held. Only those are kept that can still become the highest, so the
/// counts fall strictly from front to back and there are at most as many as the highest count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peak(VecDeque<(Moment, u32)>);

impl Peak {
    /// Writes down that `count` holds at `at`.
    pub fn record(&mut self, at: Moment, count: u32) {
        while self.0.back().is_some_and(|(_, smaller)| *smaller <= count) {
            self.0.pop_back();
        }
        self.0.push_back((at, count));
    }

    /// The highest count that held in the `length` before now, and until when it counts. Forgets what is older.
    pub fn highest(&mut self, now: Moment, length: Duration) -> Option<(u32, Moment)> {
        while self.0.front().is_some_and(|(at, _)| now >= at.plus(length)) {
            self.0.pop_front();
        }
        self.0.front().map(|(at, count)| (*count, at.plus(length)))
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.0 = VecDeque::new();
    }
}

#[cfg(test)]
mod tests;
