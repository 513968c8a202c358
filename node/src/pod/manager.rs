//! Gives every pod of this machine its worker, and clears up after an earlier life of the same data directory.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use ebb_plumbing::cache::Change;
use ebb_plumbing::{BoxError, Cache, Key, Tasks};
use futures::StreamExt;
use futures::stream;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use super::worker::{at_once, live};
use crate::context::Context;
use crate::patches;
use crate::spawn::sweep;

/// Old pods that are deleted at the same time.
const AT_ONCE: usize = 32;

/// Between looks for stray processes. A look reads the environment of every process of the machine: 10 to 50 ms of a core
/// where there are thousands, which a service that goes to zero every moment must not cost the others.
const HUNT_PAUSE: Duration = Duration::from_secs(1);

/// A worker, and how it hears of its pod.
#[derive(Debug)]
struct Worker {
    uid: String,
    latest: watch::Sender<Option<Arc<Pod>>>,
}

/// The workers of all pods.
pub(crate) struct Manager {
    context: Arc<Context>,
    tasks: Tasks,
    workers: Mutex<HashMap<Key, Worker>>,
    /// Uids of the pods whose workers live; processes of others are strays.
    living: Mutex<HashSet<String>>,
    /// A pod has ended: look for processes that escaped from it.
    ended: Notify,
}

impl Manager {
    pub(crate) fn new(context: Arc<Context>, tasks: Tasks) -> Arc<Self> {
        Arc::new(Self { context, tasks, workers: Mutex::default(), living: Mutex::default(), ended: Notify::new() })
    }

    /// What the pods' tasks run among.
    pub(crate) fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// Starts to follow the pods of the cache.
    pub(crate) fn follow(self: &Arc<Self>, pods: &Cache<Pod>) {
        let manager = self.clone();
        pods.on_change(move |pod, change| manager.hear(pod, change));
    }

    /// Deletes the pods that are known before the first worker starts: their processes died with the Ebb that started
    /// them.
    pub(crate) async fn clear(&self, pods: &Cache<Pod>) -> Result<(), BoxError> {
        let old: Vec<Arc<Pod>> = pods.list().into_iter().filter(|pod| self.is_ours(pod)).collect();
        let mut deletions = stream::iter(old).map(|pod| self.delete(pod)).buffer_unordered(AT_ONCE);
        let mut gone = Vec::new();
        while let Some(result) = deletions.next().await {
            gone.push(result?);
        }
        // Wait until the watch shows it, or what is dead would be counted as living.
        let (news, mut changed) = watch::channel(());
        pods.on_change(move |_, _| {
            // Nobody listens any more once all are gone.
            let _ = news.send(());
        });
        let stays = |pod: &Pod, uid: &String| pod.uid().as_ref() == Some(uid) && pod.metadata.deletion_timestamp.is_none();
        while gone.iter().any(|(key, uid)| pods.find(key).is_some_and(|pod| stays(&pod, uid))) {
            changed.changed().await?;
        }
        Ok(())
    }

    async fn delete(&self, pod: Arc<Pod>) -> Result<(Key, String), BoxError> {
        let key = Key::of(pod.as_ref());
        let api = self.context.pods(&key.namespace);
        match api.delete(&key.name, &at_once(&pod)).await {
            Err(error) if !patches::is_gone(&error) => return Err(error.into()),
            _ => {}
        }
        Ok((key, pod.uid().unwrap_or_default()))
    }

    fn is_ours(&self, pod: &Pod) -> bool {
        pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()) == Some(&self.context.node)
    }

    fn hear(self: &Arc<Self>, pod: &Arc<Pod>, change: Change) {
        if !self.is_ours(pod) {
            return;
        }
        let key = Key::of(pod.as_ref());
        let uid = pod.uid().unwrap_or_default();
        let mut workers = self.workers.lock();
        if let Some(worker) = workers.get(&key) {
            let gone = change == Change::Deleted || worker.uid != uid;
            worker.latest.send_replace((!gone).then(|| pod.clone()));
            if worker.uid == uid {
                return;
            }
        }
        // One that is being deleted already has a worker, too: it waits for us to say that nothing of it is left.
        if change == Change::Deleted || self.context.shutdown.is_cancelled() {
            return;
        }
        let (latest, hears) = watch::channel(Some(pod.clone()));
        workers.insert(key.clone(), Worker { uid: uid.clone(), latest });
        drop(workers);
        self.living.lock().insert(uid.clone());
        let (manager, pod) = (self.clone(), pod.clone());
        self.tasks.spawn_short(async move {
            live(manager.context.clone(), pod, hears).await;
            manager.forget(&key, &uid);
            // The last one of all looks once more: nobody else will before the next start.
            if manager.context.shutdown.is_cancelled() && manager.count() == 0 {
                manager.hunt_once().await;
            }
        });
    }

    fn forget(&self, key: &Key, uid: &str) {
        let mut workers = self.workers.lock();
        if workers.get(key).is_some_and(|worker| worker.uid == uid) {
            workers.remove(key);
        }
        drop(workers);
        self.living.lock().remove(uid);
        self.ended.notify_one();
    }

    /// Kills processes that escaped from their group and outlived their pod. Runs until shutdown, after pods ended; one
    /// look serves all that ended meanwhile.
    pub(crate) async fn hunt_strays(self: Arc<Self>) -> Result<(), BoxError> {
        let shutdown = &self.context.shutdown;
        while shutdown.run_until_cancelled(self.ended.notified()).await.is_some() {
            self.clone().hunt_once().await;
            shutdown.run_until_cancelled(tokio::time::sleep(HUNT_PAUSE)).await;
        }
        // For those that ended during the pause.
        self.clone().hunt_once().await;
        Ok(())
    }

    /// Looks once, for processes of any pod that has no worker.
    pub(crate) async fn hunt_once(self: Arc<Self>) {
        let hunt = move || sweep(&self.context.instance, |uid| self.living.lock().contains(uid));
        match tokio::task::spawn_blocking(hunt).await {
            Ok(Ok(0)) => {}
            Ok(Ok(killed)) => tracing::info!(killed, "processes that had left their pod's process group were killed with it"),
            Ok(Err(error)) => tracing::warn!(%error, "stray processes cannot be looked for"),
            // The runtime is ending.
            Err(_) => {}
        }
    }

    /// How many pods have a worker.
    pub(crate) fn count(&self) -> usize {
        self.living.lock().len()
    }
}
