//! Which of several pods takes the next request (knative/serving `pkg/activator/net/lb_policy.go`).
//!
//! Randomness and the round robin's position are arguments.

use crate::Limit;

/// Up to this limit the first pod with a free place is taken: with so few places the pods fill up one after the other, and
/// those at the end stay idle and can be let go. Knative's own border.
const FIRST_FREE_UP_TO: u32 = 3;

/// Picks one of `pods` pods, by index, or none if no pod has a free place.
///
/// - no limit: of two pods chosen at random, the one with fewer requests in flight;
/// - 1 to 3 places: the first pod with a free place;
/// - more places: round robin from `cursor` over the pods that have a free place.
///
/// `random` should be uniform over its whole range; it matters only without a limit.
pub fn pick(limit: Limit, pods: usize, in_flight: impl Fn(usize) -> u32, cursor: usize, random: u64) -> Option<usize> {
    let admits = |index: &usize| limit.admits(in_flight(*index));
    match limit.places() {
        _ if pods == 0 => None,
        None => Some(less_busy_of_two(pods, in_flight, random)),
        Some(places) if places <= FIRST_FREE_UP_TO => (0..pods).find(admits),
        Some(_) => {
            let start = cursor % pods;
            (start..pods).chain(0..start).find(admits)
        }
    }
}

/// Two different pods at random; the one with fewer requests in flight, and on a tie the one drawn first.
fn less_busy_of_two(pods: usize, in_flight: impl Fn(usize) -> u32, random: u64) -> usize {
    let first = share(random >> 32, pods);
    if pods == 1 {
        return first;
    }
    let step = 1 + share(random & u64::from(u32::MAX), pods - 1);
    let second = (first + step) % pods;
    if in_flight(second) < in_flight(first) { second } else { first }
}

/// Maps 32 random bits to `0..of` by multiplication, which is cheaper than a division and as even.
fn share(bits: u64, of: usize) -> usize {
    let of_wide = u64::try_from(of).unwrap_or(u64::MAX).min(u64::from(u32::MAX));
    usize::try_from((bits * of_wide) >> 32).unwrap_or(0)
}

#[cfg(test)]
mod tests;
