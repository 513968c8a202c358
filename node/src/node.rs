//! Wires the node's parts: caches, controllers, workers, and their order at the start and at the end.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ebb_plumbing::{BoxError, Cache, CancellationToken, Latch, Readiness, Tasks};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::runtime::watcher;
use kube::{Api, Client};
use prometheus_client::registry::Registry;
use tokio::sync::watch;

use crate::cgroup::Cgroups;
use crate::context::{Context, base_environment};
use crate::deployment::controller::Controller as Deployments;
use crate::endpoints::controller::{Controller as Endpoints, slice_words};
use crate::exec::{self, ContainerName, Exec, ExecError, Executing};
use crate::logs::Logs;
use crate::metrics::Metrics;
use crate::pod::manager::Manager;
use crate::pod::worlds::Worlds;
use crate::ports::Ports;
use crate::probe::health::Crowd;
use crate::reach::{self, ReachError};
use crate::schedule::controller::Controller as Schedule;
use crate::spawn::{Spawner, sweep};
use crate::traffic::Traffic;
use crate::{events, index, machine, orphans};

/// What the node is given.
#[derive(Clone)]
pub struct Options {
    /// Ebb's data directory; pods without a working directory get one of their own under `pods/`.
    pub data_dir: PathBuf,
    /// Requests in pods.
    pub traffic: Arc<dyn Traffic>,
    /// The data directory's identity, with which processes are marked; see [`instance_id`].
    pub instance_id: String,
    /// Where captured output goes; opened first, because the API server reads from it.
    pub logs: Logs,
    /// Cancelled when everything is to be killed at once: the second signal.
    pub kill: CancellationToken,
    /// What processes find in their environment besides what they inherit, unless their container says otherwise.
    pub environment: Vec<(String, String)>,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("data_dir", &self.data_dir).field("instance_id", &self.instance_id).finish_non_exhaustive()
    }
}

