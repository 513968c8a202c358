//! How many requests a pod, and a whole revision, may carry at once.

use std::num::NonZeroU32;

/// The hard limit of requests in flight in one pod: a Revision's `containerConcurrency`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limit(Option<NonZeroU32>);

impl Limit {
    /// No limit (`containerConcurrency: 0`).
    pub const UNLIMITED: Self = Self(None);

    /// The limit that a `containerConcurrency` means. Zero is "no limit" (Knative's rule). Admission keeps the value within
    /// 0..=1000; what is out of range all the same is read as "no limit" when negative and as the largest limit when large.
    pub fn of(container_concurrency: i64) -> Self {
        let places = u32::try_from(container_concurrency.max(0)).unwrap_or(u32::MAX);
        Self(NonZeroU32::new(places))
    }

    /// Places in one pod, if they are limited.
    pub fn places(self) -> Option<u32> {
        self.0.map(NonZeroU32::get)
    }

    /// Whether a pod with so many requests in flight may take one more.
    pub fn admits(self, in_flight: u32) -> bool {
        self.0.is_none_or(|places| in_flight < places.get())
    }
}

/// What a revision can carry at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capacity {
    /// So many requests.
    Places(u64),
    /// Any number: there is a pod, and pods have no limit.
    Unlimited,
}

/// The capacity of a revision with so many usable pods. Without pods it is zero, with or without a limit: requests wait
/// until the first pod is there (knative/serving `pkg/activator/net/throttler.go`).
pub fn capacity(limit: Limit, usable_pods: usize) -> Capacity {
    let pods = u64::try_from(usable_pods).unwrap_or(u64::MAX);
    match limit.places() {
        _ if pods == 0 => Capacity::Places(0),
        None => Capacity::Unlimited,
        Some(places) => Capacity::Places(pods.saturating_mul(u64::from(places))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_capacity_of_a_revision() {
        let cases = [
            (0, 0, Capacity::Places(0)),
            (0, 3, Capacity::Unlimited),
            (1, 0, Capacity::Places(0)),
            (1, 4, Capacity::Places(4)),
            (10, 3, Capacity::Places(30)),
            (-5, 1, Capacity::Unlimited),
            (i64::MAX, 1, Capacity::Places(u64::from(u32::MAX))),
        ];
        for (container_concurrency, pods, want) in cases {
            assert_eq!(capacity(Limit::of(container_concurrency), pods), want, "{container_concurrency} in {pods} pods");
        }
    }

    #[test]
    fn a_pod_is_full_at_its_limit_and_not_before() {
        assert!(Limit::of(2).admits(1));
        assert!(!Limit::of(2).admits(2));
        assert!(Limit::UNLIMITED.admits(u32::MAX));
    }
}
