//! Kept connections, by pod. A pod's connections live exactly as long as the pod is of use: they are closed when the
//! pod has left and its last request has ended, and when nobody has used them for a while.

use std::collections::HashMap;
use std::sync::Arc;

use ebb_activator::Pod;
use ebb_ingress_core::limits::{IDLE_CONNECTION_MAX, IDLE_CONNECTIONS_PER_POD};
use parking_lot::Mutex;
use tokio::runtime;
use tokio::sync::Notify;
use tokio::time::{Duration, Instant};
use tokio_util::task::TaskTracker;

use super::h2::Shared;
use super::link::Link;

/// The pools of all pods.
#[derive(Debug)]
pub(crate) struct Pools {
    by_uid: Arc<Mutex<HashMap<Arc<str>, Arc<PodPool>>>>,
    tracker: TaskTracker,
    shutdown: tokio_util::sync::CancellationToken,
}

/// What a request wants of a kept connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// The runtime that asks. A connection is at its best on the runtime that watches its socket.
    pub reactor: runtime::Id,
    /// The pod has a limit of concurrency. Then it must never see more connections than it has places: an app that
    /// serves one connection after the other would not see the request on the second one.
    pub limited: bool,
    /// A connection that has rested longer is not taken: a request that cannot be sent twice must not meet one that the
    /// app is about to close, and one that was lost on a kept connection gets a new one, on which no app can lose it twice.
    pub rested: Duration,
}

/// The kept connections to one pod.
#[derive(Debug)]
pub(crate) struct PodPool {
    idle: Mutex<Vec<Link>>,
    /// Told when the first connection comes to rest.
    rested: Notify,
    pub(super) shared: Mutex<Vec<Shared>>,
    pod: Arc<Pod>,
}

impl Pools {
    /// No pools; those to come keep their house with tasks of `tracker`.
    pub fn new(tracker: TaskTracker, shutdown: tokio_util::sync::CancellationToken) -> Self {
        Self { by_uid: Arc::default(), tracker, shutdown }
    }

    pub(super) fn tracker(&self) -> &TaskTracker {
        &self.tracker
    }

    /// The pool of a pod.
    pub fn of(&self, pod: &Arc<Pod>) -> Arc<PodPool> {
        let mut pools = self.by_uid.lock();
        if let Some(pool) = pools.get(pod.uid()) {
            return pool.clone();
        }
        let pool = Arc::new(PodPool::new(pod.clone()));
        let uid: Arc<str> = pod.uid().into();
        pools.insert(uid.clone(), pool.clone());
        drop(pools);
        let (by_uid, shutdown, kept) = (self.by_uid.clone(), self.shutdown.clone(), pool.clone());
        self.tracker.spawn(async move {
            tokio::select! {
                () = kept.pod.emptied().cancelled() => {}
                () = shutdown.cancelled() => {}
                () = kept.sweep() => {}
            }
            by_uid.lock().remove(&uid);
            kept.clear();
        });
        pool
    }
}

impl PodPool {
    fn new(pod: Arc<Pod>) -> Self {
        Self { idle: Mutex::default(), rested: Notify::new(), shared: Mutex::default(), pod }
    }

    /// Takes the connection that was used last. It may have been closed by the app in the meantime.
    pub fn take(&self, wanted: Wanted) -> Option<Link> {
        let mut idle = self.idle.lock();
        let own = idle.iter().rposition(|link| link.reactor == wanted.reactor);
        let index = own.or_else(|| if wanted.limited { idle.len().checked_sub(1) } else { None })?;
        let resting_since = idle.get(index)?.idle_since;
        if resting_since.elapsed() >= wanted.rested {
            if wanted.limited {
                idle.remove(index);
            }
            return None;
        }
        Some(idle.remove(index))
    }

    /// Keeps a connection for the next request.
    pub fn keep(&self, mut link: Link) {
        if self.pod.emptied().is_cancelled() {
            return;
        }
        link.idle_since = Instant::now();
        let mut idle = self.idle.lock();
        if idle.len() >= IDLE_CONNECTIONS_PER_POD {
            idle.remove(0);
        }
        idle.push(link);
        if idle.len() == 1 {
            self.rested.notify_one();
        }
    }

    fn clear(&self) {
        self.idle.lock().clear();
        self.shared.lock().clear();
    }

    /// Closes connections that nobody has used for long. Sleeps without a timer while there is none.
    async fn sweep(&self) {
        loop {
            match self.close_old(Instant::now()) {
                Some(oldest) => tokio::time::sleep_until(oldest + IDLE_CONNECTION_MAX).await,
                None => self.rested.notified().await,
            }
        }
    }

    /// Since when the longest-resting connection rests, after those that are too old were closed.
    fn close_old(&self, now: Instant) -> Option<Instant> {
        let mut idle = self.idle.lock();
        idle.retain(|link| now.saturating_duration_since(link.idle_since) < IDLE_CONNECTION_MAX);
        idle.iter().map(|link| link.idle_since).min()
    }
}
