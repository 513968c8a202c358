//! All revisions and all pods that are known, kept current by the watches.
//!
//! This is where names become lines; what happens in a line is not decided here.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use ebb_api::observation::RevisionKey;
use ebb_plumbing::Tasks;
use futures::future::BoxFuture;
use parking_lot::{Mutex, RwLock};

use crate::handle::RevisionHandle;
use crate::objects::{PodFacts, PodKey, RevisionFacts};
use crate::pods::Pods;
use crate::recheck::Door;
use crate::report::Reporter;

/// Shells of revisions that were not seen, or were deleted, are swept when there are so many: a routing table of a thousand
/// hosts may be ahead of the watch by all of them, and a shell has about 600 bytes.
const SHELLS_BEFORE_SWEEP: usize = 1024;

/// The directory.
#[derive(Debug)]
pub(crate) struct Directory {
    revisions: RwLock<Revisions>,
    pods: Mutex<Pods>,
    /// All watches have delivered their first list.
    synced: AtomicBool,
    seeds: RandomState,
    reporter: Arc<Reporter>,
    door: Arc<dyn Door>,
    tasks: Tasks,
    runtime: tokio::runtime::Handle,
    me: Weak<Directory>,
}

#[derive(Debug, Default)]
struct Revisions {
    known: HashMap<RevisionKey, Arc<RevisionHandle>>,
    /// Not seen, or deleted, but somebody may hold the handle.
    shells: HashMap<RevisionKey, Weak<RevisionHandle>>,
}

impl Directory {
    /// An empty directory. Its background work runs on the runtime that this is called on.
    pub fn new(reporter: Arc<Reporter>, door: Arc<dyn Door>, tasks: Tasks) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            revisions: RwLock::default(),
            pods: Mutex::default(),
            synced: AtomicBool::new(false),
            seeds: RandomState::new(),
            reporter,
            door,
            tasks,
            runtime: tokio::runtime::Handle::current(),
            me: me.clone(),
        })
    }

    /// All watches have delivered their first list: from now on an unknown revision does not exist.
    pub fn set_synced(&self) {
        self.synced.store(true, Ordering::Release);
    }

    pub fn is_synced(&self) -> bool {
        self.synced.load(Ordering::Acquire)
    }

    pub fn door(&self) -> Arc<dyn Door> {
        self.door.clone()
    }

    /// Runs background work until shutdown, on the runtime that made this directory: the caller's may end sooner.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let shutdown = self.tasks.shutdown().clone();
        let _on_own_runtime = self.runtime.enter();
        self.tasks.spawn_short(async move {
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = work => {}
            }
        });
    }

    /// The line of a revision that exists.
    pub fn revision(&self, key: &RevisionKey) -> Option<Arc<RevisionHandle>> {
        self.revisions.read().known.get(key).cloned()
    }

    /// All lines of revisions that exist.
    pub fn revisions(&self) -> Vec<Arc<RevisionHandle>> {
        self.revisions.read().known.values().cloned().collect()
    }

    /// The line of a revision that may not have been seen yet.
    pub fn handle(&self, key: &RevisionKey) -> Arc<RevisionHandle> {
        if let Some(known) = self.revision(key) {
            return known;
        }
        let mut revisions = self.revisions.write();
        if let Some(handle) = revisions.find(key) {
            return handle;
        }
        let handle = self.new_handle(key);
        revisions.shells.insert(key.clone(), Arc::downgrade(&handle));
        revisions.sweep();
        handle
    }

    fn new_handle(&self, key: &RevisionKey) -> Arc<RevisionHandle> {
        let seed = self.seeds.hash_one(key);
        Arc::new(RevisionHandle::new(key.clone(), seed, self.reporter.clone(), self.me.clone()))
    }

    /// A Revision is there, new or changed.
    pub fn apply_revision(&self, facts: &RevisionFacts) {
        let mut revisions = self.revisions.write();
        let handle = revisions.find(&facts.key).unwrap_or_else(|| self.new_handle(&facts.key));
        revisions.shells.remove(&facts.key);
        revisions.known.insert(facts.key.clone(), handle.clone());
        drop(revisions);
        if let Some(old) = handle.open(facts) {
            self.pods.lock().retire(&facts.key, &old);
        }
    }

    /// A Revision is gone.
    pub fn delete_revision(&self, key: &RevisionKey) {
        let mut revisions = self.revisions.write();
        let Some(handle) = revisions.known.remove(key) else { return };
        revisions.shells.insert(key.clone(), Arc::downgrade(&handle));
        revisions.sweep();
        drop(revisions);
        let uid = handle.close();
        self.pods.lock().retire(key, &uid);
    }

    /// A Pod is there, new or changed.
    pub fn apply_pod(&self, facts: PodFacts) {
        let mut pods = self.pods.lock();
        pods.apply(facts, |revision| self.handle(revision));
    }

    /// A Pod is gone.
    pub fn delete_pod(&self, key: &PodKey, uid: &str) {
        self.pods.lock().delete(key, uid);
    }

    /// Takes a pod out of the table at once and for good. Resolves when its last request has ended.
    pub fn drain(&self, namespace: &str, name: &str) -> BoxFuture<'static, ()> {
        match self.pods.lock().drain(PodKey { namespace: namespace.into(), name: name.into() }) {
            Some(emptied) => Box::pin(emptied.cancelled_owned()),
            None => Box::pin(std::future::ready(())),
        }
    }

    /// Requests in a pod.
    pub fn in_flight(&self, namespace: &str, name: &str) -> usize {
        let in_flight = self.pods.lock().in_flight(&PodKey { namespace: namespace.into(), name: name.into() });
        usize::try_from(in_flight).unwrap_or(usize::MAX)
    }
}

impl Revisions {
    fn find(&self, key: &RevisionKey) -> Option<Arc<RevisionHandle>> {
        self.known.get(key).cloned().or_else(|| self.shells.get(key)?.upgrade())
    }

    /// Forgets the shells that nobody holds any longer, now and then.
    fn sweep(&mut self) {
        if self.shells.len() >= SHELLS_BEFORE_SWEEP && self.shells.len().is_power_of_two() {
            self.shells.retain(|_, shell| shell.strong_count() > 0);
        }
    }
}
