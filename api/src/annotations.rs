//! Annotations that can be spelled in more than one way, and how they are read.
//!
//! This module must not judge values. Source: knative/serving `pkg/apis/autoscaling/register.go`,
//! `pkg/apis/serving/register.go`.

use std::collections::BTreeMap;

/// The spellings of one annotation; the first that is there counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keys(&'static [&'static str]);

impl Keys {
    /// The spelling that wins.
    #[must_use]
    pub fn key(self) -> &'static str {
        self.0.first().copied().unwrap_or_default()
    }

    /// All spellings, the one that wins first.
    #[must_use]
    pub fn all(self) -> &'static [&'static str] {
        self.0
    }

    /// The spelling that is there, and its value.
    #[must_use]
    pub fn find(self, annotations: &BTreeMap<String, String>) -> Option<(&'static str, &str)> {
        self.0.iter().find_map(|key| annotations.get(*key).map(|value| (*key, value.as_str())))
    }

    /// The value.
    #[must_use]
    pub fn get(self, annotations: &BTreeMap<String, String>) -> Option<&str> {
        self.find(annotations).map(|(_, value)| value)
    }
}

/// `autoscaling.knative.dev/…`.
pub mod autoscaling {
    use super::Keys;

    /// Which autoscaler.
    pub const CLASS: Keys = Keys(&["autoscaling.knative.dev/class"]);
    /// What is measured: `concurrency` or `rps`.
    pub const METRIC: Keys = Keys(&["autoscaling.knative.dev/metric"]);
    /// How much of it per pod.
    pub const TARGET: Keys = Keys(&["autoscaling.knative.dev/target"]);
    /// Fewest pods.
    pub const MIN_SCALE: Keys = Keys(&["autoscaling.knative.dev/min-scale", "autoscaling.knative.dev/minScale"]);
    /// Most pods; 0 is without end.
    pub const MAX_SCALE: Keys = Keys(&["autoscaling.knative.dev/max-scale", "autoscaling.knative.dev/maxScale"]);
    /// Pods to start with.
    pub const INITIAL_SCALE: Keys = Keys(&["autoscaling.knative.dev/initial-scale", "autoscaling.knative.dev/initialScale"]);
    /// Fewest pods when there are any.
    pub const ACTIVATION_SCALE: Keys = Keys(&["autoscaling.knative.dev/activation-scale"]);
    /// How long less load must last before pods go.
    pub const SCALE_DOWN_DELAY: Keys = Keys(&["autoscaling.knative.dev/scale-down-delay", "autoscaling.knative.dev/scaleDownDelay"]);
    /// The stable window.
    pub const WINDOW: Keys = Keys(&["autoscaling.knative.dev/window"]);
    /// Share of the target to aim at, in percent.
    pub const TARGET_UTILIZATION_PERCENTAGE: Keys =
        Keys(&["autoscaling.knative.dev/target-utilization-percentage", "autoscaling.knative.dev/targetUtilizationPercentage"]);
    /// Spare capacity; -1 is without end.
    pub const TARGET_BURST_CAPACITY: Keys =
        Keys(&["autoscaling.knative.dev/target-burst-capacity", "autoscaling.knative.dev/targetBurstCapacity"]);
    /// The panic window in percent of the stable one.
    pub const PANIC_WINDOW_PERCENTAGE: Keys =
        Keys(&["autoscaling.knative.dev/panic-window-percentage", "autoscaling.knative.dev/panicWindowPercentage"]);
    /// Wanted over ready pods, in percent, from which panic starts.
    pub const PANIC_THRESHOLD_PERCENTAGE: Keys =
        Keys(&["autoscaling.knative.dev/panic-threshold-percentage", "autoscaling.knative.dev/panicThresholdPercentage"]);
    /// How a window is averaged: `linear` or `weighted-exponential`.
    pub const METRIC_AGGREGATION_ALGORITHM: Keys =
        Keys(&["autoscaling.knative.dev/metric-aggregation-algorithm", "autoscaling.knative.dev/metricAggregationAlgorithm"]);
    /// How long the last pod stays after the traffic has ended.
    pub const SCALE_TO_ZERO_POD_RETENTION_PERIOD: Keys =
        Keys(&["autoscaling.knative.dev/scale-to-zero-pod-retention-period", "autoscaling.knative.dev/scaleToZeroPodRetentionPeriod"]);
}

/// `serving.knative.dev/…` and `queue.sidecar.serving.knative.dev/…`.
pub mod serving {
    use super::Keys;

    /// Length of a gradual rollout.
    pub const ROLLOUT_DURATION: Keys = Keys(&["serving.knative.dev/rollout-duration", "serving.knative.dev/rolloutDuration"]);
    /// Longest time to become ready.
    pub const PROGRESS_DEADLINE: Keys = Keys(&["serving.knative.dev/progress-deadline"]);
    /// Size of Knative's sidecar in percent of its container. Checked only: there is no sidecar.
    pub const SIDECAR_RESOURCE_PERCENTAGE: Keys =
        Keys(&["queue.sidecar.serving.knative.dev/resource-percentage", "queue.sidecar.serving.knative.dev/resourcePercentage"]);
    /// Sizes of Knative's sidecar. Checked only: there is no sidecar.
    pub const SIDECAR_RESOURCES: [Keys; 6] = [
        Keys(&["queue.sidecar.serving.knative.dev/cpu-resource-request"]),
        Keys(&["queue.sidecar.serving.knative.dev/cpu-resource-limit"]),
        Keys(&["queue.sidecar.serving.knative.dev/memory-resource-request"]),
        Keys(&["queue.sidecar.serving.knative.dev/memory-resource-limit"]),
        Keys(&["queue.sidecar.serving.knative.dev/ephemeral-storage-resource-request"]),
        Keys(&["queue.sidecar.serving.knative.dev/ephemeral-storage-resource-limit"]),
    ];
}

/// `networking.knative.dev/…`.
pub mod networking {
    use super::Keys;

    /// Which ingress.
    pub const INGRESS_CLASS: Keys = Keys(&["networking.knative.dev/ingress.class", "networking.knative.dev/ingress-class"]);
    /// Which issuer of certificates.
    pub const CERTIFICATE_CLASS: Keys = Keys(&["networking.knative.dev/certificate.class", "networking.knative.dev/certificate-class"]);
    /// `true` turns certificates off. The old spellings win, as in Knative.
    pub const DISABLE_EXTERNAL_DOMAIN_TLS: Keys = Keys(&[
        "networking.knative.dev/disableAutoTLS",
        "networking.knative.dev/disable-auto-tls",
        "networking.knative.dev/disable-external-domain-tls",
    ]);
    /// What plain HTTP gets where there is TLS. The old spelling wins, as in Knative.
    pub const HTTP_PROTOCOL: Keys = Keys(&["networking.knative.dev/httpOption", "networking.knative.dev/http-protocol"]);
    /// All of them.
    pub const ALL: [Keys; 4] = [INGRESS_CLASS, CERTIFICATE_CLASS, DISABLE_EXTERNAL_DOMAIN_TLS, HTTP_PROTOCOL];
}
