//! A revision in virtual time: pods that take a while to start, observations, and every decision in order.
//!
//! It must not know any rule of scaling, so that it can be used to judge them.

use std::collections::BTreeSet;
use std::time::Duration;

use ebb_autoscaler_core::{Decision, Memory, Moment, Sample, Seed, Seen, Spec, decide};

/// One revision and its pods.
#[derive(Clone, Debug)]
pub struct World {
    pub spec: Spec,
    pub memory: Memory,
    pub now: Moment,
    pub ready: u32,
    /// How long a pod takes to become ready; `None` leaves readiness to the script.
    pub start_time: Option<Duration>,
    /// Pods that are starting, by when they will be ready.
    starting: BTreeSet<(Moment, u32)>,
    sequence: u32,
    pub next: Option<Moment>,
    pub last: Option<Decision>,
    /// How many decisions were made.
    pub decisions: usize,
}

impl World {
    pub fn new(spec: Spec, seed: Seed) -> Self {
        let now = Moment::ORIGIN;
        Self {
            spec,
            memory: Memory::new(seed, now),
            now,
            ready: seed.ready,
            start_time: None,
            starting: BTreeSet::new(),
            sequence: 0,
            next: None,
            last: None,
            decisions: 0,
        }
    }

    pub fn observe(&mut self, sample: Sample) {
        self.memory.observe(&self.spec, sample, self.now);
    }

    /// Decides, and lets the pods follow.
    pub fn decide(&mut self) -> Decision {
        let (memory, decision) = decide(&self.spec, Seen { ready: self.ready }, self.memory.clone(), self.now);
        self.memory = memory;
        self.next = decision.next;
        self.last = Some(decision.clone());
        self.decisions += 1;
        self.follow(decision.want);
        decision
    }

    fn follow(&mut self, want: u32) {
        let Some(start_time) = self.start_time else { return };
        let pods = || self.ready + u32::try_from(self.starting.len()).unwrap();
        for _ in pods()..want {
            self.sequence += 1;
            self.starting.insert((self.now.plus(start_time), self.sequence));
        }
        while self.ready + u32::try_from(self.starting.len()).unwrap() > want {
            // Pods that are still starting go first, as they hold no request.
            if self.starting.pop_last().is_none() {
                self.ready -= 1;
            }
        }
    }

    /// The next moment at which something happens by itself.
    pub fn next_event(&self) -> Option<Moment> {
        let pod = self.starting.first().map(|(at, _)| *at);
        [pod, self.next].into_iter().flatten().min().map(|at| at.max(self.now))
    }

    /// Goes to that moment and decides there.
    pub fn step(&mut self, at: Moment) -> Decision {
        self.now = at;
        while let Some(entry) = self.starting.first().filter(|(ready_at, _)| *ready_at <= at).copied() {
            self.starting.remove(&entry);
            self.ready += 1;
        }
        self.decide()
    }

    /// Requests so many at a time: as many in pods as the pods hold, the rest waiting.
    pub fn load(&self, users: u32, rate: u64, over: Duration) -> Sample {
        let room = if self.ready == 0 {
            0
        } else if self.spec.container_concurrency == 0 {
            u32::MAX
        } else {
            self.ready * self.spec.container_concurrency
        };
        let in_flight = users.min(room);
        Sample { over, concurrency: f64::from(users), requests: rate, in_flight, queued: users - in_flight, poke: false }
    }
}
