//! The front door: takes requests in, finds their revision, takes a place for them at the activator, carries their
//! bytes to the pod and back.
//!
//! [`run`] starts everything: the watch that keeps the routing table, and the workers that serve. What is decided is
//! decided in `ebb-ingress-core` (routes, heads) and `ebb-activator` (places, retries); this crate carries it out. It
//! must not know how revisions are scaled or how pods are run.

mod answer;
mod executor;
mod failed;
mod front;
mod handler;
mod lanes;
mod listen;
mod metrics;
mod outgoing;
mod serve;
mod status;
mod upstream;
mod watch;
mod watchdog;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use ebb_activator::Activator;
use ebb_ingress_core::Visibility;
use ebb_plumbing::{Readiness, Tasks};
use kube::Client;
use prometheus_client::registry::Registry;
use tokio_util::sync::CancellationToken;

use crate::front::Front;
use crate::listen::Door;
pub use crate::listen::ListenError;
use crate::metrics::Metrics;

/// Settings of the front door.
#[derive(Debug)]
pub struct Options {
    /// A second socket, for clients inside: cluster-local hosts answer here only.
    pub internal: Option<TcpListener>,
    /// Worker threads; 0 serves on the caller's runtime.
    pub workers: usize,
    /// The name under which the front door is known inside; written into the status of Ingress objects.
    pub address: String,
    /// How long requests may take to finish when the process ends. The same 30 s that Kubernetes gives a pod.
    pub drain_time: Duration,
}

impl Default for Options {
    /// One worker per core: the workers share nothing, so more of them would only take turns.
    fn default() -> Self {
        Self {
            internal: None,
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            address: "ebb-ingress.knative-serving.svc.cluster.local".to_owned(),
            drain_time: Duration::from_secs(30),
        }
    }
}

/// Starts the front door on a socket that is bound already. Requests are accepted as soon as the first table is in
/// force, which the readiness latch `ingress` tells; until then they wait in the socket's backlog. Draining follows
/// the shutdown of `tasks`.
///
/// # Errors
/// When the sockets cannot be shared among the workers.
pub fn run(
    client: Client,
    activator: Arc<Activator>,
    listener: TcpListener,
    options: Options,
    tasks: Tasks,
    readiness: &Readiness,
    registry: &mut Registry,
) -> Result<(), ListenError> {
    let metrics = Metrics::register(registry);
    let front = Arc::new(Front::new(activator, metrics, tasks.shutdown().clone(), options.drain_time));
    let open = CancellationToken::new();
    watch::start(client, front.clone(), options.address, &tasks, readiness.latch("ingress"), open.clone());

    let mut doors = vec![Door { listener, visibility: Visibility::External }];
    doors.extend(options.internal.map(|listener| Door { listener, visibility: Visibility::ClusterLocal }));
    if options.workers == 0 {
        tasks.spawn("ingress worker", when(open, front.drain.clone(), listen::work(front, doors)));
        return Ok(());
    }
    for (index, doors) in listen::for_workers(&doors, options.workers)?.into_iter().enumerate() {
        let work = listen::work_on_thread(index, front.clone(), doors);
        tasks.spawn("ingress worker", when(open.clone(), front.drain.clone(), work));
    }
    Ok(())
}

/// Begins `work` when the doors are opened; not at all if the process ends before that.
async fn when<E>(open: CancellationToken, drain: CancellationToken, work: impl Future<Output = Result<(), E>>) -> Result<(), E> {
    tokio::select! {
        biased;
        () = open.cancelled() => work.await,
        () = drain.cancelled() => Ok(()),
    }
}

#[cfg(test)]
mod tests;
