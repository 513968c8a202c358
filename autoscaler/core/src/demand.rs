//! From averages and waiting requests to the pods that the load asks for, before bounds and scale-to-zero.
//!
//! This module must not know bounds, phases or conditions. Source of the rules:
//! knative/serving `pkg/autoscaler/scaling/autoscaler.go`; the rule for waiting requests is Ebb's own.

use std::time::Duration;

use crate::because::Because;
use crate::decide::{Deadline, Figures};
use crate::history::{Over, Traffic};
use crate::memory::{Memory, Panic};
use crate::moment::Moment;
use crate::number::{ceil, floor};
use crate::spec::{Metric, Spec};
use crate::waiting::{Need, need};

/// The rate of scale-down is per this time: Knative's tick.
const RATE_PERIOD: Duration = Duration::from_secs(2);

/// Bounds of one step.
struct Step {
    up: u32,
    down: u32,
    /// When `down` may fall further.
    down_again: Moment,
}

impl Step {
    fn clamp(&self, count: u32) -> u32 {
        count.max(self.down).min(self.up)
    }
}

/// Wanted pods of the stable average, the panic average and the waiting requests.
struct Wanted {
    stable: u32,
    panic: u32,
    waiting: u32,
    at_once: bool,
}

/// The demand of the moment with its reason.
pub(crate) fn demand(spec: &Spec, ready: u32, memory: &mut Memory, now: Moment, deadline: &mut Deadline) -> (u32, Because, Figures) {
    let average = |over| memory.history.average(spec.algorithm, over, spec.windows, now);
    let (stable, panic) = (average(Over::Stable), average(Over::Panic));
    let wanted = wanted(spec, ready, memory, (stable, panic), now);
    let step = step(spec, ready, memory, now);
    let (count, because) = combine(spec, ready, memory, &wanted, &step, now, deadline);
    let (count, because) = delay(spec, memory, (count, because), now, deadline);
    if let Some(panic) = &mut memory.panic {
        // What the delay still keeps is not taken away in panic either.
        panic.most = panic.most.max(count);
    }
    let figures = Figures {
        stable,
        panic,
        target: spec.target,
        excess_burst_capacity: excess_burst_capacity(spec, ready, metric(spec, panic)),
        panicking: memory.panic.is_some(),
        requested: count,
    };
    (count, because, figures)
}

fn metric(spec: &Spec, traffic: Traffic) -> f64 {
    match spec.metric {
        Metric::Concurrency => traffic.concurrency,
        Metric::Rps => traffic.requests,
    }
}

fn wanted(spec: &Spec, ready: u32, memory: &Memory, averages: (Traffic, Traffic), now: Moment) -> Wanted {
    let recent = memory.history.average(crate::spec::Algorithm::Linear, Over::Recent, spec.windows, now).concurrency;
    let need = memory.in_hand(spec, now).map_or(Need::Nothing, |look| need(spec, look, recent, ready));
    let (waiting, at_once) = match need {
        Need::Nothing => (0, false),
        Need::AtOnce(pods) => (pods, true),
        Need::Lasting(pods) => (pods, false),
    };
    let (stable, panic) = averages;
    Wanted { stable: ceil(metric(spec, stable) / spec.target), panic: ceil(metric(spec, panic) / spec.target), waiting, at_once }
}

/// Knative bounds every tick; here there are more decisions than ticks, so scale-down is bounded over a tick's time.
fn step(spec: &Spec, ready: u32, memory: &mut Memory, now: Moment) -> Step {
    let pods = ready.max(1);
    let (at, from) = match memory.down_from {
        Some((at, from)) if now.since(at) < RATE_PERIOD => (at, from.max(pods)),
        _ => (now, pods),
    };
    memory.down_from = Some((at, from));
    let down = if spec.reachable { floor(f64::from(from) / spec.max_scale_down_rate) } else { 0 };
    Step { up: ceil(spec.max_scale_up_rate * f64::from(pods)), down, down_again: at.plus(RATE_PERIOD) }
}

