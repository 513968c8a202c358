//! `config-autoscaler`: how revisions are scaled unless their annotations say otherwise.
//!
//! This module must not decide a scale. Source: knative/serving `pkg/autoscaler/config`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::ConfigError;
use super::parse::{Data, ensure};
use crate::duration::GoDuration;
use crate::go::float;
use crate::keys::KPA_CLASS;

/// The ConfigMap's name.
pub const NAME: &str = "config-autoscaler";

/// The smallest target of a metric per pod.
pub const TARGET_MIN: f64 = 0.01;
/// The shortest stable window.
pub const WINDOW_MIN: Duration = Duration::from_secs(6);
/// The longest stable window.
pub const WINDOW_MAX: Duration = Duration::from_secs(3_600);

/// The cluster's scaling settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Autoscaler {
    /// Share of the concurrency target to aim at, in (0, 1].
    pub container_concurrency_target_fraction: f64,
    /// Concurrency target of a revision without a limit.
    pub container_concurrency_target_default: f64,
    /// Share of the target to aim at for metrics other than concurrency; no key sets it.
    pub target_utilization: f64,
    /// Target of requests per second.
    pub rps_target_default: f64,
    /// Spare capacity to keep in requests; -1 keeps the activator in the path always.
    pub target_burst_capacity: f64,
    /// Window that the stable average is taken over.
    pub stable_window: Duration,
    /// Length of the panic window in percent of the stable one, 1..=100.
    pub panic_window_percentage: f64,
    /// Desired over ready pods, in percent, from which panic starts.
    pub panic_threshold_percentage: f64,
    /// Largest factor of growth per decision, above 1.
    pub max_scale_up_rate: f64,
    /// Largest divisor of shrinking per decision, above 1.
    pub max_scale_down_rate: f64,
    /// Whether a revision may have no pods.
    pub enable_scale_to_zero: bool,
    /// How long the last pod is kept at least while the network takes note.
    pub scale_to_zero_grace_period: Duration,
    /// How long the last pod is kept at least after traffic has ended.
    pub scale_to_zero_pod_retention_period: Duration,
    /// Class of autoscaler for revisions that name none.
    pub pod_autoscaler_class: String,
    /// Requests at a time that one activator is taken to carry.
    pub activator_capacity: f64,
    /// Pods that a new revision starts with.
    pub initial_scale: i32,
    /// Whether a revision may start with no pods.
    pub allow_zero_initial_scale: bool,
    /// Lower bound of pods for revisions that name none.
    pub min_scale: i32,
    /// Upper bound of pods for revisions that name none; 0 is none.
    pub max_scale: i32,
    /// The largest upper bound that a revision may name; 0 is none.
    pub max_scale_limit: i32,
    /// How long less load must last before pods are taken away.
    pub scale_down_delay: Duration,
}

impl Default for Autoscaler {
    fn default() -> Self {
        Self {
            container_concurrency_target_fraction: 0.7,
            container_concurrency_target_default: 100.0,
            target_utilization: 0.7,
            rps_target_default: 200.0,
            target_burst_capacity: 211.0,
            stable_window: Duration::from_secs(60),
            panic_window_percentage: 10.0,
            panic_threshold_percentage: 200.0,
            max_scale_up_rate: 1000.0,
            max_scale_down_rate: 2.0,
            enable_scale_to_zero: true,
            scale_to_zero_grace_period: Duration::from_secs(30),
            scale_to_zero_pod_retention_period: Duration::ZERO,
            pod_autoscaler_class: KPA_CLASS.to_owned(),
            activator_capacity: 100.0,
            initial_scale: 1,
            allow_zero_initial_scale: false,
            min_scale: 0,
            max_scale: 0,
            max_scale_limit: 0,
            scale_down_delay: Duration::ZERO,
        }
    }
}

impl Autoscaler {
    /// Reads the ConfigMap's data.
    ///
    /// # Errors
    /// A value that cannot be read or is out of its bounds.
    pub fn from_data(data: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        let spans = config.read(Data(data)).map_err(|why| ConfigError(format!("failed to parse data: {why}")))?;
        if config.container_concurrency_target_fraction > 1.0 {
            config.container_concurrency_target_fraction /= 100.0;
        }
        spans.check()?;
        config.stable_window = spans.stable_window.to_std();
        config.scale_down_delay = spans.scale_down_delay.to_std();
        config.scale_to_zero_grace_period = spans.grace_period.to_std();
        config.scale_to_zero_pod_retention_period = spans.retention_period.to_std();
        config.check_targets()?;
        config.check_rates()?;
        config.check_bounds()?;
        Ok(config)
    }

