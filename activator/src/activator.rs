//! The activator as a whole: its watches, its reports, and the way to the lines.

use std::sync::Arc;

use ebb_api::observation::{Observation, RevisionKey};
use ebb_plumbing::cache::{Cache, Change};
use ebb_plumbing::{Latch, Readiness, Tasks};
use futures::future::BoxFuture;
use kube::runtime::watcher;
use kube::{Api, Client};
use prometheus_client::registry::Registry;
use tokio::sync::mpsc;

use crate::directory::Directory;
use crate::handle::RevisionHandle;
use crate::metrics::LineMetrics;
use crate::objects::{PodFacts, PodObject, RevisionFacts, RevisionObject};
use crate::recheck::{Door, Tcp};
use crate::report::Reporter;

/// All lines. Shared by everyone in the process.
#[derive(Debug)]
pub struct Activator {
    directory: Arc<Directory>,
}

impl Activator {
    /// Starts the watches and the reports. To be called on the runtime on which they shall run; requests may come from others.
    pub fn new(
        client: Client,
        observations: mpsc::Sender<Observation>,
        tasks: Tasks,
        readiness: &Readiness,
        registry: &mut Registry,
    ) -> Arc<Self> {
        let activator = Self::without_watches(observations, &tasks, Arc::new(Tcp), registry);
        watch(&activator.directory, &client, &tasks, readiness.latch("activator"));
        activator
    }

    /// An activator that is told of pods and revisions by hand.
    pub(crate) fn without_watches(
        observations: mpsc::Sender<Observation>,
        tasks: &Tasks,
        door: Arc<dyn Door>,
        registry: &mut Registry,
    ) -> Arc<Self> {
        let reporter = Arc::new(Reporter::new(observations));
        tasks.spawn("activator reports", reporter.clone().tick(tasks.shutdown().clone()));
        tasks.spawn("activator pokes", reporter.clone().resend(tasks.shutdown().clone()));
        let directory = Directory::new(reporter, door, tasks.clone());
        registry.register_collector(Box::new(LineMetrics(Arc::downgrade(&directory))));
        Arc::new(Self { directory })
    }

    /// The line of a revision that exists.
    pub fn revision(&self, key: &RevisionKey) -> Option<Arc<RevisionHandle>> {
        self.directory.revision(key)
    }

    /// The line of a revision, whether or not it was seen yet. The handle stays valid; a routing table may keep it. Requests to
    /// a revision that was not seen wait for a moment, and are then refused as [`crate::Refused::Gone`].
    pub fn handle(&self, key: &RevisionKey) -> Arc<RevisionHandle> {
        self.directory.handle(key)
    }

    /// The lines of all revisions that exist.
    pub fn revisions(&self) -> Vec<Arc<RevisionHandle>> {
        self.directory.revisions()
    }

    /// Requests in a pod now; none in a pod that is not known.
    pub fn in_flight(&self, namespace: &str, pod: &str) -> usize {
        self.directory.in_flight(namespace, pod)
    }

    /// Takes a pod out of the table, at once and for good. Resolves when the last of its requests has ended; at once for a pod
    /// that is not known, which then never gets a request either.
    pub fn drain(&self, namespace: &str, pod: &str) -> BoxFuture<'static, ()> {
        self.directory.drain(namespace, pod)
    }

    #[cfg(test)]
    pub(crate) fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }
}

fn watch(directory: &Arc<Directory>, client: &Client, tasks: &Tasks, latch: Latch) {
    let revisions: Cache<RevisionObject> = Cache::default();
    let told = directory.clone();
    revisions.on_change(move |revision, change| {
        let facts = RevisionFacts::of(revision);
        match change {
            Change::Applied => told.apply_revision(&facts),
            Change::Deleted => told.delete_revision(&facts.key),
        }
    });
    let pods: Cache<PodObject> = Cache::default();
    let told = directory.clone();
    pods.on_change(move |pod, change| match (PodFacts::of(pod), change) {
        (Some(facts), Change::Applied) => told.apply_pod(facts),
        (Some(PodFacts { key, uid, .. }), Change::Deleted) => told.delete_pod(&key, &uid),
        (None, Change::Applied | Change::Deleted) => {}
    });
    let of_revisions = watcher::Config::default().labels(ebb_api::keys::label::REVISION);
    let shutdown = tasks.shutdown();
    tasks.spawn("activator revisions", revisions.clone().run(Api::all(client.clone()), watcher::Config::default(), shutdown.clone()));
    tasks.spawn("activator pods", pods.clone().run(Api::all(client.clone()), of_revisions, shutdown.clone()));
    let directory_ready = directory.clone();
    directory.spawn(async move {
        revisions.ready().await;
        pods.ready().await;
        directory_ready.set_synced();
        latch.done();
    });
}
