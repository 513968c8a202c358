//! What the autoscaler counts of itself: changes of scale by their reason, refused writes, and its share of cold starts.
//!
//! This module must not count anything per request.

use std::time::Duration;

use ebb_autoscaler_core::Because;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// From 50 µs to a second and a half: a decision and one write in the same process take the first, a busy API server far
/// away the last.
const POKE_BUCKETS: [f64; 10] = [0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.005, 0.02, 0.1, 0.5, 1.5];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    because: &'static str,
}

/// The metrics.
pub struct Metrics {
    changes: Family<Reason, Counter>,
    refused: Counter,
    pokes: Histogram,
}

impl Default for Metrics {
    fn default() -> Self {
        Self { changes: Family::default(), refused: Counter::default(), pokes: Histogram::new(POKE_BUCKETS) }
    }
}

impl Metrics {
    /// Makes them known.
    pub fn register(&self, registry: &mut Registry) {
        registry.register("scale_changes", "Scales that were to be set, by the reason of the decision", self.changes.clone());
        registry.register("scale_writes_failed", "Scales that the API server did not take; they are tried again", self.refused.clone());
        registry.register_with_unit(
            "poke_to_scale",
            "From the news that a request found no place to the scale being set",
            Unit::Seconds,
            self.pokes.clone(),
        );
    }

    /// Another scale is to be set.
    pub fn decided(&self, because: Because) {
        self.changes.get_or_create(&Reason { because: because.as_str() }).inc();
    }

    /// A scale could not be set.
    pub fn scale_was_refused(&self) {
        self.refused.inc();
    }

    /// A poke led to a scale that is set now.
    pub fn poke_was_answered(&self, after: Duration) {
        self.pokes.observe(after.as_secs_f64());
    }
}