fn combine(
    spec: &Spec,
    ready: u32,
    memory: &mut Memory,
    wanted: &Wanted,
    step: &Step,
    now: Moment,
    deadline: &mut Deadline,
) -> (u32, Because) {
    let activated = |wish: u32| if wish > 0 { step.clamp(wish).max(spec.activation_scale) } else { step.clamp(wish) };
    let (stable, panic) = (activated(wanted.stable), activated(wanted.panic));
    if wanted.waiting > 0 {
        memory.bursts.record(now, activated(wanted.waiting));
    }
    let burst = memory.bursts.highest(now, spec.windows.stable);
    if let Some((_, until)) = burst {
        deadline.at(until);
    }
    let burst = burst.map_or(0, |(count, _)| count);
    mind_panic(spec, ready, memory, wanted, stable.max(panic).max(burst), now, deadline);

    let waiting_leads = wanted.waiting > 0 && burst >= stable;
    match memory.panic {
        Some(Panic { most, .. }) if waiting_leads && burst >= most => (most, Because::Waiting),
        Some(Panic { most, .. }) => (most, Because::Panic),
        None if burst > stable => (burst, if waiting_leads { Because::Waiting } else { Because::Burst }),
        None => {
            // Below the fewest pods there is nothing left to take away.
            if stable > wanted.stable && stable == step.down && step.down > spec.least(memory.initialized) {
                deadline.at(step.down_again);
            }
            (stable, stable_because(spec, wanted.stable, step))
        }
    }
}

/// Enters, extends or leaves panic, and raises its count to `wish`. In panic the count never falls.
fn mind_panic(spec: &Spec, ready: u32, memory: &mut Memory, wanted: &Wanted, wish: u32, now: Moment, deadline: &mut Deadline) {
    let at_once = if wanted.at_once { wanted.waiting } else { 0 };
    let over = f64::from(wanted.panic.max(at_once)) / f64::from(ready.max(1)) >= spec.panic_threshold;
    let most = memory.panic.map_or(0, |panic| panic.most);
    memory.panic = match memory.panic {
        _ if over => Some(Panic { at: now, most: most.max(wish) }),
        Some(panic) if now < panic.at.plus(spec.windows.stable) => Some(Panic { at: panic.at, most: most.max(wish) }),
        _ => None,
    };
    if let Some(panic) = memory.panic {
        deadline.at(panic.at.plus(spec.windows.stable));
    }
}

fn stable_because(spec: &Spec, wish: u32, step: &Step) -> Because {
    if wish > step.up {
        Because::UpRate
    } else if wish > 0 && step.clamp(wish) < spec.activation_scale {
        Because::ActivationScale
    } else if wish < step.down {
        Because::DownRate
    } else {
        Because::Average
    }
}

/// Keeps the highest wish of the last `scale-down-delay`. A wish held until the decision that replaced it.
fn delay(spec: &Spec, memory: &mut Memory, wish: (u32, Because), now: Moment, deadline: &mut Deadline) -> (u32, Because) {
    let (count, because) = wish;
    let before = memory.last_wish.replace(count);
    if !spec.reachable || spec.scale_down_delay.is_zero() {
        memory.wishes.clear();
        return wish;
    }
    if let Some(before) = before {
        memory.wishes.record(now, before);
    }
    memory.wishes.record(now, count);
    match memory.wishes.highest(now, spec.scale_down_delay) {
        Some((highest, until)) if highest > count => {
            deadline.at(until);
            (highest, Because::ScaleDownDelay)
        }
        _ => (count, because),
    }
}

/// Spare requests before the revision is saturated, which is what Knative reports; Ebb's activator is always in the path.
fn excess_burst_capacity(spec: &Spec, ready: u32, panic: f64) -> f64 {
    if spec.target_burst_capacity > 0.0 {
        (f64::from(ready) * spec.total - spec.target_burst_capacity - panic).floor()
    } else {
        spec.target_burst_capacity
    }
}
