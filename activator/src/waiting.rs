//! A request's way to a place: at once if there is one, else through the line.
//!
//! [`Visit`] is what stays the same while a request is in Ebb's hands, also when it loses its pod. Whoever holds a visit
//! (a [`Waiting`], a `Place`, an `Again`) counts it out when it is dropped.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use ebb_activator_core::{Arrival, Joined, Left, Look, Refused, SlotId, Ticket};
use tokio::time::{Duration, Instant};

use crate::handle::{Effects, RevisionHandle, State, Waiter};
use crate::place::Place;

/// How long a request waits for a Revision that nobody has seen, although all watches are up to date. An Ingress may be seen a
/// moment before the Revision that it names, because they come by different watches; two seconds are a hundred such moments.
const UNSEEN_GRACE: Duration = Duration::from_secs(2);

/// A request in Ebb's hands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Visit {
    pub ticket: Ticket,
    pub bytes: usize,
    pub arrived_at: Instant,
    /// When it first had to wait, if it had to.
    pub enqueued_at: Option<Instant>,
    /// It came to a revision without a usable pod.
    pub cold: bool,
    /// Places that it has lost.
    pub tries: u32,
}

/// What became of a request that asked for a place.
enum Entered {
    Goes(Place),
    Waits(Waiting),
    Refused(Refused),
}

impl RevisionHandle {
    /// Takes a place on a pod: at once if one is free, else as soon as the request's turn comes.
    ///
    /// `bytes` is what the request holds in memory while it waits. Dropping the future leaves the line at once; a place that
    /// was just assigned goes to the next in line.
    ///
    /// # Errors
    /// When the line is full, the revision does not exist, or `deadline` is over. [`RevisionHandle::problem`] may then say why.
    pub async fn acquire(self: &Arc<Self>, deadline: Instant, bytes: usize) -> Result<Place, Refused> {
        match self.enter(bytes) {
            Entered::Goes(place) => Ok(place),
            Entered::Waits(waiting) => waiting.until(deadline).await,
            Entered::Refused(refused) => Err(refused),
        }
    }

    fn enter(self: &Arc<Self>, bytes: usize) -> Entered {
        let now = Instant::now();
        self.change(|state, effects| {
            let ticket = state.arrive(&self.reporter, now, effects);
            let visit = Visit { ticket, bytes, arrived_at: now, enqueued_at: None, cold: false, tries: 0 };
            self.join(state, visit, now, effects)
        })
    }

    /// A request that has lost its pod comes back, with its old ticket.
    pub(crate) async fn reenter(self: &Arc<Self>, visit: Visit, deadline: Instant) -> Result<Place, Refused> {
        let entered = self.change(|state, effects| self.join(state, visit, Instant::now(), effects));
        match entered {
            Entered::Goes(place) => Ok(place),
            Entered::Waits(waiting) => waiting.until(deadline).await,
            Entered::Refused(refused) => Err(refused),
        }
    }

    fn join(self: &Arc<Self>, state: &mut State, mut visit: Visit, now: Instant, effects: &mut Effects) -> Entered {
        let again = visit.tries > 0;
        let random = state.random();
        let arrival = Arrival { ticket: visit.ticket, bytes: visit.bytes, again };
        match state.line.join(arrival, random, Waiter::default) {
            Joined::Goes(slot) => match self.place(state, visit, slot, now) {
                Some(place) => Entered::Goes(place),
                // A slot that was just given always has its pod.
                None => Entered::Refused(self.refuse(state, Refused::PodGone, now)),
            },
            Joined::Waits => {
                visit.enqueued_at = visit.enqueued_at.or(Some(now));
                visit.cold |= state.line.usable() == 0;
                state.joined(now, again, effects);
                Entered::Waits(Waiting { revision: self.clone(), visit, done: false })
            }
            Joined::Refused(refused) => Entered::Refused(self.refuse(state, refused, now)),
        }
    }

    /// A request that is neither in the line nor in a pod leaves, because its client did.
    pub(crate) fn give_up(self: &Arc<Self>) {
        self.change(|state, _| self.refuse(state, Refused::ClientLeft, Instant::now()));
    }

    fn refuse(&self, state: &mut State, refused: Refused, now: Instant) -> Refused {
        state.depart(&self.reporter, now);
        *state.refused.entry(refused).or_default() += 1;
        refused
    }

