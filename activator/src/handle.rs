//! The line before one revision, with its lock. Every change goes through here: it settles who goes next, and carries out
//! what follows (wakers, pokes) after the lock is released.

use std::sync::{Arc, Weak};
use std::task::Waker;

use arc_swap::ArcSwap;
use ebb_activator_core::{Bounds, Capacity, Line, Meter, PokeRule, Refused, SlotId, Standing, Ticket};
use ebb_api::observation::{Observation, RevisionKey};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::directory::Directory;
use crate::objects::RevisionFacts;
use crate::pod::Pod;
use crate::report::Reporter;
use crate::settings::{Protocol, Settings};
use crate::waits::Waits;

/// The line before one revision. It stays valid as long as somebody holds it: before the Revision was seen requests wait in
/// it, after the Revision was deleted it refuses with [`Refused::Gone`], and should a Revision of that name come again, it
/// serves that one.
#[derive(Debug)]
pub struct RevisionHandle {
    key: RevisionKey,
    settings: ArcSwap<Settings>,
    labels: ArcSwap<Labels>,
    state: Mutex<State>,
    pub(crate) reporter: Arc<Reporter>,
    pub(crate) directory: Weak<Directory>,
}

/// What the metrics of a revision are labelled with, besides its own name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Labels {
    pub service: Arc<str>,
    pub configuration: Arc<str>,
}

/// Somebody in the line.
#[derive(Debug, Default)]
pub(crate) struct Waiter {
    pub waker: Option<Waker>,
    /// When it was bound to its place.
    pub bound_at: Option<Instant>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub line: Line<Arc<Pod>, Waiter>,
    pub protocol: Protocol,
    pub poked_at: Option<Instant>,
    pub waits: Option<Box<Waits>>,
    /// How many requests were refused, by reason.
    pub refused: std::collections::BTreeMap<Refused, u64>,
    /// The Revision that the line is of or was of last, and the one of that name before it.
    uid: Arc<str>,
    retired: Arc<str>,
    /// Requests that ever arrived.
    pub arrived: u64,
    /// Places that were lost to a failing pod.
    pub lost: u64,
    meter: Meter,
    poke: PokeRule,
    next_ticket: u64,
    random: u64,
    /// On the reporter's list of active revisions.
    listed: bool,
    /// A poke did not fit into the channel and is on the reporter's list.
    unsent: bool,
    revision_problem: Option<Arc<str>>,
    /// The pod that does not start, and why.
    pod_problem: Option<(Arc<str>, Arc<str>)>,
}

/// What is to be done after the lock is released.
#[derive(Default)]
pub(crate) struct Effects {
    wake: Vec<Waker>,
    poke: bool,
    list: bool,
    lost_pod: bool,
    vacated: Option<Arc<Pod>>,
}

impl RevisionHandle {
    pub(crate) fn new(key: RevisionKey, seed: u64, reporter: Arc<Reporter>, directory: Weak<Directory>) -> Self {
        let state = State {
            line: Line::new(Bounds::default()),
            protocol: Protocol::default(),
            poked_at: None,
            waits: None,
            refused: std::collections::BTreeMap::new(),
            uid: Arc::default(),
            retired: Arc::default(),
            arrived: 0,
            lost: 0,
            meter: Meter::default(),
            poke: PokeRule::default(),
            next_ticket: 0,
            random: seed,
            listed: false,
            unsent: false,
            revision_problem: None,
            pod_problem: None,
        };
        Self { key, settings: ArcSwap::default(), labels: ArcSwap::default(), state: Mutex::new(state), reporter, directory }
    }

    /// Whose line it is.
    pub fn key(&self) -> &RevisionKey {
        &self.key
    }

    /// The revision's limits; defaults until it was seen. Takes no lock.
    pub fn settings(&self) -> Settings {
        **self.settings.load()
    }

    /// Why the revision's pods do not start, as far as it is known: for the answer to a request that waited in vain.
    pub fn problem(&self) -> Option<Arc<str>> {
        let state = self.state.lock();
        state.pod_problem.as_ref().map(|(_, problem)| problem.clone()).or_else(|| state.revision_problem.clone())
    }

    /// What the revision can carry at once, with the pods that it has now.
    pub fn capacity(&self) -> Capacity {
        self.state.lock().line.capacity()
    }

    /// Requests that have a place now.
    pub fn in_flight(&self) -> u32 {
        self.state.lock().line.in_flight()
    }

    /// Requests that wait for a place now.
    pub fn queued(&self) -> usize {
        self.state.lock().line.queued()
    }

    /// Whether the Revision was deleted.
    pub fn is_gone(&self) -> bool {
        self.state.lock().line.is_gone()
    }

