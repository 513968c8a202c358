//! Bounds, and the way to zero pods.
//!
//! This module must not know averages or targets. Source of the rules: knative/serving
//! `pkg/reconciler/autoscaling/kpa/scaler.go`. Ebb's activator is always in the path, so what Knative calls "proxy mode"
//! has been in force for as long as the revision exists: there is nothing to probe, and `scale-to-zero-grace-period`, the
//! time that the activator must have been in the path, is over before it begins. While the last pod waits for its end
//! exactly one stays: Knative leaves the count as it is, which after a steep fall can be many.

use crate::because::Because;
use crate::decide::Deadline;
use crate::memory::{Memory, Phase};
use crate::moment::Moment;
use crate::spec::Spec;

/// Applies the bounds to a wish, and the rules of scale-to-zero to what is left of it.
pub(crate) fn bound(
    spec: &Spec,
    wish: (u32, Because),
    initialized: bool,
    memory: &mut Memory,
    now: Moment,
    deadline: &mut Deadline,
) -> (u32, Because) {
    let (wish, because) = wish;
    let least = spec.least(initialized);
    let bounded = spec.bounded_above(wish.max(least));
    if bounded == 0 {
        return to_zero(spec, initialized, memory, now, deadline);
    }
    let because = match () {
        () if bounded < wish => Because::MaxScale,
        () if bounded > wish && least > spec.least(true) => Because::InitialScale,
        () if bounded > wish => Because::MinScale,
        () => because,
    };
    (bounded, because)
}

fn to_zero(spec: &Spec, initialized: bool, memory: &mut Memory, now: Moment, deadline: &mut Deadline) -> (u32, Because) {
    if !spec.enable_scale_to_zero {
        return (1, Because::ScaleToZeroDisabled);
    }
    if memory.in_hand(spec, now).is_some_and(|look| look.all() > 0) {
        return (1, Because::InHand);
    }
    match memory.phase {
        Phase::Activating => activating(spec, initialized, memory, now, deadline),
        Phase::Active => active(spec, memory, now, deadline),
        Phase::Idle | Phase::TimedOut => idle(spec, memory, now, deadline),
    }
}

/// Pods were asked for and are not ready yet: they get their time, even if nobody waits for them any more.
fn activating(spec: &Spec, initialized: bool, memory: &mut Memory, now: Moment, deadline: &mut Deadline) -> (u32, Because) {
    if memory.want == 0 {
        // A new revision whose first pods nobody has asked for yet; one that ran before is simply at zero.
        let new = !initialized && spec.reachable;
        return if new { (spec.threshold(false), Because::InitialScale) } else { (0, Because::NoTraffic) };
    }
    let until = memory.phase_since.plus(spec.activation_timeout);
    if now >= until {
        return (0, Because::ActivationTimedOut);
    }
    deadline.at(until);
    (1, Because::Activating)
}

/// A revision that has just become active is not put to sleep at once; after that it becomes inactive.
fn active(spec: &Spec, memory: &mut Memory, now: Moment, deadline: &mut Deadline) -> (u32, Because) {
    let until = memory.phase_since.plus(spec.windows.stable);
    if now < until {
        deadline.at(until);
        return (1, Because::RecentlyActive);
    }
    memory.enter(Phase::Idle, now);
    idle(spec, memory, now, deadline)
}

/// The last pod goes when it has been inactive for the retention period.
fn idle(spec: &Spec, memory: &Memory, now: Moment, deadline: &mut Deadline) -> (u32, Because) {
    if memory.want == 0 {
        return (0, Because::NoTraffic);
    }
    let retained = if spec.reachable { memory.phase_since.plus(spec.retention_period) } else { now };
    if now < retained {
        deadline.at(retained);
        return (1, Because::Retention);
    }
    (0, Because::NoTraffic)
}
