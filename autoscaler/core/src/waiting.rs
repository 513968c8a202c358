//! How many pods the requests need that wait right now.
//!
//! This module must not know averages of the windows, panic or bounds.

use crate::memory::Look;
use crate::number;
use crate::spec::{Metric, Spec};

/// More in hand than places is no chance any more beyond so many standard deviations of the requests that fill all
/// places. Arrivals by chance (Poisson) scatter by the root of their mean, and exceed three deviations less than once in
/// 700 looks; pods that were started for a blip would have to be paid for a whole stable window.
const DEVIATIONS: f64 = 3.0;

/// What waiting requests ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Nothing waits, or what waits will find a place without new pods.
    Nothing,
    /// So many pods, and no average has to confirm it.
    AtOnce(u32),
    /// So many pods, because the queue has lasted.
    Lasting(u32),
}

/// Judges a look at the queue. `recent` is the mean concurrency of the last two seconds, `ready` the pods.
pub(crate) fn need(spec: &Spec, look: Look, recent: f64, ready: u32) -> Need {
    if look.queued == 0 {
        return Need::Nothing;
    }
    let per_pod = places_per_pod(spec);
    let all = f64::from(look.all());
    let wanted = pods_for(all, per_pod);
    let places = f64::from(ready) * per_pod;
    let panics = f64::from(wanted) >= spec.panic_threshold * f64::from(ready);
    if ready == 0 || panics || all >= places + DEVIATIONS * places.sqrt() {
        return Need::AtOnce(wanted);
    }
    let lasting = pods_for(recent, per_pod).min(wanted);
    if lasting > ready { Need::Lasting(lasting) } else { Need::Nothing }
}

/// Requests that one pod takes at a time.
fn places_per_pod(spec: &Spec) -> f64 {
    match (spec.container_concurrency, spec.metric) {
        (0, Metric::Concurrency) => spec.total,
        // A revision that is scaled on arrivals and has no limit takes any number of requests at a time.
        (0, Metric::Rps) => f64::INFINITY,
        (limit, _) => f64::from(limit),
    }
}

/// Pods that hold so many requests at a time; any request needs one.
fn pods_for(requests: f64, per_pod: f64) -> u32 {
    number::ceil(requests / per_pod).max(u32::from(requests > 0.0))
}

#[cfg(test)]
mod tests;
