//! The controller's metrics. Labels are closed sets: kinds, reasons and outcomes, never names.
//!
//! This module must not measure anything itself.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// What a reconcile was about and how it went.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reconcile {
    kind: &'static str,
    outcome: &'static str,
}

/// All metrics. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Metrics {
    reconciles: Family<Reconcile, Histogram, fn() -> Histogram>,
    writes: Family<Write, Counter>,
    events_dropped: Family<DropLabels, Counter>,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Write {
    kind: &'static str,
    verb: &'static str,
}

/// Why an Event was not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dropped {
    /// Too much was told about the same object.
    TooManyAboutObject,
    /// Too many Events were waiting to be told.
    TooManyWaiting,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DropLabels {
    reason: &'static str,
}

impl Metrics {
    /// Makes the metrics known.
    pub fn register(registry: &mut Registry) -> Self {
        // From 50 µs, a reconcile that changes nothing, to 1.6 s, an API server in trouble.
        let buckets: fn() -> Histogram = || Histogram::new(exponential_buckets(0.000_05, 2.0, 16));
        let metrics =
            Self { reconciles: Family::new_with_constructor(buckets), writes: Family::default(), events_dropped: Family::default() };
        let registry = registry.sub_registry_with_prefix("ebb_controller");
        registry.register_with_unit("reconcile_duration", "Reconciles by kind and outcome", Unit::Seconds, metrics.reconciles.clone());
        registry.register("writes", "Writes to the API server by kind and verb", metrics.writes.clone());
        let help = "Events that were not told, by reason";
        registry.register("events_dropped", help, metrics.events_dropped.clone());
        metrics
    }

    /// A reconcile ended.
    pub fn reconciled(&self, kind: &'static str, outcome: &'static str, took: Duration) {
        self.reconciles.get_or_create(&Reconcile { kind, outcome }).observe(took.as_secs_f64());
    }

    /// Something was written.
    pub fn wrote(&self, kind: &'static str, verb: &'static str) {
        self.writes.get_or_create(&Write { kind, verb }).inc();
    }

    /// An Event was not told.
    pub fn event_dropped(&self, why: Dropped) {
        let reason = match why {
            Dropped::TooManyAboutObject => "too_many_about_object",
            Dropped::TooManyWaiting => "too_many_waiting",
        };
        self.events_dropped.get_or_create(&DropLabels { reason }).inc();
    }
}
