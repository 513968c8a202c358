//! When a request that has to wait tells the autoscaler at once, instead of leaving it to the next tick.
//!
//! A revision without any pod tells with its first waiter: that is a cold start, and every millisecond counts. After that,
//! and where pods are merely full, it tells when the line has doubled since it was last told of. So a burst of n requests
//! costs about log2(n) messages, and a line that flickers between 0 and 1 costs one per tick.

/// Remembers how long the line was when the autoscaler last heard of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PokeRule {
    next: usize,
}

impl Default for PokeRule {
    fn default() -> Self {
        Self { next: 1 }
    }
}

impl PokeRule {
    /// A request joined: whether to tell now. `queued` counts it.
    pub fn joined(&mut self, queued: usize, usable_pods: usize) -> bool {
        let first_of_cold_start = queued == 1 && usable_pods == 0;
        let tell = first_of_cold_start || queued >= self.next;
        if tell {
            self.told(queued);
        }
        tell
    }

    /// The pods changed: whether those who wait would be stranded if the autoscaler were not told again.
    pub fn lost_pod(&mut self, queued: usize, usable_pods: usize) -> bool {
        let tell = queued > 0 && usable_pods == 0;
        if tell {
            self.told(queued);
        }
        tell
    }

    /// The autoscaler was told of a line of this length.
    pub fn told(&mut self, queued: usize) {
        self.next = queued.saturating_mul(2).max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_of_a_thousand_tells_ten_times() {
        let mut rule = PokeRule::default();
        let told: Vec<usize> = (1..=1000).filter(|queued| rule.joined(*queued, 0)).collect();
        assert_eq!(told, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]);
    }

    #[test]
    fn a_line_that_flickers_before_full_pods_tells_once_until_the_tick() {
        let mut rule = PokeRule::default();
        assert_eq!((0..100).filter(|_| rule.joined(1, 3)).count(), 1);
        rule.told(0);
        assert!(rule.joined(1, 3));
    }

    #[test]
    fn the_first_of_a_cold_start_always_tells() {
        let mut rule = PokeRule::default();
        assert!(rule.joined(1, 3));
        assert!(!rule.joined(1, 3));
        assert!(rule.joined(1, 0));
    }

    #[test]
    fn losing_the_last_pod_tells_only_if_someone_waits() {
        let mut rule = PokeRule::default();
        assert!(!rule.lost_pod(0, 0));
        assert!(!rule.lost_pod(5, 1));
        assert!(rule.lost_pod(5, 0));
    }
}
