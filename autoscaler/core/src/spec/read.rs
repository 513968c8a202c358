//! From a PodAutoscaler and the cluster's settings to a [`Spec`].
//!
//! This module must not refuse: what cannot be taken is a problem and its default holds.

use std::collections::BTreeMap;
use std::time::Duration;

use ebb_api::autoscaling::PodAutoscalerSpec;
use ebb_api::config::autoscaler::{TARGET_MIN, WINDOW_MIN};
use ebb_api::config::{Autoscaler, Deployment};
use ebb_api::keys::annotation::{AUTOSCALING_PREFIX, PROGRESS_DEADLINE};

use super::annotations::{Annotations, Problem};
use super::{Algorithm, Metric, Spec};
use crate::history::Windows;

const METRICS: &[(&str, Metric)] = &[("concurrency", Metric::Concurrency), ("rps", Metric::Rps)];
const ALGORITHMS: &[(&str, Algorithm)] = &[
    ("linear", Algorithm::Linear),
    ("weighted-exponential", Algorithm::WeightedExponential),
    ("weightedExponential", Algorithm::WeightedExponential),
];
/// The word in `spec.reachability` of a revision that no route leads to.
const UNREACHABLE: &str = "Unreachable";
/// How much longer than its progress deadline a revision may try to activate, so that the Deployment's own verdict
/// comes first. Source: knative/serving `pkg/reconciler/autoscaling/kpa/scaler.go`.
const ACTIVATION_BUFFER: Duration = Duration::from_secs(30);

impl Spec {
    /// Reads a PodAutoscaler's annotations and spec. What is wrong with them is told and its default is in force.
    #[must_use]
    pub fn read(
        annotations: &BTreeMap<String, String>,
        pa: &PodAutoscalerSpec,
        config: &Autoscaler,
        deployment: &Deployment,
    ) -> (Self, Vec<Problem>) {
        let mut read = Annotations::new(annotations);
        let metric = read.word("metric", METRICS).unwrap_or_default();
        let container_concurrency = count(pa.container_concurrency);
        let total = total(&mut read, metric, container_concurrency, config);
        let utilization = utilization(&mut read, metric, config);
        let bounds = Bounds::read(&mut read, config);
        let windows = windows(&mut read, config);
        let spec = Self {
            reachable: pa.reachability != UNREACHABLE,
            metric,
            algorithm: read.word("metric-aggregation-algorithm", ALGORITHMS).unwrap_or_default(),
            container_concurrency,
            total,
            target: (total * utilization).max(TARGET_MIN),
            target_burst_capacity: read
                .number("target-burst-capacity", "at least 0, or -1", |value| value >= 0.0 || value.total_cmp(&-1.0).is_eq())
                .unwrap_or(config.target_burst_capacity),
            windows,
            panic_threshold: read
                .number("panic-threshold-percentage", "between 110 and 1000", |value| (110.0..=1000.0).contains(&value))
                .unwrap_or(config.panic_threshold_percentage)
                / 100.0,
            max_scale_up_rate: config.max_scale_up_rate,
            max_scale_down_rate: config.max_scale_down_rate,
            min_scale: bounds.min,
            max_scale: bounds.max,
            initial_scale: bounds.initial,
            activation_scale: bounds.activation,
            scale_down_delay: read.span("scale-down-delay", Duration::ZERO, true).unwrap_or(config.scale_down_delay),
            enable_scale_to_zero: config.enable_scale_to_zero,
            retention_period: read
                .span("scale-to-zero-pod-retention-period", Duration::ZERO, false)
                .unwrap_or(config.scale_to_zero_pod_retention_period),
            activation_timeout: read.deadline(PROGRESS_DEADLINE).unwrap_or(deployment.progress_deadline) + ACTIVATION_BUFFER,
        };
        (spec, read.into_problems())
    }
}

/// What one pod can carry. A target below the hard limit narrows it; one above it cannot widen it.
fn total(read: &mut Annotations<'_>, metric: Metric, limit: u32, config: &Autoscaler) -> f64 {
    let wished = read.number("target", "at least 0.01", |value| value >= TARGET_MIN);
    match metric {
        Metric::Concurrency if limit > 0 => wished.unwrap_or(f64::INFINITY).min(f64::from(limit)),
        Metric::Concurrency => wished.unwrap_or(config.container_concurrency_target_default),
        Metric::Rps => wished.unwrap_or(config.rps_target_default),
    }
}

fn utilization(read: &mut Annotations<'_>, metric: Metric, config: &Autoscaler) -> f64 {
    let wished = read.number("target-utilization-percentage", "between 1 and 100", |value| (1.0..=100.0).contains(&value));
    wished.map_or(
        match metric {
            Metric::Concurrency => config.container_concurrency_target_fraction,
            Metric::Rps => config.target_utilization,
        },
        |percent| percent / 100.0,
    )
}

fn windows(read: &mut Annotations<'_>, config: &Autoscaler) -> Windows {
    let stable = read.span("window", WINDOW_MIN, true).unwrap_or(config.stable_window);
    let percent = read
        .number("panic-window-percentage", "between 1 and 100", |value| (1.0..=100.0).contains(&value))
        .unwrap_or(config.panic_window_percentage);
    let seconds = (stable.as_secs_f64() * percent / 100.0).round().max(1.0);
    Windows { stable, panic: Duration::from_secs_f64(seconds) }
}

struct Bounds {
    min: u32,
    max: u32,
    initial: u32,
    activation: u32,
}

impl Bounds {
    fn read(read: &mut Annotations<'_>, config: &Autoscaler) -> Self {
        let max = read.count("max-scale", 0).unwrap_or_else(|| count(config.max_scale.into()));
        let mut min = read.count("min-scale", 0).unwrap_or_else(|| count(config.min_scale.into()));
        if max > 0 && min > max {
            // The upper bound is what protects the machine and the bill, so it wins.
            read.problem(format!("{AUTOSCALING_PREFIX}min-scale"), &min.to_string(), format!("max-scale is {max}, which holds instead"));
            min = max;
        }
        let least_initial = u32::from(!config.allow_zero_initial_scale);
        Self {
            min,
            max,
            initial: read.count("initial-scale", least_initial).unwrap_or_else(|| count(config.initial_scale.into())),
            activation: read.count("activation-scale", 2).unwrap_or(0),
        }
    }
}

/// Counts that Kubernetes writes signed; a negative one, which admission refuses, is none.
fn count(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(0)
}
