//! How far a rolling update may go at once: `maxSurge` and `maxUnavailable` as numbers.
//!
//! Pure. Rules: Kubernetes `pkg/controller/deployment/util` (`ResolveFenceposts`): surge rounds up, unavailable rounds
//! down, and both zero would never move.

use k8s_openapi::api::apps::v1::DeploymentSpec;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// Kubernetes' default for both.
const DEFAULT_PERCENT: usize = 25;

/// What is wanted of a Deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Pods in the end.
    pub replicas: usize,
    /// Pods above `replicas` while old ones are being replaced.
    pub surge: usize,
    /// Pods below `replicas` that may be unavailable meanwhile.
    pub unavailable: usize,
    /// All old pods go before the first new one comes (strategy `Recreate`).
    pub recreate: bool,
}

/// Reads the specification.
pub fn wanted(spec: &DeploymentSpec) -> Wanted {
    let replicas = usize::try_from(spec.replicas.unwrap_or(1)).unwrap_or(0);
    let strategy = spec.strategy.as_ref();
    let rolling = strategy.and_then(|strategy| strategy.rolling_update.as_ref());
    let surge = share(rolling.and_then(|rolling| rolling.max_surge.as_ref()), replicas, true);
    let unavailable = share(rolling.and_then(|rolling| rolling.max_unavailable.as_ref()), replicas, false);
    let recreate = strategy.and_then(|strategy| strategy.type_.as_deref()) == Some("Recreate");
    Wanted { replicas, surge: if surge + unavailable == 0 { 1 } else { surge }, unavailable, recreate }
}

fn share(value: Option<&IntOrString>, of: usize, round_up: bool) -> usize {
    let percent = match value {
        Some(IntOrString::Int(number)) => return usize::try_from(*number).unwrap_or(0),
        Some(IntOrString::String(text)) => text.strip_suffix('%').and_then(|number| number.parse().ok()).unwrap_or(DEFAULT_PERCENT),
        None => DEFAULT_PERCENT,
    };
    let hundredths = percent.saturating_mul(of);
    if round_up { hundredths.div_ceil(100) } else { hundredths / 100 }
}