    fn place(self: &Arc<Self>, state: &State, visit: Visit, slot: SlotId, bound_at: Instant) -> Option<Place> {
        let pod = state.line.pod(slot)?.clone();
        let poked_at = visit.enqueued_at.and(state.poked_at);
        Some(Place::new(self.clone(), pod, slot, visit, state.protocol, poked_at, bound_at))
    }
}

/// A request in the line.
#[derive(Debug)]
pub(crate) struct Waiting {
    revision: Arc<RevisionHandle>,
    visit: Visit,
    /// It has its place, or was refused: nothing is to be given back.
    done: bool,
}

impl Waiting {
    /// Waits for its turn, but not longer than until `deadline`.
    async fn until(mut self, deadline: Instant) -> Result<Place, Refused> {
        loop {
            let look_again = self.look_again_at(deadline);
            let mut sleep = pin!(tokio::time::sleep_until(look_again));
            let turn = std::future::poll_fn(|context| match self.poll_turn(context) {
                Poll::Ready(result) => Poll::Ready(Some(result)),
                Poll::Pending => sleep.as_mut().poll(context).map(|()| None),
            });
            match turn.await {
                Some(result) => return result,
                None if look_again < deadline && !self.is_unknown() => {}
                None => return self.give_up(),
            }
        }
    }

    /// A revision that was not seen yet is looked for earlier than at the deadline.
    fn look_again_at(&self, deadline: Instant) -> Instant {
        if self.revision.is_seen() { deadline } else { deadline.min(Instant::now() + UNSEEN_GRACE) }
    }

    /// Whether the revision is in no up-to-date watch.
    fn is_unknown(&self) -> bool {
        let synced = self.revision.directory.upgrade().is_none_or(|directory| directory.is_synced());
        synced && !self.revision.is_seen()
    }

    fn poll_turn(&mut self, context: &Context<'_>) -> Poll<Result<Place, Refused>> {
        let (revision, visit) = (self.revision.clone(), self.visit);
        let turn = revision.change(|state, _| match state.line.look(visit.ticket) {
            Look::Waits(waiter) => {
                if !waiter.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
                    waiter.waker = Some(context.waker().clone());
                }
                Poll::Pending
            }
            Look::Bound(_) | Look::Absent => Poll::Ready(fetch(&revision, state, visit)),
        });
        self.done = turn.is_ready();
        turn
    }

    /// Its time is over. If a place came in the same moment, it is taken all the same.
    fn give_up(mut self) -> Result<Place, Refused> {
        let (revision, visit) = (self.revision.clone(), self.visit);
        self.done = true;
        revision.change(|state, _| match state.line.look(visit.ticket) {
            Look::Bound(_) | Look::Absent => fetch(&revision, state, visit),
            Look::Waits(_) => {
                state.line.leave(visit.ticket);
                let refused = match (state.line.is_seen(), state.line.usable()) {
                    (false, _) => Refused::Gone,
                    (true, 0) => Refused::NoPodInTime,
                    (true, _) => Refused::NoPlaceInTime,
                };
                Err(revision.refuse(state, refused, Instant::now()))
            }
        })
    }
}

/// Fetches the place that a request was bound to. A request that is no longer in the line was refused: its revision is gone.
fn fetch(revision: &Arc<RevisionHandle>, state: &mut State, visit: Visit) -> Result<Place, Refused> {
    let now = Instant::now();
    let Some((slot, waiter)) = state.line.take(visit.ticket) else {
        return Err(revision.refuse(state, Refused::Gone, now));
    };
    let bound_at = waiter.bound_at.unwrap_or(now);
    if let Some(enqueued_at) = visit.enqueued_at {
        let waited = bound_at.saturating_duration_since(enqueued_at);
        state.waits.get_or_insert_default().record(visit.cold, waited);
    }
    revision.place(state, visit, slot, bound_at).ok_or_else(|| revision.refuse(state, Refused::PodGone, now))
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        let visit = self.visit;
        self.revision.change(|state, effects| {
            if let Left::Place(Some(vacated)) = state.line.leave(visit.ticket) {
                effects.vacate(vacated);
            }
            self.revision.refuse(state, Refused::ClientLeft, Instant::now());
        });
    }
}
