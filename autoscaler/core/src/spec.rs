//! What one revision's scaling is tuned to: its annotations, with the cluster's settings where they are silent.
//!
//! This module must not decide anything. Sources: knative/serving `pkg/autoscaler/scaling/autoscaler.go` (`DeciderSpec`),
//! `pkg/reconciler/autoscaling/resources/target.go`.

use std::time::Duration;

use crate::history::Windows;

mod annotations;
mod read;

pub use annotations::Problem;

/// What is counted of a revision's traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Metric {
    /// Requests at a time.
    #[default]
    Concurrency,
    /// Arrivals per second.
    Rps,
}

/// How a window becomes one number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// Every second weighs the same.
    #[default]
    Linear,
    /// Younger seconds weigh more.
    WeightedExponential,
}

/// The tuning of one revision, complete and in bounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Whether a route leads here. Minimum, retention, delay and rate of scale-down hold only then.
    pub reachable: bool,
    /// What is counted.
    pub metric: Metric,
    /// How it is averaged.
    pub algorithm: Algorithm,
    /// The hard limit of requests at a time in one pod; 0 is none.
    pub container_concurrency: u32,
    /// What one pod can carry, in the metric's unit.
    pub total: f64,
    /// What one pod should carry: `total` times the utilisation, at least 0.01.
    pub target: f64,
    /// Spare capacity to keep; -1 for "the activator is always in the path".
    pub target_burst_capacity: f64,
    /// Lengths of the averages.
    pub windows: Windows,
    /// Wanted pods over ready pods from which panic starts.
    pub panic_threshold: f64,
    /// Largest factor of growth over the ready pods.
    pub max_scale_up_rate: f64,
    /// Largest divisor of the ready pods in two seconds.
    pub max_scale_down_rate: f64,
    /// Fewest pods.
    pub min_scale: u32,
    /// Most pods; 0 is no bound.
    pub max_scale: u32,
    /// Pods that a new revision must reach once.
    pub initial_scale: u32,
    /// Fewest pods when there is any load; 0 is no such rule.
    pub activation_scale: u32,
    /// How long less load must last before pods are taken away.
    pub scale_down_delay: Duration,
    /// Whether the last pod may go.
    pub enable_scale_to_zero: bool,
    /// The last pod stays at least this long after the revision was found inactive.
    pub retention_period: Duration,
    /// How long a revision may try to get its first pods ready.
    pub activation_timeout: Duration,
}

impl Spec {
    /// Fewest pods at present: none are kept for a revision that no route leads to.
    #[must_use]
    pub fn least(&self, initialized: bool) -> u32 {
        let initial = if initialized { 0 } else { self.initial_scale };
        match self.reachable {
            true if initial > 1 => self.bounded_above(self.min_scale.max(initial)),
            true => self.bounded_above(self.min_scale),
            false => 0,
        }
    }

    /// Ready pods from which the revision counts as active.
    #[must_use]
    pub fn threshold(&self, initialized: bool) -> u32 {
        let least = if self.reachable { self.min_scale } else { 0 };
        self.bounded_above(least.max(if initialized { 1 } else { self.initial_scale }))
    }

    /// The count, or the most pods.
    #[must_use]
    pub fn bounded_above(&self, count: u32) -> u32 {
        if self.max_scale == 0 { count } else { count.min(self.max_scale) }
    }
}

#[cfg(test)]
mod tests;