/// Why the node cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Processes of an earlier run of the same data directory could not be cleared away.
    #[error("processes of an earlier run cannot be cleared away")]
    Sweep(#[source] std::io::Error),
    /// The directory for pods' own files cannot be made empty.
    #[error("{} cannot be prepared", .0.display())]
    Directory(PathBuf, #[source] std::io::Error),
    /// The thread that starts processes did not start.
    #[error("processes cannot be started")]
    Spawner(#[source] std::io::Error),
}

/// A running node.
#[derive(Clone)]
pub struct Node {
    context: Arc<Context>,
    manager: Arc<Manager>,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node").field("name", &self.context.node).field("pods", &self.pods()).finish_non_exhaustive()
    }
}

impl Node {
    /// The machine's name among the Nodes.
    pub fn name(&self) -> &str {
        &self.context.node
    }

    /// Pods whose processes run, start or end.
    pub fn pods(&self) -> usize {
        self.manager.count()
    }

    /// Runs a command beside a container's process, in its world.
    ///
    /// # Errors
    /// See [`ExecError`].
    pub async fn exec(&self, container: &ContainerName, command: &Exec) -> Result<Executing, ExecError> {
        exec::start(&self.context, self.manager.tasks(), container, command).await
    }

    /// Whether a container's process runs.
    ///
    /// # Errors
    /// With what to say to whoever asked.
    pub fn running(&self, container: &ContainerName) -> Result<(), ExecError> {
        exec::running(&self.context, container)
    }

    /// Connects to a port on which a pod listens: by the number that its template declares, or by the real one.
    ///
    /// # Errors
    /// See [`ReachError`].
    pub async fn connect(&self, namespace: &str, pod: &str, port: u16) -> Result<tokio::net::TcpStream, ReachError> {
        reach::connect(&self.context, namespace, pod, port).await
    }

    /// Kills every process at once and without waiting, with everything that descends from it. For a second signal, when
    /// the process is about to exit anyway; blocks for a few milliseconds.
    pub fn kill_all(&self) {
        self.context.kill.cancel();
        self.context.spawner.kill_all();
        // What left its process group is found by its mark. There is nobody left to tell if it cannot be.
        let _ = sweep(&self.context.instance, |_| false);
    }
}

/// The identity of a data directory: its canonical path. Two directories never share it, and it survives restarts.
pub fn instance_id(data_dir: &Path) -> String {
    let path = data_dir.canonicalize().unwrap_or_else(|_| data_dir.to_owned());
    path.to_string_lossy().into_owned()
}

/// Clears away what an earlier run left, starts everything, and returns at once; `readiness` says when the node takes
/// pods. At shutdown every pod is drained and stopped, which the tasks' owner waits for.
///
/// # Errors
/// See [`StartError`].
pub fn run(client: Client, options: Options, tasks: &Tasks, readiness: &Readiness, registry: &mut Registry) -> Result<Node, StartError> {
    let latch = readiness.latch("node");
    // Before anything is started: from here on a process with our mark is one of this run.
    let left = sweep(&options.instance_id, |_| false).map_err(StartError::Sweep)?;
    if left > 0 {
        tracing::info!(processes = left, "killed what an earlier run left behind");
    }
    let scratch = options.data_dir.join("pods");
    empty(&scratch).map_err(|error| StartError::Directory(scratch.clone(), error))?;
    let name = machine::name();
    let (events, event_writer) = events::channel(client.clone(), name.clone());
    let context = Arc::new(Context {
        client,
        node: name,
        instance: options.instance_id,
        scratch,
        config_maps: Cache::default(),
        secrets: Cache::default(),
        config_changed: watch::Sender::default(),
        spawner: Spawner::start().map_err(StartError::Spawner)?,
        ports: Ports::new(rand::random()),
        logs: options.logs,
        traffic: options.traffic,
        metrics: Metrics::register(registry),
        events,
        cgroups: Cgroups::find(),
        base: base_environment().into_iter().chain(options.environment).collect(),
        own_user: nix::unistd::geteuid().as_raw(),
        crowd: Crowd::default(),
        worlds: Worlds::default(),
        shutdown: tasks.shutdown().clone(),
        kill: options.kill,
    });
    registry.register("ebb_node_log_lines_dropped", "Log lines dropped because the disk was slow", context.logs.dropped().clone());
    let shutdown = tasks.shutdown().clone();
    tasks.spawn("node-events", event_writer.run(shutdown.clone()));
    tasks.spawn("node-orphans", orphans::reap(context.spawner.living(), shutdown));
    let manager = Manager::new(context.clone(), tasks.clone());
    tasks.spawn("node-strays", manager.clone().hunt_strays());
    tasks.spawn("node", serve(context.clone(), manager.clone(), tasks.clone(), latch));
    Ok(Node { context, manager })
}

fn empty(directory: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    std::fs::create_dir_all(directory)
}

/// Fills the caches, clears old pods away, and only then lets the controllers make new ones.
async fn serve(context: Arc<Context>, manager: Arc<Manager>, tasks: Tasks, latch: Latch) -> Result<(), BoxError> {
    let shutdown = context.shutdown.clone();
    let started = tokio::select! {
        () = shutdown.cancelled() => return Ok(()),
        started = start(&context, &manager, &tasks) => started,
    };
    started?;
    latch.done();
    shutdown.cancelled().await;
    Ok(())
}

async fn start(context: &Arc<Context>, manager: &Arc<Manager>, tasks: &Tasks) -> Result<(), BoxError> {
    let shutdown = &context.shutdown;
    let pods: Cache<Pod> = Cache::indexed(index::pod_words);
    let services: Cache<Service> = Cache::indexed(index::service_words);
    let slices: Cache<EndpointSlice> = Cache::indexed(slice_words);
    let deployments: Cache<Deployment> = Cache::default();
    keep(tasks, "node-cache-pods", &pods, context);
    keep(tasks, "node-cache-deployments", &deployments, context);
    keep(tasks, "node-cache-services", &services, context);
    keep(tasks, "node-cache-endpointslices", &slices, context);
    keep(tasks, "node-cache-configmaps", &context.config_maps, context);
    keep(tasks, "node-cache-secrets", &context.secrets, context);
    tell_of_config(context);
    futures::join!(
        pods.ready(),
        deployments.ready(),
        services.ready(),
        slices.ready(),
        context.config_maps.ready(),
        context.secrets.ready()
    );
    machine::announce(context.client.clone(), &context.node).await?;
    manager.clear(&pods).await?;
    manager.follow(&pods);
    let (client, ports, traffic) = (context.client.clone(), context.ports.clone(), context.traffic.clone());
    let controller = Deployments::new(client, deployments, pods.clone(), ports, traffic, context.node.clone());
    tasks.spawn("node-deployments", controller.run(shutdown.clone()));
    tasks.spawn("node-schedule", Schedule::new(context.clone(), pods.clone()).run(shutdown.clone()));
    let controller = Endpoints::new(context.client.clone(), services, pods, slices);
    tasks.spawn("node-endpoints", controller.run(shutdown.clone()));
    Ok(())
}

fn keep<K>(tasks: &Tasks, name: &'static str, cache: &Cache<K>, context: &Context)
where
    K: kube::Resource<DynamicType = ()> + Clone + std::fmt::Debug + serde::Serialize + serde::de::DeserializeOwned + Send + Sync + 'static,
{
    let api: Api<K> = Api::all(context.client.clone());
    tasks.spawn(name, cache.clone().run(api, watcher::Config::default(), context.shutdown.clone()));
}

/// Containers that wait for a ConfigMap or Secret look again when any of them changes.
fn tell_of_config(context: &Arc<Context>) {
    let changed: Arc<Context> = context.clone();
    context.config_maps.on_change(move |_: &Arc<ConfigMap>, _| changed.config_changed.send_modify(|changes| *changes += 1));
    let changed = context.clone();
    context.secrets.on_change(move |_: &Arc<Secret>, _| changed.config_changed.send_modify(|changes| *changes += 1));
}
