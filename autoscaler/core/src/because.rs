//! Why a count of pods is wanted.
//!
//! This module must not know how it came about.

/// The rule that had the last word. One log field, one metric label; the set is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Because {
    /// The stable average over the target.
    Average,
    /// Requests wait for places that do not exist yet.
    Waiting,
    /// Requests waited within the last stable window; the pods that were started for them stay.
    Burst,
    /// The load has doubled, or more: nothing is taken away for a stable window.
    Panic,
    /// There is load, and `activation-scale` asks for more pods than it.
    ActivationScale,
    /// More would be wanted, but `max-scale-up-rate` bounds the step.
    UpRate,
    /// Less would be wanted, but `max-scale-down-rate` bounds the step.
    DownRate,
    /// Less has not been wanted for `scale-down-delay` yet.
    ScaleDownDelay,
    /// `min-scale`.
    MinScale,
    /// `max-scale`.
    MaxScale,
    /// The revision must reach `initial-scale` once.
    InitialScale,
    /// Nothing is wanted, but `enable-scale-to-zero` is off.
    ScaleToZeroDisabled,
    /// Nothing is wanted, but the first pods are still to become ready.
    Activating,
    /// The first pods did not become ready in time.
    ActivationTimedOut,
    /// Nothing is wanted, but the revision has been active for less than a stable window.
    RecentlyActive,
    /// The averages are zero, but a request is still in hand.
    InHand,
    /// `scale-to-zero-pod-retention-period` keeps the last pod.
    Retention,
    /// There is no traffic.
    NoTraffic,
}

impl Because {
    /// One CamelCase word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Average => "Average",
            Self::Waiting => "Waiting",
            Self::Burst => "Burst",
            Self::Panic => "Panic",
            Self::ActivationScale => "ActivationScale",
            Self::UpRate => "UpRate",
            Self::DownRate => "DownRate",
            Self::ScaleDownDelay => "ScaleDownDelay",
            Self::MinScale => "MinScale",
            Self::MaxScale => "MaxScale",
            Self::InitialScale => "InitialScale",
            Self::ScaleToZeroDisabled => "ScaleToZeroDisabled",
            Self::Activating => "Activating",
            Self::ActivationTimedOut => "ActivationTimedOut",
            Self::RecentlyActive => "RecentlyActive",
            Self::InHand => "InHand",
            Self::Retention => "Retention",
            Self::NoTraffic => "NoTraffic",
        }
    }
}

impl std::fmt::Display for Because {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}
