//! Readiness is a latch: a process is ready when every part that registered has said so once.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

/// The parts that are not ready yet.
#[derive(Clone, Debug)]
pub struct Readiness {
    pending: Arc<Mutex<BTreeSet<&'static str>>>,
    changed: Arc<watch::Sender<usize>>,
}

/// One part's promise to become ready. Dropping it without [`Latch::done`] leaves the process unready, on purpose: a
/// part that died while starting is not ready.
#[derive(Debug)]
#[must_use]
pub struct Latch {
    name: &'static str,
    of: Readiness,
}

impl Default for Readiness {
    fn default() -> Self {
        Self { pending: Arc::default(), changed: Arc::new(watch::Sender::new(0)) }
    }
}

impl Readiness {
    /// Registers a part. Names are unique; a second latch of the same name is the same part.
    pub fn latch(&self, name: &'static str) -> Latch {
        self.edit(|pending| {
            pending.insert(name);
        });
        Latch { name, of: self.clone() }
    }

    /// The names of the parts that are not ready yet, sorted.
    pub fn pending(&self) -> Vec<&'static str> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }

    /// Waits until no part is pending.
    pub async fn ready(&self) {
        let mut changed = self.changed.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        let _ = changed.wait_for(|pending| *pending == 0).await;
    }

    fn edit(&self, change: impl FnOnce(&mut BTreeSet<&'static str>)) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut pending);
        self.changed.send_replace(pending.len());
    }
}

impl Latch {
    /// Says that the part is ready.
    pub fn done(self) {
        self.of.edit(|pending| {
            pending.remove(self.name);
        });
    }
}