    /// Whether the Revision exists: it was seen and was not deleted.
    pub fn exists(&self) -> bool {
        self.read(|state| state.line.is_seen() && !state.line.is_gone())
    }

    /// Whether the Revision was ever seen.
    pub(crate) fn is_seen(&self) -> bool {
        self.state.lock().line.is_seen()
    }

    pub(crate) fn labels(&self) -> Arc<Labels> {
        self.labels.load_full()
    }

    /// Reads the state without changing who goes.
    pub(crate) fn read<R>(&self, read: impl FnOnce(&State) -> R) -> R {
        read(&self.state.lock())
    }

    /// Changes the state, then lets go who can go, then carries out what follows.
    pub(crate) fn change<R>(self: &Arc<Self>, change: impl FnOnce(&mut State, &mut Effects) -> R) -> R {
        let mut effects = Effects::default();
        let mut state = self.state.lock();
        let result = change(&mut state, &mut effects);
        state.settle(&mut effects);
        let poke = effects.poke.then(|| state.observe(&self.key));
        drop(state);
        effects.carry_out(self, poke);
        result
    }

    /// The Revision is there, new or changed. Returns the uid of an earlier one of that name, if this is another.
    pub(crate) fn open(self: &Arc<Self>, facts: &RevisionFacts) -> Option<Arc<str>> {
        self.settings.store(Arc::new(facts.settings));
        self.labels.store(Arc::new(Labels { service: facts.service.clone(), configuration: facts.configuration.clone() }));
        self.change(|state, _| {
            state.line.open(facts.settings.limit);
            state.protocol = facts.settings.protocol;
            state.revision_problem.clone_from(&facts.problem);
            (state.uid != facts.uid).then(|| {
                state.retired = std::mem::replace(&mut state.uid, facts.uid.clone());
                state.retired.clone()
            })
        })
    }

    /// The Revision was deleted: those who wait are woken to be refused. Returns its uid.
    pub(crate) fn close(self: &Arc<Self>) -> Arc<str> {
        self.change(|state, effects| {
            let waiters = state.line.close();
            effects.wake.extend(waiters.into_iter().filter_map(|waiter| waiter.waker));
            state.uid.clone()
        })
    }

    /// Whether this is the uid of a Revision of that name which is gone.
    pub(crate) fn is_retired(&self, uid: &str) -> bool {
        self.read(|state| !uid.is_empty() && (uid == &*state.retired || (state.line.is_gone() && uid == &*state.uid)))
    }

    /// Adds a usable pod.
    pub(crate) fn seat(self: &Arc<Self>, pod: Arc<Pod>) -> SlotId {
        self.change(|state, _| {
            let slot = state.line.add(pod);
            state.line.set(slot, Standing::Usable);
            slot
        })
    }

    /// Changes how a pod stands, and whether it is suspected. Nothing if the pod has left the line.
    pub(crate) fn stand(self: &Arc<Self>, pod: &Arc<Pod>, slot: SlotId, standing: Standing, suspect: bool) {
        self.change(|state, effects| {
            if state.holds(pod, slot) {
                pod.set_suspect(suspect);
                state.stand(slot, standing, effects);
            }
        });
    }

    /// Lets a suspected pod in again, if it is still suspected.
    pub(crate) fn absolve(self: &Arc<Self>, pod: &Arc<Pod>, slot: SlotId) {
        self.change(|state, effects| {
            if state.holds(pod, slot) && pod.is_suspect() {
                pod.set_suspect(false);
                state.stand(slot, Standing::Usable, effects);
            }
        });
    }

    /// Whether a pod is still suspected and may still come back.
    pub(crate) fn suspects(&self, pod: &Arc<Pod>, slot: SlotId) -> bool {
        self.read(|state| state.holds(pod, slot) && pod.is_suspect() && state.line.standing(slot) == Some(Standing::Out))
    }

    /// Requests in one pod.
    pub(crate) fn in_flight_of(&self, pod: &Arc<Pod>, slot: SlotId) -> u32 {
        self.read(|state| if state.holds(pod, slot) { state.line.in_flight_of(slot) } else { 0 })
    }

    /// A pod says why it does not start, or (`None`) that it has no such problem any longer.
    pub(crate) fn note_problem(&self, uid: &Arc<str>, problem: Option<Arc<str>>) {
        let mut state = self.state.lock();
        match problem {
            Some(problem) => state.pod_problem = Some((uid.clone(), problem)),
            None if state.pod_problem.as_ref().is_some_and(|(of, _)| of == uid) => state.pod_problem = None,
            None => {}
        }
    }

