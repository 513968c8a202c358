//! A place: the right to use a pod for one request, until its answer has ended.

use std::net::SocketAddr;
use std::sync::Arc;

use ebb_activator_core::{AfterFailure, Failure, Refused, SlotId, Standing, after_failure};
use tokio::time::{Duration, Instant};

use crate::handle::RevisionHandle;
use crate::pod::Pod;
use crate::recheck;
use crate::settings::Protocol;
use crate::waiting::Visit;

/// A place on a pod. It is free again when this is dropped: drop it when the answer's body has ended, or the upgraded
/// connection was closed.
#[derive(Debug)]
#[must_use = "dropping a place gives it back"]
pub struct Place {
    revision: Arc<RevisionHandle>,
    pod: Arc<Pod>,
    slot: SlotId,
    visit: Visit,
    protocol: Protocol,
    poked_at: Option<Instant>,
    bound_at: Instant,
    released: bool,
}

/// What follows a failure.
#[derive(Debug)]
pub enum Next {
    /// The request may have another place.
    Again(Again),
    /// The client is to be answered.
    GiveUp(Refused),
}

/// A request that has lost its place and has kept its seniority.
#[derive(Debug)]
#[must_use = "dropping it gives the request up"]
pub struct Again {
    revision: Arc<RevisionHandle>,
    visit: Visit,
    pause: Duration,
    moved_on: bool,
}

impl Place {
    pub(crate) fn new(
        revision: Arc<RevisionHandle>,
        pod: Arc<Pod>,
        slot: SlotId,
        visit: Visit,
        protocol: Protocol,
        poked_at: Option<Instant>,
        bound_at: Instant,
    ) -> Self {
        Self { revision, pod, slot, visit, protocol, poked_at, bound_at, released: false }
    }

    /// Where to connect.
    pub fn addr(&self) -> SocketAddr {
        self.pod.addr()
    }

    /// The pod.
    pub fn pod(&self) -> &Arc<Pod> {
        &self.pod
    }

    /// The revision.
    pub fn revision(&self) -> &Arc<RevisionHandle> {
        &self.revision
    }

    /// What the app speaks.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// How long the request waited for its place; zero if one was free.
    pub fn waited(&self) -> Duration {
        self.visit.enqueued_at.map_or(Duration::ZERO, |enqueued_at| self.bound_at.saturating_duration_since(enqueued_at))
    }

    /// Whether the request came to a revision without a usable pod.
    pub fn cold(&self) -> bool {
        self.visit.cold
    }

    /// When the request came.
    pub fn arrived_at(&self) -> Instant {
        self.visit.arrived_at
    }

    /// When the request joined the line, if it had to wait.
    pub fn enqueued_at(&self) -> Option<Instant> {
        self.visit.enqueued_at
    }

    /// When the autoscaler was last poked for this revision, if the request had to wait. Earlier than [`Place::enqueued_at`] when
    /// another request had poked before.
    pub fn poked_at(&self) -> Option<Instant> {
        self.poked_at
    }

    /// When the request was bound to this place.
    pub fn bound_at(&self) -> Instant {
        self.bound_at
    }

    /// How many places the request has lost before this one.
    pub fn tries(&self) -> u32 {
        self.visit.tries
    }

    /// The request could not be answered from this place: gives the place back, keeps requests away from the pod if it seems to
    /// be dead, and says what follows. `replayable`: the request may be sent a second time although the app may have seen it.
    pub fn failed(mut self, failure: Failure, replayable: bool) -> Next {
        self.visit.tries += 1;
        let verdict = after_failure(failure, self.visit.tries, replayable);
        let pause = match verdict {
            AfterFailure::RetryNow | AfterFailure::Rewake => Some(Duration::ZERO),
            AfterFailure::RetryIn(pause) => Some(pause),
            AfterFailure::GiveUp(_) => None,
        };
        if self.release(failure.suspects_pod(), pause.is_some()) {
            recheck::start(&self.revision, &self.pod, self.slot);
        }
        match verdict {
            AfterFailure::GiveUp(refused) => Next::GiveUp(refused),
            AfterFailure::RetryNow | AfterFailure::Rewake | AfterFailure::RetryIn(_) => {
                Next::Again(Again { revision: self.revision.clone(), visit: self.visit, pause: pause.unwrap_or_default(), moved_on: false })
            }
        }
    }

    /// Gives the place back. Whether the pod became a suspect by that.
    fn release(&mut self, suspect: bool, visit_goes_on: bool) -> bool {
        let (slot, now) = (self.slot, Instant::now());
        self.released = true;
        self.revision.change(|state, effects| {
            let suspected = suspect && state.line.standing(slot) == Some(Standing::Usable);
            if suspected {
                self.pod.set_suspect(true);
                state.stand(slot, Standing::Out, effects);
            }
            state.release(slot, effects);
            state.lost += u64::from(suspected || visit_goes_on);
            if !visit_goes_on {
                state.depart(&self.revision.reporter, now);
            }
            suspected
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.released {
            self.release(false, false);
        }
    }
}

impl Again {
    /// Takes another place, as [`RevisionHandle::acquire`] does, before everyone who came later.
    ///
    /// # Errors
    /// When the revision was deleted, or `deadline` is over.
    pub async fn acquire(mut self, deadline: Instant) -> Result<Place, Refused> {
        if !self.pause.is_zero() {
            tokio::time::sleep_until(deadline.min(Instant::now() + self.pause)).await;
        }
        // From here on the line, or the new place, counts the visit out.
        self.moved_on = true;
        self.revision.reenter(self.visit, deadline).await
    }

    /// The revision.
    pub fn revision(&self) -> &Arc<RevisionHandle> {
        &self.revision
    }
}

impl Drop for Again {
    fn drop(&mut self) {
        if !self.moved_on {
            self.revision.give_up();
        }
    }
}
