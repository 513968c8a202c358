//! Ingress objects in, routing table out: watch, rebuild what changed, swap, and only then tell the object.

use std::sync::Arc;

use ebb_api::k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use ebb_api::k8s_openapi::jiff::Timestamp;
use ebb_api::networking::Ingress;
use ebb_ingress_core::{ObjectKey, Problem, Routes, Update, is_ours};
use ebb_plumbing::cache::Cache;
use ebb_plumbing::{After, BoxError, Key, Latch, Tasks, WorkQueue};
use kube::api::{Patch, PatchParams};
use kube::runtime::watcher;
use kube::{Api, Client};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::front::Front;
use crate::status;

/// Status writes at once. The API server of a cluster answers in some milliseconds, so that eight in flight are about
/// a thousand objects a second; the table itself never waits for them.
const WRITES_AT_ONCE: usize = 8;

/// Keeps the table current.
struct Watch {
    client: Client,
    front: Arc<Front>,
    ingresses: Cache<Ingress>,
    queue: WorkQueue<Key>,
    routes: Mutex<Routes>,
    address: String,
}

/// Starts the watch. `open` is cancelled, and the latch done, when the first table is in force.
pub(crate) fn start(client: Client, front: Arc<Front>, address: String, tasks: &Tasks, latch: Latch, open: CancellationToken) {
    let (ingresses, queue) = (Cache::<Ingress>::default(), WorkQueue::<Key>::default());
    let dirty = queue.clone();
    ingresses.on_change(move |ingress, _| dirty.add(Key::of(ingress.as_ref())));
    let shutdown = tasks.shutdown().clone();
    tasks.spawn("ingress watch", ingresses.clone().run(Api::all(client.clone()), watcher::Config::default(), shutdown.clone()));
    let watch = Arc::new(Watch { client, front, ingresses, queue, routes: Mutex::default(), address });
    tasks.spawn("ingress table", async move {
        tokio::select! {
            () = watch.ingresses.ready() => {}
            () = shutdown.cancelled() => return Ok(()),
        }
        watch.build_first();
        open.cancel();
        latch.done();
        let queue = watch.queue.clone();
        let reconcile = move |key| {
            let watch = watch.clone();
            async move { watch.reconcile(key).await }
        };
        queue.run("ingress", WRITES_AT_ONCE, shutdown, reconcile).await
    });
}

impl Watch {
    /// The first table, from the complete first list.
    fn build_first(&self) {
        let mut routes = self.routes.lock();
        self.ingresses.each(|ingress| {
            if is_ours(&ingress) {
                routes.apply(&ingress);
            }
        });
        self.publish(&routes);
    }

    /// One object: its part of the table, then its status. The status is written only after the swap, so that "Ready"
    /// is true the moment it can be read.
    async fn reconcile(&self, key: Key) -> Result<After, BoxError> {
        let ingress = self.ingresses.find(&key).filter(|ingress| is_ours(ingress));
        let problems = self.take_in(&key, ingress.as_deref());
        if let Some(ingress) = ingress {
            self.tell(&ingress, &problems).await?;
        }
        Ok(After::Settled)
    }

    /// Brings the table up to date with one object, and says what is wrong with it.
    fn take_in(&self, key: &Key, ingress: Option<&Ingress>) -> Vec<Problem> {
        let object = ObjectKey { namespace: key.namespace.clone(), name: key.name.clone() };
        let mut routes = self.routes.lock();
        let update = match ingress {
            Some(ingress) => routes.apply(ingress).1,
            None => routes.remove(&object),
        };
        let Update { table, others } = update;
        if table {
            self.publish(&routes);
        }
        for other in others {
            self.queue.add(Key::new(other.namespace, other.name));
        }
        routes.problems(&object)
    }

    fn publish(&self, routes: &Routes) {
        let table = routes.table();
        self.front.metrics.hosts.set(i64::try_from(table.len()).unwrap_or(i64::MAX));
        self.front.table.store(Arc::new(table));
        self.front.lanes.forget_gone();
    }

    async fn tell(&self, ingress: &Ingress, problems: &[Problem]) -> Result<(), kube::Error> {
        let now = whole_second(Timestamp::now());
        let Some(status) = status::wanted(ingress, problems, &self.address, &now) else { return Ok(()) };
        for problem in problems {
            tracing::info!(%problem, "an Ingress has a problem");
        }
        let metadata = &ingress.metadata;
        let api: Api<Ingress> = Api::namespaced(self.client.clone(), metadata.namespace.as_deref().unwrap_or_default());
        let patch = Patch::Merge(serde_json::json!({ "status": status }));
        match api.patch_status(metadata.name.as_deref().unwrap_or_default(), &PatchParams::default(), &patch).await {
            Ok(_) => Ok(()),
            // Deleted in the meantime: nobody is left to be told.
            Err(kube::Error::Api(error)) if error.code == 404 => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Kubernetes keeps whole seconds.
fn whole_second(now: Timestamp) -> Time {
    Time(Timestamp::from_second(now.as_second()).unwrap_or(now))
}
