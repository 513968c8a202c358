//! How long requests waited for a place, as histograms that cost nothing until somebody waits.

use std::time::Duration;

/// Upper bounds in seconds: fine where a cold start of a native server lies (1 to 50 ms), coarse up to the default timeout.
pub(crate) const BOUNDS: [f64; 17] =
    [0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0, 100.0, f64::INFINITY];

/// One histogram.
#[derive(Clone, Debug, Default)]
pub(crate) struct Histogram {
    pub counts: [u64; BOUNDS.len()],
    pub sum: f64,
}

impl Histogram {
    fn record(&mut self, waited: f64) {
        let bucket = BOUNDS.iter().position(|bound| waited <= *bound).unwrap_or(BOUNDS.len() - 1);
        self.counts[bucket] += 1;
        self.sum += waited;
    }

    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
}

/// The waits of one revision's requests, apart by cause.
#[derive(Clone, Debug, Default)]
pub(crate) struct Waits {
    /// There was no usable pod when the request came.
    pub cold: Histogram,
    /// There were pods, but none had a free place.
    pub warm: Histogram,
}

impl Waits {
    pub fn record(&mut self, cold: bool, waited: Duration) {
        let histogram = if cold { &mut self.cold } else { &mut self.warm };
        histogram.record(waited.as_secs_f64());
    }
}