    /// What the ticker reports of the last stretch, and whether the revision stays on its list. Those who wait while no pod is
    /// usable are told of once more as a poke, in case the first one came to nothing.
    pub(crate) fn tick(&self, now: Instant) -> Tick {
        let mut state = self.state.lock();
        let Some(reading) = state.meter.read(self.reporter.since_start(now)) else {
            return Tick { report: None, poke: None, stays: true };
        };
        let report = Observation {
            over: reading.over,
            concurrency: reading.concurrency,
            requests: reading.requests,
            poke: false,
            ..state.observe(&self.key)
        };
        let queued = state.line.queued();
        state.poke.told(queued);
        let stranded = queued > 0 && state.line.usable() == 0;
        let stays = !reading.is_quiet() || state.meter.present() > 0;
        state.listed = stays;
        Tick { report: Some(report), poke: stranded.then(|| state.observe(&self.key)), stays }
    }

    /// The poke that did not fit into the channel before, if somebody still waits.
    pub(crate) fn unsent_poke(&self) -> Option<Observation> {
        let mut state = self.state.lock();
        state.unsent = false;
        (state.line.queued() > 0).then(|| state.observe(&self.key))
    }

    /// A poke does not fit into the channel. Whether it has to be put on the list of those.
    pub(crate) fn mark_unsent(&self) -> bool {
        !std::mem::replace(&mut self.state.lock().unsent, true)
    }
}

/// What the ticker does with a revision.
pub(crate) struct Tick {
    pub report: Option<Observation>,
    pub poke: Option<Observation>,
    pub stays: bool,
}

impl State {
    /// A request arrived: its ticket.
    pub fn arrive(&mut self, reporter: &Reporter, now: Instant, effects: &mut Effects) -> Ticket {
        let since_start = reporter.since_start(now);
        if !self.listed {
            self.listed = true;
            effects.list = true;
            self.meter.start(since_start);
        }
        self.meter.arrive(since_start);
        self.arrived += 1;
        self.next_ticket += 1;
        Ticket(self.next_ticket)
    }

    /// A request has left Ebb's hands.
    pub fn depart(&mut self, reporter: &Reporter, now: Instant) {
        self.meter.leave(reporter.since_start(now));
    }

    /// A request has joined the line. `again` says that it lost its pod.
    pub fn joined(&mut self, now: Instant, again: bool, effects: &mut Effects) {
        let (queued, usable) = (self.line.queued(), self.line.usable());
        if self.poke.joined(queued, usable) || (again && self.poke.lost_pod(queued, usable)) {
            self.poked_at = Some(now);
            effects.poke = true;
        }
    }

    /// Frees a place.
    pub fn release(&mut self, slot: SlotId, effects: &mut Effects) {
        if let Some(pod) = self.line.release(slot) {
            effects.vacate(pod);
        }
    }

    /// Changes how a pod stands.
    pub fn stand(&mut self, slot: SlotId, standing: Standing, effects: &mut Effects) {
        effects.lost_pod |= standing != Standing::Usable && self.line.standing(slot) == Some(Standing::Usable);
        if let Some(pod) = self.line.set(slot, standing) {
            effects.vacate(pod);
        }
    }

    /// Whether the slot is still this pod's.
    pub fn holds(&self, pod: &Arc<Pod>, slot: SlotId) -> bool {
        self.line.pod(slot).is_some_and(|there| Arc::ptr_eq(there, pod))
    }

    /// A random number: splitmix64, seeded per revision.
    pub fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.random ^ (self.random >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A poke of this moment.
    fn observe(&self, key: &RevisionKey) -> Observation {
        Observation {
            revision: key.clone(),
            over: std::time::Duration::ZERO,
            concurrency: f64::from(self.meter.present()),
            requests: 0,
            in_flight: self.line.in_flight(),
            queued: u32::try_from(self.line.queued()).unwrap_or(u32::MAX),
            poke: true,
        }
    }

    /// Binds those who wait to the places that are free, in order.
    fn settle(&mut self, effects: &mut Effects) {
        if self.line.queued() == 0 {
            return;
        }
        let now = Instant::now();
        loop {
            let random = self.random();
            let Some(waiter) = self.line.bind_first(random) else { break };
            waiter.bound_at = Some(now);
            effects.wake.extend(waiter.waker.take());
        }
        if effects.lost_pod && self.poke.lost_pod(self.line.queued(), self.line.usable()) {
            self.poked_at = Some(now);
            effects.poke = true;
        }
    }
}

impl Effects {
    /// The last request of a leaving pod has ended.
    pub fn vacate(&mut self, pod: Arc<Pod>) {
        self.vacated = Some(pod);
    }

    fn carry_out(self, handle: &Arc<RevisionHandle>, poke: Option<Observation>) {
        self.wake.into_iter().for_each(Waker::wake);
        if self.list {
            handle.reporter.activate(handle);
        }
        if let Some(poke) = poke {
            handle.reporter.poke(handle, poke);
        }
        if let Some(pod) = self.vacated {
            pod.emptied().cancel();
        }
    }
}
