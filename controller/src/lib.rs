//! The controller's shell: gathers what `ebb-controller-core` needs to see, carries out its plans, and tells people.
//!
//! Every kind goes the same way, in a file of its own: observe (from caches) → plan (in the core) → apply → status. No
//! reconcile takes a hint from what woke it. This crate must not decide anything about serving.

mod apply;
mod caches;
mod error;
mod events;
mod hooks;
mod kinds;
mod metrics;
mod reconcile;
mod settings;
mod written;

use ebb_plumbing::{Readiness, Tasks};
use kube::Client;
use prometheus_client::registry::Registry;

use crate::caches::Caches;
use crate::events::Recorder;
use crate::hooks::Queues;
use crate::metrics::Metrics;
use crate::reconcile::Context;
use crate::settings::Keeper;
use crate::written::Written;

/// What the controller is started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Port of the ingress as clients see it. It is part of every URL when it is not the scheme's own.
    pub external_port: Option<u16>,
    /// Domain of Routes while `config-domain` names no domain for all.
    pub default_domain: String,
    /// Reconciles of one kind that run at a time.
    pub concurrency: usize,
}

/// On a cluster a write takes milliseconds, and 16 at a time make some thousand a second; in one process a write takes
/// far less than that, and more than one at a time only shares the same two cores.
const CONCURRENCY: usize = 16;

impl Default for Options {
    fn default() -> Self {
        Self { external_port: None, default_domain: "localhost".to_owned(), concurrency: CONCURRENCY }
    }
}

/// Starts the controller: caches, queues and reconciles run as tasks until shutdown. It is ready when every first list
/// is done.
pub fn run(client: Client, options: Options, tasks: Tasks, readiness: &Readiness, registry: &mut Registry) {
    let metrics = Metrics::register(registry);
    let caches = Caches::start(&client, &tasks);
    let queues = Queues::default();
    let settings = Keeper::start(&caches.config_maps, &options, queues.clone(), &caches);
    hooks::connect(&caches, &queues);
    let recorder = Recorder::start(client.clone(), &tasks, metrics.clone());
    let context = Context { client, caches: caches.clone(), settings, recorder, metrics, written: Written::default() };
    let latch = readiness.latch("controller");
    let (kinds, concurrency) = (kinds::all(&context, &queues), options.concurrency);
    let spawner = tasks.clone();
    let (shutdown, everybody) = (tasks.shutdown().clone(), readiness.clone());
    tasks.spawn_short(async move {
        // A decision needs the whole state, so nothing is reconciled before every first list is done.
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = caches.ready() => {}
        }
        latch.done();
        // At a start every object is looked at once. With ten thousand services that is seconds of work, and it must not
        // stand in the way of the first lists of the other rooms, which the first request waits for.
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = everybody.ready() => {}
        }
        kinds.start(&spawner, concurrency);
    });
}
