//! How often a pod that is starting is asked whether it is ready.
//!
//! Pure.

use std::time::Duration;

/// Once a pod without a period is ready, it is asked only now and then: its process ending is seen at once anyway, so
/// this finds only servers that hang, and an idle machine should be idle.
pub const RECHECK: Duration = Duration::from_secs(10);
/// How soon a ready pod is asked again after it failed to answer, so that three failures take seconds, not half a minute.
pub const DOUBT: Duration = Duration::from_secs(1);
/// A pod that starts waits at most so long between tries: a person would notice more.
const LONGEST: Duration = Duration::from_millis(500);
/// Pods that may be asked every millisecond at the same time. A try costs some 20 µs, so eight of them take a sixth of a
/// core; with more, everyone is asked less often and the machine keeps its time for the starting itself.
const CROWD: u32 = 8;

/// Time to the next try of a pod that began `elapsed` ago, while `starting` pods (this one included) are being asked.
pub fn pause(elapsed: Duration, starting: usize) -> Duration {
    let pause = match elapsed.as_millis() {
        0..30 => 1,
        30..100 => 2,
        100..500 => 5,
        500..2_000 => 10,
        2_000..10_000 => 25,
        10_000..60_000 => 100,
        _ => 500,
    };
    let crowd = u32::try_from(starting).unwrap_or(u32::MAX).div_ceil(CROWD).max(1);
    Duration::from_millis(pause).saturating_mul(crowd).min(LONGEST)
}

/// The same for a check that starts a process: that costs a hundred times as much.
pub fn pause_of_exec(elapsed: Duration, starting: usize) -> Duration {
    pause(elapsed, starting).max(Duration::from_millis(20)).saturating_mul(2).min(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_become_rarer_with_time_and_with_company() {
        let ms = Duration::from_millis;
        for (elapsed, starting, want) in [
            (0, 1, 1),
            (29, 8, 1),
            (29, 9, 2),
            (29, 100, 13),
            (50, 1, 2),
            (1_000, 1, 10),
            (5_000, 1, 25),
            (5_000, 100, 325),
            (100_000, 1, 500),
            (100_000, 100, 500),
        ] {
            assert_eq!(pause(ms(elapsed), starting), ms(want), "{elapsed} ms, {starting} pods");
        }
        assert_eq!(pause_of_exec(ms(0), 1), ms(40));
    }
}
