//! How long to wait before a container that ended is started again.
//!
//! Pure. Figures: Kubernetes `pkg/kubelet` (10 s doubling to 5 min, forgotten after 10 min of running), with the first
//! restart at once.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(300);
/// A container that ran so long starts over with its back-off.
const FORGIVEN: Duration = Duration::from_secs(600);

/// Remembers how often a container has failed lately.
#[derive(Clone, Copy, Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait after an end, if the container `ran` so long before it.
    pub fn next(&mut self, ran: Duration) -> Duration {
        if ran >= FORGIVEN {
            self.failures = 0;
        }
        let wait = match self.failures {
            0 => Duration::ZERO,
            failures => FIRST.saturating_mul(1 << (failures - 1).min(8)).min(LONGEST),
        };
        self.failures += 1;
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_to_five_minutes_and_are_forgiven() {
        let mut backoff = Backoff::default();
        let waits: Vec<u64> = (0..9).map(|_| backoff.next(Duration::ZERO).as_secs()).collect();
        assert_eq!(waits, [0, 10, 20, 40, 80, 160, 300, 300, 300]);
        assert_eq!(backoff.next(Duration::from_secs(600)), Duration::ZERO);
        assert_eq!(backoff.next(Duration::from_secs(599)), FIRST);
    }
}
