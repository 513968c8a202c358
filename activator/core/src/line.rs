//! One revision: its pods with their places, and the one line of requests before them.
//!
//! This is a state machine without clock, lock or waker: events go in, and [`Line::bind_first`] says who goes next. Its laws:
//! a pod never has more requests than the limit; nobody waits while a usable pod has a free place (once `bind_first` has
//! returned `None`); who came first goes first; a place given to a request that has left meanwhile goes to the next one.

use std::collections::BTreeMap;

use crate::queue::{Bounds, Full, Queue, Ticket};
use crate::{Capacity, Limit, Refused, capacity, pick};

/// Names a pod in a line, as long as the pod is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SlotId(usize);

/// Whether a pod gets requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is ready.
    Usable,
    /// It is not ready, or suspected to be dead; it may come back.
    Out,
    /// It is going away. It keeps the requests that it has and never gets another one.
    Leaving,
}

#[derive(Debug)]
struct Slot<P> {
    in_flight: u32,
    standing: Standing,
    pod: P,
}

/// What is known of the revision itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Not seen yet: its limit is not known, so nobody goes.
    Unseen,
    /// Seen.
    Known(Limit),
    /// Deleted.
    Gone,
}

/// A request that asks for a place.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// Its order.
    pub ticket: Ticket,
    /// The bytes that it holds while it waits.
    pub bytes: usize,
    /// It was admitted before and has lost its pod: it is not refused for the length of the line.
    pub again: bool,
}

/// The answer to a request that asks for a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joined {
    /// It has a place in this pod.
    Goes(SlotId),
    /// It waits.
    Waits,
    /// It can neither go nor wait.
    Refused(Refused),
}

/// How a request in the line stands.
#[derive(Debug, PartialEq, Eq)]
pub enum Look<'a, W> {
    /// It waits.
    Waits(&'a mut W),
    /// It was bound to a place in this pod; [`Line::take`] fetches it.
    Bound(SlotId),
    /// It is not in the line: the revision is gone.
    Absent,
}

/// What a request that leaves had.
#[derive(Debug, PartialEq, Eq)]
pub enum Left<P> {
    /// Nothing: it was not in the line.
    Nothing,
    /// It only waited.
    Line,
    /// It was bound to a place, which is free now. If that was the last request of a leaving pod, here is the pod.
    Place(Option<P>),
}

/// The line. `P` is what the caller knows of a pod, `W` what it needs to wake a waiter.
#[derive(Debug)]
pub struct Line<P, W> {
    phase: Phase,
    slots: Vec<Option<Slot<P>>>,
    /// The usable slots, in order. Kept apart so that picking is blind to gaps.
    usable: Vec<usize>,
    queue: Queue<W>,
    /// Bound, but not fetched yet: the waiter was woken and has not run.
    bound: BTreeMap<Ticket, (SlotId, W)>,
    in_flight: u32,
    cursor: usize,
    /// The pod in which a place was freed last: while someone waits, it is the only one with a free place.
    freed: Option<usize>,
}

impl<P, W> Line<P, W> {
    /// A line of a revision that was not seen yet.
    pub fn new(bounds: Bounds) -> Self {
        Self {
            phase: Phase::Unseen,
            slots: Vec::new(),
            usable: Vec::new(),
            queue: Queue::new(bounds),
            bound: BTreeMap::new(),
            in_flight: 0,
            cursor: 0,
            freed: None,
        }
    }

    /// The revision exists and has this limit.
    pub fn open(&mut self, limit: Limit) {
        self.phase = Phase::Known(limit);
    }

    /// The revision was deleted: nobody waits for it any longer. Returns those who did. Bound requests keep their places.
    pub fn close(&mut self) -> Vec<W> {
        self.phase = Phase::Gone;
        std::iter::from_fn(|| self.queue.pop_first()).map(|(_, waiter)| waiter).collect()
    }

    /// Whether the revision was seen, now or before it was deleted.
    pub fn is_seen(&self) -> bool {
        self.phase != Phase::Unseen
    }

    /// Whether the revision was deleted.
    pub fn is_gone(&self) -> bool {
        self.phase == Phase::Gone
    }

    /// Requests that wait.
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Bytes that the waiting requests hold.
    pub fn queued_bytes(&self) -> usize {
        self.queue.bytes()
    }

    /// Requests that have a place.
    pub fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// Pods that get requests.
    pub fn usable(&self) -> usize {
        self.usable.len()
    }

    /// What the revision can carry at once.
    pub fn capacity(&self) -> Capacity {
        match self.phase {
            Phase::Known(limit) => capacity(limit, self.usable.len()),
            Phase::Unseen | Phase::Gone => Capacity::Places(0),
        }
    }

    /// The pod in a slot.
    pub fn pod(&self, slot: SlotId) -> Option<&P> {
        self.slot(slot).map(|slot| &slot.pod)
    }

    /// Requests in a pod.
    pub fn in_flight_of(&self, slot: SlotId) -> u32 {
        self.slot(slot).map_or(0, |slot| slot.in_flight)
    }

    /// How a pod stands.
    pub fn standing(&self, slot: SlotId) -> Option<Standing> {
        self.slot(slot).map(|slot| slot.standing)
    }

    /// Adds a pod that is out.
    pub fn add(&mut self, pod: P) -> SlotId {
        let slot = Some(Slot { in_flight: 0, standing: Standing::Out, pod });
        match self.slots.iter().position(Option::is_none) {
            Some(gap) => {
                self.slots[gap] = slot;
                SlotId(gap)
            }
            None => {
                self.slots.push(slot);
                SlotId(self.slots.len() - 1)
            }
        }
    }

