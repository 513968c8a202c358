//! The numbers behind the last decisions, as gauges with Knative's names, read from the table when somebody asks. A
//! revision that is gone from the table is gone from the gauges, and nothing is kept twice.
//!
//! This module must not change anything. Source of the names: knative/serving `pkg/autoscaler/scaling/metrics.go`.

use std::sync::Arc;

use ebb_autoscaler_core::Decision;
use parking_lot::Mutex;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::table::Table;

/// Reads one gauge out of a decision.
type Read = fn(&Decision) -> f64;

const GAUGES: &[(&str, &str, Read)] = &[
    ("desired_pods", "Pods that are wanted", |decision| f64::from(decision.want)),
    ("requested_pods", "Pods that the load asks for, before bounds and scale to zero", |decision| f64::from(decision.figures.requested)),
    ("actual_pods", "Pods that are ready", |decision| f64::from(decision.standing.actual)),
    ("stable_request_concurrency", "Requests at a time, average over the stable window", |decision| decision.figures.stable.concurrency),
    ("panic_request_concurrency", "Requests at a time, average over the panic window", |decision| decision.figures.panic.concurrency),
    ("stable_requests_per_second", "Arrivals per second, average over the stable window", |decision| decision.figures.stable.requests),
    ("panic_requests_per_second", "Arrivals per second, average over the panic window", |decision| decision.figures.panic.requests),
    ("target_concurrency_per_pod", "What one pod should carry, in the unit of the revision's metric", |decision| decision.figures.target),
    ("excess_burst_capacity", "Requests that the ready pods could take beyond the target burst capacity", |decision| {
        decision.figures.excess_burst_capacity
    }),
    ("panic_mode", "1 while the revision is in panic", |decision| f64::from(u8::from(decision.figures.panicking))),
];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    namespace_name: String,
    revision_name: String,
}

/// The gauges of all revisions.
pub struct Figures(Arc<Mutex<Table>>);

impl Figures {
    /// Gauges over this table.
    pub fn new(table: Arc<Mutex<Table>>) -> Self {
        Self(table)
    }
}

impl std::fmt::Debug for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Figures")
    }
}

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        // Copied out, so that the lock is not held while text is written.
        let decisions: Vec<(Labels, Decision)> = {
            let table = self.0.lock();
            let tracked = table.revisions.iter().filter_map(|(key, tracked)| Some((key, tracked.decision.clone()?)));
            tracked
                .map(|(key, decision)| {
                    (Labels { namespace_name: key.namespace.to_string(), revision_name: key.name.to_string() }, decision)
                })
                .collect()
        };
        for (name, help, read) in GAUGES {
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for (labels, decision) in &decisions {
                ConstGauge::new(read(decision)).encode(family.encode_family(labels)?)?;
            }
        }
        let mut family = encoder.encode_descriptor("decision", "1 for the reason of the last decision", None, MetricType::Gauge)?;
        for (Labels { namespace_name, revision_name }, decision) in &decisions {
            let labels =
                [("namespace_name", namespace_name.as_str()), ("revision_name", revision_name), ("because", decision.because.as_str())];
            ConstGauge::new(1_u64).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
