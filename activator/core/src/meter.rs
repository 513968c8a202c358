//! Counts the requests in Ebb's hands (waiting and in a pod) and their time-weighted mean.
//!
//! Times are given as the time since some fixed moment of the caller's; they may step back a little, when two threads read
//! the clock in one order and come here in the other.

use std::time::Duration;

/// The running count of one revision.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    present: u32,
    arrived: u64,
    /// Sum of `present` × time since `from`.
    area: Duration,
    from: Duration,
    last: Duration,
}

/// What a meter saw over a stretch of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// The stretch.
    pub over: Duration,
    /// Time-weighted mean of the requests that were there.
    pub concurrency: f64,
    /// Requests that arrived.
    pub requests: u64,
}

impl Reading {
    /// Whether nothing was there in the whole stretch.
    pub fn is_quiet(&self) -> bool {
        self.requests == 0 && self.concurrency <= 0.0
    }
}

impl Meter {
    /// Requests that are there.
    pub fn present(&self) -> u32 {
        self.present
    }

    /// Starts a new stretch, forgetting the quiet before it.
    pub fn start(&mut self, now: Duration) {
        *self = Self { present: self.present, arrived: 0, area: Duration::ZERO, from: now, last: now };
    }

    /// A request arrived.
    pub fn arrive(&mut self, now: Duration) {
        self.advance(now);
        self.present = self.present.saturating_add(1);
        self.arrived += 1;
    }

    /// A request that arrived before has left.
    pub fn leave(&mut self, now: Duration) {
        self.advance(now);
        self.present = self.present.saturating_sub(1);
    }

    /// Ends the stretch and starts the next one. Nothing while no time has passed.
    pub fn read(&mut self, now: Duration) -> Option<Reading> {
        self.advance(now);
        let over = self.last.saturating_sub(self.from);
        if over.is_zero() {
            return None;
        }
        let reading = Reading { over, concurrency: self.area.as_secs_f64() / over.as_secs_f64(), requests: self.arrived };
        self.start(self.last);
        Some(reading)
    }

    fn advance(&mut self, now: Duration) {
        let passed = now.saturating_sub(self.last);
        self.area = self.area.saturating_add(passed.saturating_mul(self.present));
        self.last = self.last.max(now);
    }
}

#[cfg(test)]
mod tests;
