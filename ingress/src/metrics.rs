//! What the front door counts. Labels are bounded: revisions, response classes, closed enums.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Upper bounds in seconds, in steps of about 2.5: a warm answer lies at 1 ms, a cold start at 10 ms, the default
/// timeout is 300 s.
const LATENCY_BOUNDS: [f64; 14] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 300.0];

/// Which revision; the names of the labels are Knative's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct OfRevision {
    pub namespace_name: String,
    pub revision_name: String,
}

/// Which revision and which kind of answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct OfResponse {
    pub namespace_name: String,
    pub revision_name: String,
    /// `2xx` and so on.
    pub response_code_class: &'static str,
}

/// Who failed and why.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct OfFailure {
    pub who: &'static str,
    pub reason: &'static str,
}

type Histograms = Family<OfRevision, Histogram, fn() -> Histogram>;

/// All metrics of the front door.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    pub responses: Family<OfResponse, Counter>,
    pub latency: Histograms,
    pub failures: Family<OfFailure, Counter>,
    pub connections: Gauge,
    pub connections_refused: Counter,
    pub hosts: Gauge,
}

impl Metrics {
    /// Registers them.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            responses: Family::default(),
            latency: Family::new_with_constructor(|| Histogram::new(LATENCY_BOUNDS)),
            failures: Family::default(),
            connections: Gauge::default(),
            connections_refused: Counter::default(),
            hosts: Gauge::default(),
        };
        let registry = registry.sub_registry_with_prefix("ebb_ingress");
        registry.register("responses", "Answers given to clients, by revision and class", metrics.responses.clone());
        registry.register_with_unit(
            "request_latency",
            "From the request's head to the end of the answer's body",
            Unit::Seconds,
            metrics.latency.clone(),
        );
        registry.register("failures", "Requests that the app did not answer, by who failed and why", metrics.failures.clone());
        registry.register("connections", "Open connections of clients", metrics.connections.clone());
        registry.register("connections_refused", "Connections closed because there were too many", metrics.connections_refused.clone());
        registry.register("hosts", "Hosts in the routing table", metrics.hosts.clone());
        metrics
    }

    /// Counts a failure.
    pub fn failed(&self, who: &'static str, reason: &'static str) {
        self.failures.get_or_create(&OfFailure { who, reason }).inc();
    }
}
