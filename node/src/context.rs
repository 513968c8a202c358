//! What every part of the node shares.

use std::path::PathBuf;
use std::sync::Arc;

use ebb_plumbing::{Cache, CancellationToken};
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret};
use kube::{Api, Client};
use tokio::sync::watch;

use crate::cgroup::Cgroups;
use crate::environment::INHERITED;
use crate::events::Events;
use crate::logs::Logs;
use crate::metrics::Metrics;
use crate::pod::worlds::Worlds;
use crate::ports::Ports;
use crate::probe::health::Crowd;
use crate::spawn::Spawner;
use crate::traffic::Traffic;

/// Shared by the workers of all pods.
pub(crate) struct Context {
    pub client: Client,
    /// The machine's name.
    pub node: String,
    /// The data directory's identity, with which processes are marked.
    pub instance: String,
    /// Where pods without a working directory get one of their own.
    pub scratch: PathBuf,
    pub config_maps: Cache<ConfigMap>,
    pub secrets: Cache<Secret>,
    /// Grows with every change of a ConfigMap or Secret.
    pub config_changed: watch::Sender<u64>,
    pub spawner: Spawner,
    pub ports: Ports,
    pub logs: Logs,
    pub traffic: Arc<dyn Traffic>,
    pub metrics: Metrics,
    pub events: Events,
    /// Or why resources cannot be limited.
    pub cgroups: Result<Cgroups, String>,
    /// What processes inherit of Ebb's own environment.
    pub base: Vec<(String, String)>,
    /// The user that Ebb runs as.
    pub own_user: u32,
    pub crowd: Crowd,
    /// The containers that run.
    pub worlds: Worlds,
    /// Drain and stop everything.
    pub shutdown: CancellationToken,
    /// Kill everything now.
    pub kill: CancellationToken,
}

impl Context {
    pub(crate) fn pods(&self, namespace: &str) -> Api<Pod> {
        Api::namespaced(self.client.clone(), namespace)
    }
}

/// The part of Ebb's own environment that processes inherit.
pub(crate) fn base_environment() -> Vec<(String, String)> {
    let mut base: Vec<(String, String)> =
        INHERITED.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?))).collect();
    if !base.iter().any(|(name, _)| name == "PATH") {
        base.push(("PATH".into(), "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".into()));
    }
    base
}
