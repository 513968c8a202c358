//! The decision: how many pods a revision should have, why, and when to look again.
//!
//! This module only strings the rules together; each stands in its own module.

use std::time::Duration;

use crate::because::Because;
use crate::demand::demand;
use crate::history::Traffic;
use crate::memory::{Memory, Phase};
use crate::moment::Moment;
use crate::spec::Spec;
use crate::zero::bound;

/// While looks keep coming every second they cause the decisions. This is how long to wait for the next one before
/// deciding without it: a second and half of one.
const LOOK_OVERDUE: Duration = Duration::from_millis(1_500);

/// What is seen of the world at a decision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Pods that are ready for traffic.
    pub ready: u32,
}

/// The numbers behind a decision, for metrics and people.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Average over the stable window.
    pub stable: Traffic,
    /// Average over the panic window.
    pub panic: Traffic,
    /// What one pod should carry, in the revision's metric.
    pub target: f64,
    /// Spare capacity after the target burst capacity; -1 when the activator shall always be in the path.
    pub excess_burst_capacity: f64,
    /// Whether panic holds.
    pub panicking: bool,
    /// Pods that the load asks for, before bounds and scale-to-zero.
    pub requested: u32,
}

/// What the PodAutoscaler's status is to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The `Active` condition.
    pub phase: Phase,
    /// The `ScaleTargetInitialized` condition; once true it stays.
    pub initialized: bool,
    /// `status.desiredScale`; zero from the moment that the revision is inactive, even if the last pod is still kept.
    pub desired: u32,
    /// `status.actualScale`.
    pub actual: u32,
}

/// The answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// Pods that the Deployment is to have.
    pub want: u32,
    /// The rule that had the last word.
    pub because: Because,
    /// When to decide again if nothing happens before; never, when the revision is settled.
    pub next: Option<Moment>,
    /// What the status is to say.
    pub standing: Standing,
    /// The numbers behind it.
    pub figures: Figures,
}

/// The earliest of the moments at which a rule changes its mind.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Deadline(Option<Moment>);

impl Deadline {
    pub(crate) fn at(&mut self, moment: Moment) {
        self.0 = Some(self.0.map_or(moment, |earlier| earlier.min(moment)));
    }
}

/// Decides. Pure: the same arguments give the same answer.
#[must_use]
pub fn decide(spec: &Spec, seen: Seen, mut memory: Memory, now: Moment) -> (Memory, Decision) {
    let Seen { ready } = seen;
    let mut deadline = Deadline::default();
    let threshold = spec.threshold(memory.initialized);
    begin(ready, threshold, &mut memory, now);

    let (wish, because, figures) = demand(spec, ready, &mut memory, now, &mut deadline);
    let initialized = memory.initialized;
    let (want, because) = bound(spec, (wish, because), initialized, &mut memory, now, &mut deadline);
    end(spec, ready, want, because, &mut memory, now);

    if memory.phase.is_inactive() && want == 0 {
        memory.forget_traffic();
        deadline = Deadline::default();
    } else if memory.history.is_sliding(spec.windows, now) {
        let quiet = memory.latest.is_none_or(|look| look.all() == 0);
        deadline.at(if quiet { Moment::at_second(now.second() + 1) } else { now.plus(LOOK_OVERDUE) });
    }
    memory.want = want;
    let desired = if memory.phase.is_inactive() { 0 } else { want };
    let standing = Standing { phase: memory.phase, initialized, desired, actual: ready };
    (memory, Decision { want, because, next: deadline.0, standing, figures })
}

/// Takes note of pods that became ready, before anything is decided from it.
fn begin(ready: u32, threshold: u32, memory: &mut Memory, now: Moment) {
    if ready >= threshold {
        memory.initialized = true;
    }
    if threshold == 0 && memory.want == 0 {
        // An initial scale of zero: there is nothing to wait for.
        memory.enter(Phase::Idle, now);
    } else if memory.phase == Phase::Activating && memory.want > 0 && ready >= threshold {
        memory.enter(Phase::Active, now);
    }
}

/// The phase that follows from the decision. An inactive revision whose last pod is still kept stays inactive.
fn end(spec: &Spec, ready: u32, want: u32, because: Because, memory: &mut Memory, now: Moment) {
    let kept = memory.phase.is_inactive() && because == Because::Retention;
    if want == 0 {
        let timed_out = memory.phase == Phase::Activating && because == Because::ActivationTimedOut;
        let phase = if timed_out { Phase::TimedOut } else { Phase::Idle };
        if !memory.phase.is_inactive() {
            memory.enter(phase, now);
        }
    } else if !kept {
        let active = ready >= spec.threshold(memory.initialized);
        memory.enter(if active { Phase::Active } else { Phase::Activating }, now);
    }
}
