//! The pods that the watch has shown: to which line each belongs, and how it stands there.
//!
//! Events may come late or twice: a pod that was drained never comes back, whatever an older event says. Pods are known by
//! their uid; a name that comes again with another uid is another pod.

use std::collections::HashMap;
use std::sync::Arc;

use ebb_activator_core::{SlotId, Standing};
use ebb_api::observation::RevisionKey;
use tokio::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

use crate::handle::RevisionHandle;
use crate::objects::{Epoch, PodFacts, PodKey};
use crate::pod::Pod;

/// How long a watch may lag behind a pod's drain: as long as a broken watch takes to be opened again (the longest back-off).
const LAG_MAX: Duration = Duration::from_secs(30);
/// Pods that are drained unseen within that time. A node drains a few pods at once; so many names cost 100 KB.
const DRAINED_UNSEEN_MAX: usize = 1024;

/// All pods.
#[derive(Debug, Default)]
pub(crate) struct Pods {
    seen: HashMap<PodKey, Seen>,
    /// Deleted while they had requests; they are forgotten when the next event finds them empty.
    departing: Vec<PodKey>,
    /// Drained before they were seen, oldest first.
    drained_unseen: Vec<(PodKey, Instant)>,
}

/// One pod.
#[derive(Debug)]
struct Seen {
    uid: Arc<str>,
    revision: Arc<RevisionHandle>,
    revision_uid: Arc<str>,
    /// Its place in the line, once it was ready.
    seat: Option<(Arc<Pod>, SlotId)>,
    epoch: Epoch,
    /// It was deleted, or drained, and never gets a request again.
    leaving: bool,
}

impl Pods {
    /// A Pod is there, new or changed.
    pub fn apply(&mut self, facts: PodFacts, line_of: impl FnOnce(&RevisionKey) -> Arc<RevisionHandle>) {
        self.forget_departed();
        if self.seen.get(&facts.key).is_some_and(|seen| seen.uid != facts.uid)
            && let Some(mut namesake) = self.seen.remove(&facts.key)
        {
            namesake.leave();
        }
        let drained = self.was_drained_unseen(&facts.key);
        let seen = self.seen.entry(facts.key.clone()).or_insert_with(|| {
            let revision = line_of(&facts.revision);
            let leaving = drained || revision.is_retired(&facts.revision_uid);
            let (uid, revision_uid) = (facts.uid.clone(), facts.revision_uid.clone());
            Seen { uid, revision, revision_uid, seat: None, epoch: facts.epoch, leaving }
        });
        seen.update(&facts);
    }

    /// A Pod is gone.
    pub fn delete(&mut self, key: &PodKey, uid: &str) {
        self.forget_departed();
        let Some(seen) = self.seen.get_mut(key).filter(|seen| &*seen.uid == uid) else { return };
        seen.leave();
        if seen.is_empty() {
            self.seen.remove(key);
        } else {
            self.departing.push(key.clone());
        }
    }

    /// A Revision is gone, and with it the use of its pods: a Revision that comes again by the same name must not answer from
    /// them, although they may live a little longer.
    pub fn retire(&mut self, revision: &RevisionKey, uid: &str) {
        let old = self.seen.values_mut().filter(|seen| !uid.is_empty() && &*seen.revision_uid == uid);
        old.filter(|seen| seen.revision.key() == revision).for_each(Seen::leave);
    }

    /// Takes a pod out of its line for good. What is returned is cancelled when its last request has ended; nothing, if it has
    /// no requests and will have none.
    pub fn drain(&mut self, key: PodKey) -> Option<CancellationToken> {
        if let Some(seen) = self.seen.get_mut(&key) {
            seen.leave();
            return seen.seat.as_ref().map(|(pod, _)| pod.emptied().clone());
        }
        if self.drained_unseen.len() >= DRAINED_UNSEEN_MAX {
            self.drained_unseen.remove(0);
        }
        self.drained_unseen.push((key, Instant::now()));
        None
    }

    /// Requests in a pod.
    pub fn in_flight(&self, key: &PodKey) -> u32 {
        let Some(seen) = self.seen.get(key) else { return 0 };
        seen.seat.as_ref().map_or(0, |(pod, slot)| seen.revision.in_flight_of(pod, *slot))
    }

    fn was_drained_unseen(&mut self, key: &PodKey) -> bool {
        self.drained_unseen.retain(|(_, since)| since.elapsed() < LAG_MAX);
        let position = self.drained_unseen.iter().position(|(drained, _)| drained == key);
        position.map(|position| self.drained_unseen.remove(position)).is_some()
    }

    fn forget_departed(&mut self) {
        let seen = &mut self.seen;
        self.departing.retain(|key| {
            let departed = seen.get(key).is_none_or(Seen::is_empty);
            if departed {
                seen.remove(key);
            }
            !departed
        });
    }
}

impl Seen {
    fn update(&mut self, facts: &PodFacts) {
        if facts.leaving || self.leaving {
            return self.leave();
        }
        self.revision.note_problem(&self.uid, facts.problem.clone().filter(|_| !facts.ready));
        match facts.addr {
            Some(addr) if facts.ready => self.ready(facts, addr),
            _ => self.stand(Standing::Out),
        }
        self.epoch = facts.epoch;
    }

    fn ready(&mut self, facts: &PodFacts, addr: std::net::SocketAddr) {
        match &self.seat {
            // The pod says what it said before it became a suspect.
            Some((pod, _)) if pod.addr() == addr && pod.is_suspect() && self.epoch == facts.epoch => {}
            Some((pod, _)) if pod.addr() == addr => self.stand(Standing::Usable),
            _ => {
                self.stand(Standing::Leaving);
                let (namespace, name) = (facts.key.namespace.clone(), facts.key.name.clone());
                let pod = Arc::new(Pod::new(namespace, name, self.uid.clone(), addr));
                let slot = self.revision.seat(pod.clone());
                self.seat = Some((pod, slot));
            }
        }
    }

    fn leave(&mut self) {
        self.leaving = true;
        self.revision.note_problem(&self.uid, None);
        self.stand(Standing::Leaving);
    }

    fn stand(&self, standing: Standing) {
        if let Some((pod, slot)) = &self.seat {
            self.revision.stand(pod, *slot, standing, false);
        }
    }

    fn is_empty(&self) -> bool {
        self.seat.as_ref().is_none_or(|(pod, _)| pod.emptied().is_cancelled())
    }
}
