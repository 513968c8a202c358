//! What the autoscaler remembers of one revision between two decisions, and how looks at its traffic get into it.
//!
//! This module must not decide: it only keeps what [`crate::decide`] will want to know.

use std::time::Duration;

use crate::history::{History, Traffic};
use crate::moment::Moment;
use crate::peak::Peak;
use crate::spec::Spec;

/// Whether a revision serves, as the PodAutoscaler's `Active` condition says it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Pods are wanted and too few are ready (`Unknown`, `Queued`).
    #[default]
    Activating,
    /// Enough pods are ready (`True`).
    Active,
    /// No pods are wanted, because there is no traffic (`False`, `NoTraffic`).
    Idle,
    /// No pods are wanted, because they did not become ready in time (`False`, `TimedOut`).
    TimedOut,
}

impl Phase {
    /// Whether no pods are wanted.
    #[must_use]
    pub fn is_inactive(self) -> bool {
        matches!(self, Self::Idle | Self::TimedOut)
    }
}

/// One look at a revision's traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// The stretch before the look that the two means speak of; zero when it is only a look at the queue.
    pub over: Duration,
    /// Time-weighted mean of requests waiting and in pods.
    pub concurrency: f64,
    /// Arrivals in the stretch.
    pub requests: u64,
    /// Requests in pods right now.
    pub in_flight: u32,
    /// Requests waiting for a place right now.
    pub queued: u32,
    /// A request just found no place, even if the counts do not show it any more.
    pub poke: bool,
}

/// What stood in the world when the memory began: a new revision, or one that was scaled by an earlier process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seed {
    /// Pods that the Deployment asks for.
    pub replicas: u32,
    /// Pods that are ready.
    pub ready: u32,
    /// The initial scale was reached once.
    pub initialized: bool,
    /// What the `Active` condition said.
    pub phase: Phase,
}

/// Pods and requests in hand at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    pub at: Moment,
    pub in_flight: u32,
    pub queued: u32,
}

impl Look {
    /// Requests in hand.
    pub fn all(self) -> u32 {
        self.in_flight.saturating_add(self.queued)
    }
}

/// A panic: begun or last confirmed at a moment, with the most pods that were wanted since it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Panic {
    pub at: Moment,
    pub most: u32,
}

/// All that is remembered of one revision. A value: cloning it and deciding twice gives the same twice.
#[derive(Clone, Debug, PartialEq)]
pub struct Memory {
    pub(crate) history: History,
    pub(crate) latest: Option<Look>,
    pub(crate) panic: Option<Panic>,
    /// Pods that were started for waiting requests; they stay for a stable window.
    pub(crate) bursts: Peak,
    /// What was wanted before `scale-down-delay`, and what it was last.
    pub(crate) wishes: Peak,
    pub(crate) last_wish: Option<u32>,
    /// Ready pods at the beginning of the current two seconds of scale-down.
    pub(crate) down_from: Option<(Moment, u32)>,
    pub(crate) want: u32,
    pub(crate) phase: Phase,
    pub(crate) phase_since: Moment,
    pub(crate) initialized: bool,
}

impl Memory {
    /// The beginning. Pods that are there already are taken to be needed: a revision with more than one of them starts
    /// in panic at that count, and one whose status calls it inactive has to become active again first, because a status
    /// is written after the scale and may not have been. The phase starts now.
    #[must_use]
    pub fn new(seed: Seed, now: Moment) -> Self {
        let Seed { replicas, ready, initialized, phase } = seed;
        // After a restart of the whole machine the pods are still coming up, but the Deployment says how many there were.
        let pods = if initialized { replicas.max(ready) } else { ready };
        let phase = if replicas > 0 && phase.is_inactive() { Phase::Activating } else { phase };
        Self {
            history: History::default(),
            latest: None,
            panic: (pods > 1).then_some(Panic { at: now, most: pods }),
            bursts: Peak::default(),
            wishes: Peak::default(),
            last_wish: None,
            down_from: None,
            want: replicas,
            phase,
            phase_since: now,
            initialized,
        }
    }

    /// Writes down a look at the traffic that ended at `at`. Looks within one second may come in any order.
    pub fn observe(&mut self, spec: &Spec, sample: Sample, at: Moment) {
        let Sample { over, concurrency, requests, in_flight, queued, poke } = sample;
        // A poke whose waiter is gone again was still a request that found no place.
        let look = Look { at, in_flight, queued: queued.max(u32::from(poke)) };
        let latest = match self.latest {
            Some(known) if (known.at, known.all(), known.queued) >= (at, look.all(), look.queued) => known,
            _ => look,
        };
        self.latest = Some(latest);
        let mean = Traffic { concurrency: concurrency.max(0.0), requests: crate::number::real(requests) };
        self.history.record(at, over, mean, latest.all() == 0, spec.windows);
    }

    /// What is in hand, as far as that is still believed: a look that is older than a stable window is no longer.
    pub(crate) fn in_hand(&self, spec: &Spec, now: Moment) -> Option<Look> {
        self.latest.filter(|look| now.since(look.at) < spec.windows.stable)
    }

    /// Pods that were wanted at the last decision.
    #[must_use]
    pub fn want(&self) -> u32 {
        self.want
    }

    /// At zero there is nothing to remember but the phase: the next request meets an empty history.
    pub(crate) fn forget_traffic(&mut self) {
        self.history = History::default();
        self.latest = None;
        self.panic = None;
        self.bursts.clear();
        self.wishes.clear();
        self.last_wish = None;
        self.down_from = None;
    }

    pub(crate) fn enter(&mut self, phase: Phase, now: Moment) {
        if self.phase != phase {
            self.phase = phase;
            self.phase_since = now;
        }
    }
}
