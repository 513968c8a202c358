//! How figures are printed: one line each, milliseconds with three digits.

use std::time::Duration;

use ebb_tests::load::percentile;

/// Milliseconds, for people.
pub fn ms(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1000.0)
}

/// Prints p50, p90, p99 and the maximum of some times.
pub fn print(name: &str, mut times: Vec<Duration>) -> Percentiles {
    times.sort_unstable();
    let found = Percentiles { p50: percentile(&times, 500), p95: percentile(&times, 950), p99: percentile(&times, 990) };
    let max = times.last().copied().unwrap_or_default();
    println!(
        "{name:<34} n={:<5} p50 {:>11}   p95 {:>11}   p99 {:>11}   max {:>11}",
        times.len(),
        ms(found.p50),
        ms(found.p95),
        ms(found.p99),
        ms(max)
    );
    found
}

/// Some percentiles.
#[derive(Clone, Copy, Debug)]
pub struct Percentiles {
    /// Half are not longer.
    pub p50: Duration,
    /// 95 of 100 are not longer.
    pub p95: Duration,
    /// 99 of 100 are not longer.
    pub p99: Duration,
}