    /// Changes how a pod stands. A leaving pod stays leaving. Returns the pod if it left and has no requests: it is out of the
    /// line then, and its slot is void.
    pub fn set(&mut self, SlotId(index): SlotId, standing: Standing) -> Option<P> {
        let slot = self.slots.get_mut(index)?.as_mut()?;
        if slot.standing == Standing::Leaving || slot.standing == standing {
            return None;
        }
        slot.standing = standing;
        let idle = slot.in_flight == 0;
        self.file(index, standing == Standing::Usable);
        if standing == Standing::Leaving && idle { self.vacate(index) } else { None }
    }

    /// A request asks for a place. `waiter` is made only if it has to wait.
    pub fn join(&mut self, arrival: Arrival, random: u64, waiter: impl FnOnce() -> W) -> Joined {
        if self.phase == Phase::Gone {
            return Joined::Refused(Refused::Gone);
        }
        if self.queue.is_empty()
            && let Some(slot) = self.seize(random)
        {
            return Joined::Goes(slot);
        }
        if !arrival.again {
            match self.queue.has_room(arrival.bytes) {
                Ok(()) => {}
                Err(Full::Waiting) => return Joined::Refused(Refused::QueueFull),
                Err(Full::Bytes) => return Joined::Refused(Refused::QueueBytesFull),
            }
        }
        self.queue.insert(arrival.ticket, arrival.bytes, waiter());
        Joined::Waits
    }

    /// Binds the first waiter to a free place, if there are both, and returns it to be woken. To be called until it returns
    /// `None`, after every event that may have freed a place or brought one.
    pub fn bind_first(&mut self, random: u64) -> Option<&mut W> {
        if self.queue.is_empty() {
            return None;
        }
        let slot = self.seize(random)?;
        let (ticket, waiter) = self.queue.pop_first()?;
        let (_, waiter) = self.bound.entry(ticket).or_insert((slot, waiter));
        Some(waiter)
    }

    /// How the request with this ticket stands.
    pub fn look(&mut self, ticket: Ticket) -> Look<'_, W> {
        if let Some((slot, _)) = self.bound.get(&ticket) {
            return Look::Bound(*slot);
        }
        self.queue.get_mut(ticket).map_or(Look::Absent, Look::Waits)
    }

    /// Fetches the place that a waiter was bound to. From here on the place is released with [`Line::release`].
    pub fn take(&mut self, ticket: Ticket) -> Option<(SlotId, W)> {
        self.bound.remove(&ticket)
    }

    /// A request leaves the line before it fetched a place: its client is gone, or its time is over.
    pub fn leave(&mut self, ticket: Ticket) -> Left<P> {
        if self.queue.remove(ticket).is_some() {
            return Left::Line;
        }
        match self.bound.remove(&ticket) {
            Some((slot, _)) => Left::Place(self.release(slot)),
            None => Left::Nothing,
        }
    }

    /// Frees a place. Returns the pod if it is leaving and this was its last request.
    pub fn release(&mut self, SlotId(index): SlotId) -> Option<P> {
        let slot = self.slots.get_mut(index)?.as_mut()?;
        slot.in_flight = slot.in_flight.saturating_sub(1);
        self.in_flight = self.in_flight.saturating_sub(1);
        match slot.standing {
            Standing::Leaving if slot.in_flight == 0 => self.vacate(index),
            Standing::Usable => {
                self.freed = Some(index);
                None
            }
            Standing::Leaving | Standing::Out => None,
        }
    }

    /// Takes a free place, if there is one.
    fn seize(&mut self, random: u64) -> Option<SlotId> {
        let Phase::Known(limit) = self.phase else { return None };
        let index = match self.freed.take().filter(|_| !self.queue.is_empty()).filter(|freed| self.admits(limit, *freed)) {
            Some(freed) => freed,
            None => {
                let busy = |position: usize| self.busy(self.usable[position]);
                let position = pick(limit, self.usable.len(), busy, self.cursor, random)?;
                self.cursor = position + 1;
                self.usable[position]
            }
        };
        let slot = self.slots.get_mut(index)?.as_mut()?;
        slot.in_flight += 1;
        self.in_flight += 1;
        Some(SlotId(index))
    }

    fn admits(&self, limit: Limit, index: usize) -> bool {
        self.slot(SlotId(index)).is_some_and(|slot| slot.standing == Standing::Usable && limit.admits(slot.in_flight))
    }

    fn busy(&self, index: usize) -> u32 {
        self.in_flight_of(SlotId(index))
    }

    fn slot(&self, SlotId(index): SlotId) -> Option<&Slot<P>> {
        self.slots.get(index)?.as_ref()
    }

    /// Files a slot under the usable ones, or takes it out of them.
    fn file(&mut self, index: usize, usable: bool) {
        match (self.usable.binary_search(&index), usable) {
            (Err(position), true) => self.usable.insert(position, index),
            (Ok(position), false) => {
                self.usable.remove(position);
            }
            (Ok(_), true) | (Err(_), false) => {}
        }
    }

    fn vacate(&mut self, index: usize) -> Option<P> {
        let slot = self.slots.get_mut(index)?.take()?;
        while matches!(self.slots.last(), Some(None)) {
            self.slots.pop();
        }
        Some(slot.pod)
    }
}

#[cfg(test)]
mod tests;
