//! A [`Standing`] as the status of a PodAutoscaler.
//!
//! This module must not decide anything. Source of the words: knative/serving
//! `pkg/apis/autoscaling/v1alpha1/pa_lifecycle.go`, `pkg/reconciler/autoscaling/kpa/kpa.go`.

use ebb_api::autoscaling::PodAutoscalerStatus;
use ebb_api::conditions::{Conditioned, kind};
use ebb_api::k8s_openapi::jiff::Timestamp;

use crate::decide::Standing;
use crate::memory::Phase;

const QUEUED: (&str, &str) = ("Queued", "Requests to the target are being buffered as resources are provisioned.");
const NO_TRAFFIC: (&str, &str) = ("NoTraffic", "The target is not receiving traffic.");
const TIMED_OUT: (&str, &str) = ("TimedOut", "The target could not be activated.");

impl Standing {
    /// The status that says this, grown out of the one before, so that what says the same keeps its time.
    #[must_use]
    pub fn status(&self, before: &PodAutoscalerStatus, revision: &str, generation: Option<i64>, now: Timestamp) -> PodAutoscalerStatus {
        let Self { phase, initialized, desired, actual } = *self;
        let mut status = before.clone();
        status.begin(generation, now);
        match phase {
            Phase::Activating => status.mark_unknown(kind::ACTIVE, QUEUED.0, QUEUED.1, now),
            Phase::Active => status.mark_true(kind::ACTIVE, now),
            Phase::Idle => status.mark_false(kind::ACTIVE, NO_TRAFFIC.0, NO_TRAFFIC.1, now),
            Phase::TimedOut => status.mark_false(kind::ACTIVE, TIMED_OUT.0, TIMED_OUT.1, now),
        }
        if initialized {
            status.mark_true(kind::SCALE_TARGET_INITIALIZED, now);
        }
        // There is no ServerlessService: requests reach the revision through the activator from the first moment.
        status.mark_true(kind::SKS_READY, now);
        status.service_name = revision.to_owned();
        status.desired_scale = Some(signed(desired));
        status.actual_scale = Some(signed(actual));
        status.finish(generation, before);
        status
    }

    /// Whether a status says this already.
    #[must_use]
    pub fn is_told_by(&self, status: &PodAutoscalerStatus, generation: Option<i64>) -> bool {
        let Self { phase, initialized, desired, actual } = *self;
        status.observed_generation == generation
            && status.is_true(kind::SKS_READY)
            && Phase::of(status) == phase
            && status.is_true(kind::SCALE_TARGET_INITIALIZED) == initialized
            && (status.desired_scale, status.actual_scale) == (Some(signed(desired)), Some(signed(actual)))
    }
}

fn signed(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

impl Phase {
    /// What an earlier status said, or the beginning.
    #[must_use]
    pub fn of(status: &PodAutoscalerStatus) -> Self {
        match status.condition(kind::ACTIVE) {
            Some(active) if active.is_true() => Self::Active,
            Some(active) if active.is_false() && active.reason == TIMED_OUT.0 => Self::TimedOut,
            Some(active) if active.is_false() => Self::Idle,
            _ => Self::Activating,
        }
    }
}

#[cfg(test)]
mod tests;