    fn read(&mut self, data: Data<'_>) -> Result<Spans, ConfigError> {
        let mut spans = Spans {
            stable_window: GoDuration::from_std(self.stable_window),
            scale_down_delay: GoDuration::from_std(self.scale_down_delay),
            grace_period: GoDuration::from_std(self.scale_to_zero_grace_period),
            retention_period: GoDuration::from_std(self.scale_to_zero_pod_retention_period),
        };
        data.string("pod-autoscaler-class", &mut self.pod_autoscaler_class);
        data.bool("enable-scale-to-zero", &mut self.enable_scale_to_zero)?;
        data.bool("allow-zero-initial-scale", &mut self.allow_zero_initial_scale)?;
        data.f64("max-scale-up-rate", &mut self.max_scale_up_rate)?;
        data.f64("max-scale-down-rate", &mut self.max_scale_down_rate)?;
        data.f64("container-concurrency-target-percentage", &mut self.container_concurrency_target_fraction)?;
        data.f64("container-concurrency-target-default", &mut self.container_concurrency_target_default)?;
        data.f64("requests-per-second-target-default", &mut self.rps_target_default)?;
        data.f64("target-burst-capacity", &mut self.target_burst_capacity)?;
        data.f64("panic-window-percentage", &mut self.panic_window_percentage)?;
        data.f64("activator-capacity", &mut self.activator_capacity)?;
        data.f64("panic-threshold-percentage", &mut self.panic_threshold_percentage)?;
        data.i32("initial-scale", &mut self.initial_scale)?;
        data.i32("min-scale", &mut self.min_scale)?;
        data.i32("max-scale", &mut self.max_scale)?;
        data.i32("max-scale-limit", &mut self.max_scale_limit)?;
        data.duration("stable-window", &mut spans.stable_window)?;
        data.duration("scale-down-delay", &mut spans.scale_down_delay)?;
        data.duration("scale-to-zero-grace-period", &mut spans.grace_period)?;
        data.duration("scale-to-zero-pod-retention-period", &mut spans.retention_period)?;
        Ok(spans)
    }

    fn check_targets(&self) -> Result<(), ConfigError> {
        let burst = self.target_burst_capacity;
        #[expect(clippy::float_cmp, reason = "-1 is a word, not the result of a computation")]
        let unlimited = burst == -1.0;
        ensure(burst >= 0.0 || unlimited, || {
            format!("target-burst-capacity must be either non-negative or -1 (for unlimited), was: {burst:.6}")
        })?;
        let fraction = self.container_concurrency_target_fraction;
        ensure(fraction > 0.0 && fraction <= 1.0, || {
            format!("container-concurrency-target-percentage = {fraction:.6} is outside of valid range of (0, 100]")
        })?;
        let target = fraction * self.container_concurrency_target_default;
        ensure(target >= TARGET_MIN, || {
            format!(
                "container-concurrency-target-percentage and container-concurrency-target-default yield target concurrency of {}, can't be less than {}",
                float(target),
                float(TARGET_MIN)
            )
        })?;
        ensure(self.rps_target_default >= TARGET_MIN, || {
            format!("requests-per-second-target-default must be at least {}, was: {}", float(TARGET_MIN), float(self.rps_target_default))
        })
    }

    fn check_rates(&self) -> Result<(), ConfigError> {
        ensure(self.activator_capacity >= 1.0, || format!("activator-capacity = {}, must be at least 1", float(self.activator_capacity)))?;
        ensure(self.max_scale_up_rate > 1.0, || {
            format!("max-scale-up-rate = {}, must be greater than 1.0", float(self.max_scale_up_rate))
        })?;
        ensure(self.max_scale_down_rate > 1.0, || {
            format!("max-scale-down-rate = {}, must be greater than 1.0", float(self.max_scale_down_rate))
        })?;
        ensure((1.0..=100.0).contains(&self.panic_window_percentage), || {
            format!("panic-window-percentage = {}, must be in [1, 100] interval", float(self.panic_window_percentage))
        })
    }

    fn check_bounds(&self) -> Result<(), ConfigError> {
        let Self { initial_scale, min_scale, max_scale, max_scale_limit, .. } = *self;
        ensure(initial_scale > 0 || (initial_scale == 0 && self.allow_zero_initial_scale), || {
            format!("initial-scale = {initial_scale}, must be at least 0 (or at least 1 when allow-zero-initial-scale is false)")
        })?;
        ensure(min_scale >= 0, || format!("min-scale = {min_scale}, must be at least 0"))?;
        let lowest = i32::from(max_scale_limit > 0);
        ensure(max_scale >= lowest && (max_scale_limit <= 0 || max_scale <= max_scale_limit), || {
            format!("max-scale = {max_scale}, must be in [{lowest}, max-scale-limit({max_scale_limit})] range")
        })?;
        ensure(max_scale_limit >= 0, || format!("max-scale-limit = {max_scale_limit}, must be at least 0"))?;
        ensure(max_scale == 0 || min_scale <= max_scale, || format!("min-scale ({min_scale}) must be less than max-scale ({max_scale})"))
    }
}

/// The durations while they may still be negative.
struct Spans {
    stable_window: GoDuration,
    scale_down_delay: GoDuration,
    grace_period: GoDuration,
    retention_period: GoDuration,
}

impl Spans {
    fn check(&self) -> Result<(), ConfigError> {
        let Self { stable_window, scale_down_delay, grace_period, retention_period } = self;
        let (shortest, longest) = (GoDuration::from_std(WINDOW_MIN), GoDuration::from_std(WINDOW_MAX));
        ensure(*grace_period > GoDuration::ZERO, || format!("scale-to-zero-grace-period must be positive, was: {grace_period}"))?;
        ensure(*scale_down_delay >= GoDuration::ZERO, || format!("scale-down-delay cannot be negative, was: {scale_down_delay}"))?;
        ensure(scale_down_delay.is_whole_seconds(), || {
            format!("scale-down-delay = {scale_down_delay}, must be specified with at most second precision")
        })?;
        ensure(*retention_period >= GoDuration::ZERO, || {
            format!("scale-to-zero-pod-retention-period cannot be negative, was: {retention_period}")
        })?;
        ensure((shortest..=longest).contains(stable_window), || {
            format!("stable-window = {stable_window}, must be in [{shortest}; {longest}] range")
        })?;
        ensure(stable_window.is_whole_seconds(), || {
            format!("stable-window = {stable_window}, must be specified with at most second precision")
        })
    }
}
