//! Tells the autoscaler what the lines look like: pokes at once, observations every second while there is traffic.
//!
//! Nothing here makes a request wait: a poke that does not fit into the channel is put on a list, once per revision, and sent
//! as soon as there is room. Revisions without traffic cost nothing, and without any traffic nobody runs.

use std::sync::Arc;

use ebb_api::observation::Observation;
use ebb_plumbing::{BoxError, CancellationToken};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::{Duration, Instant, MissedTickBehavior};

use crate::handle::RevisionHandle;

/// The autoscaler counts in buckets of one second (Knative's granularity), so each needs one report.
const TICK: Duration = Duration::from_secs(1);

/// Who has something to tell, and to whom.
#[derive(Debug)]
pub(crate) struct Reporter {
    sender: Sender<Observation>,
    started: Instant,
    /// Revisions with traffic; each at most once.
    active: Mutex<Vec<Arc<RevisionHandle>>>,
    became_active: Notify,
    /// Revisions whose poke found the channel full; each at most once.
    unsent: Mutex<Vec<Arc<RevisionHandle>>>,
    became_unsent: Notify,
}

impl Reporter {
    pub fn new(sender: Sender<Observation>) -> Self {
        Self {
            sender,
            started: Instant::now(),
            active: Mutex::default(),
            became_active: Notify::new(),
            unsent: Mutex::default(),
            became_unsent: Notify::new(),
        }
    }

    /// The time since this reporter began: what meters count in.
    pub fn since_start(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.started)
    }

    /// A revision has traffic.
    pub fn activate(&self, handle: &Arc<RevisionHandle>) {
        self.active.lock().push(handle.clone());
        self.became_active.notify_one();
    }

    /// Sends a poke, now or as soon as there is room.
    pub fn poke(&self, handle: &Arc<RevisionHandle>, poke: Observation) {
        // Nobody listens any longer only when the process is going down.
        if let Err(TrySendError::Full(_)) = self.sender.try_send(poke)
            && handle.mark_unsent()
        {
            self.unsent.lock().push(handle.clone());
            self.became_unsent.notify_one();
        }
    }

    /// Sends the pokes that found the channel full, until shutdown.
    pub async fn resend(self: Arc<Self>, shutdown: CancellationToken) -> Result<(), BoxError> {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                () = self.became_unsent.notified() => {}
            }
            loop {
                let Some(handle) = self.unsent.lock().pop() else { break };
                tokio::select! {
                    () = shutdown.cancelled() => return Ok(()),
                    room = self.sender.reserve() => if let (Ok(room), Some(poke)) = (room, handle.unsent_poke()) {
                        room.send(poke);
                    }
                }
            }
        }
    }

    /// Reports every active revision once a second, until shutdown.
    pub async fn tick(self: Arc<Self>, shutdown: CancellationToken) -> Result<(), BoxError> {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                () = self.became_active.notified() => {}
            }
            tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                () = self.tick_while_active() => {}
            }
        }
    }

    async fn tick_while_active(&self) {
        let mut ticks = tokio::time::interval_at(Instant::now() + TICK, TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.active.lock().is_empty() {
            ticks.tick().await;
            let active = std::mem::take(&mut *self.active.lock());
            for handle in active {
                let tick = handle.tick(Instant::now());
                if tick.stays {
                    self.active.lock().push(handle);
                }
                for observation in [tick.report, tick.poke].into_iter().flatten() {
                    // Waiting for room slows the reports down, never the requests. No listener: going down.
                    let _ = self.sender.send(observation).await;
                }
            }
        }
    }
}
