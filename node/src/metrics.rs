//! The node's metrics.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// Label of the pods gauge.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Phase {
    /// The pod's phase.
    pub phase: String,
}

/// All of them.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// Pods on this machine by phase.
    pub pods: Family<Phase, Gauge>,
    /// From the node's learning of a pod to its process executing its program.
    pub spawn: Histogram,
    /// From that to the moment when its readiness was found.
    pub port_open: Histogram,
    /// From the decision to make the pod (its creation) to its readiness.
    pub ready: Histogram,
    /// Containers started again.
    pub restarts: Counter,
}

/// 0.25 ms to 8 s: a spawn takes tenths of milliseconds, a slow server seconds.
fn buckets() -> impl Iterator<Item = f64> {
    exponential_buckets(0.000_25, 2.0, 16)
}

impl Metrics {
    /// Makes and registers them.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            pods: Family::default(),
            spawn: Histogram::new(buckets()),
            port_open: Histogram::new(buckets()),
            ready: Histogram::new(buckets()),
            restarts: Counter::default(),
        };
        registry.register("ebb_node_pods", "Pods on this machine by phase", metrics.pods.clone());
        registry.register("ebb_node_pod_spawn_seconds", "From the node seeing a pod to its process running", metrics.spawn.clone());
        registry.register("ebb_node_pod_port_open_seconds", "From the process running to its readiness", metrics.port_open.clone());
        registry.register("ebb_node_pod_ready_seconds", "From the creation of a pod to its readiness", metrics.ready.clone());
        registry.register("ebb_node_container_restarts", "Containers that were started again", metrics.restarts.clone());
        metrics
    }
}

/// A duration for a histogram.
pub fn observe(histogram: &Histogram, duration: Duration) {
    histogram.observe(duration.as_secs_f64());
}
