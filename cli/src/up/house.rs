//! The rooms of one process and the order in which they end: first the doors, so that nothing new comes in and what is
//! in flight ends; then those who decide; then the pods; last the API server, which all the others talk to.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use ebb_activator::Activator;
use ebb_apiserver::{Options as ApiOptions, Server};
use ebb_plumbing::{CancellationToken, Ended, Readiness, Supervisor, admin};
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::admission::Rules;
use super::doors::{Doors, write_whole};
use super::glue::{Logs, PodTraffic, Streams};
use super::settings::{self, Settings};
use crate::data_dir;

/// Observations that may wait for the autoscaler: a poke from each of ten thousand revisions fits, 100 bytes each.
const OBSERVATIONS: usize = 10_000;

/// How processes learn where hosts that are reachable inside only answer: a URL to connect to, and a proxy for plain HTTP.
const INTERNAL: &str = "EBB_INTERNAL";

/// What controllers derive from what users wrote; it is made again if it is lost. Revisions are not among them: nothing
/// could make an old one again. A durable Revision takes along everything that was written before it.
const DERIVED: [&str; 6] = [
    "configurations.serving.knative.dev",
    "deployments.apps",
    "ingresses.networking.internal.knative.dev",
    "podautoscalers.autoscaling.internal.knative.dev",
    "routes.serving.knative.dev",
    "services",
];

/// Everything that runs.
pub struct House {
    server: Server,
    readiness: Readiness,
    node: ebb_node::Node,
    /// Ingress and the API's TLS side.
    doors: Supervisor,
    /// Controller, autoscaler, activator.
    minds: Supervisor,
    /// The node and its pods.
    pods: Supervisor,
    /// The API server's own tasks, settings, admin.
    ground: Supervisor,
}

impl House {
    /// Starts everything. Returns before it is ready.
    pub async fn build(dir: &Path, doors_open: Doors, domain: &str) -> Result<Self> {
        let supervisor = || Supervisor::new(CancellationToken::new());
        let (doors, minds, pods, ground) = (supervisor(), supervisor(), supervisor(), supervisor());
        let (readiness, mut registry) = (Readiness::default(), Registry::default());

        let settings = Settings::default();
        let (shown, reached) = (Logs::default(), Streams::default());
        let server = open(dir, settings.clone(), shown.clone(), reached.clone())?;
        let logs = data_dir::logs(dir);
        let logs = ebb_node::Logs::open(&logs).with_context(|| format!("cannot use {}", logs.display()))?;
        let logs = shown.0.get_or_init(|| logs).clone();
        write_whole(&dir.join("kubeconfig"), 0o600, &server.kubeconfig(doors_open.addresses.api))?;
        write_whole(&dir.join("addresses.json"), 0o644, &format!("{}\n", serde_json::to_string_pretty(&doors_open.addresses)?))?;
        let client = server.client("default");
        ground.tasks().spawn("api server", server.run(ground.tasks().shutdown().clone()));
        settings::furnish(&client).await?;
        settings.follow(&client, &ground.tasks()).await;

        let (observations, seen) = mpsc::channel(OBSERVATIONS);
        let activator = Activator::new(client.clone(), observations, minds.tasks(), &readiness, &mut registry);
        ebb_autoscaler::run(client.clone(), seen, minds.tasks(), &readiness, &mut registry);
        let options = ebb_controller::Options {
            external_port: Some(doors_open.addresses.http.port()),
            default_domain: domain.to_owned(),
            ..ebb_controller::Options::default()
        };
        ebb_controller::run(client.clone(), options, minds.tasks(), &readiness, &mut registry);
        let options = ebb_node::Options {
            data_dir: dir.to_owned(),
            traffic: Arc::new(PodTraffic(activator.clone())),
            instance_id: ebb_node::instance_id(dir),
            logs,
            kill: CancellationToken::new(),
            environment: vec![(INTERNAL.to_owned(), format!("http://{}", doors_open.addresses.internal))],
        };
        let node = ebb_node::run(client.clone(), options, &pods.tasks(), &readiness, &mut registry)?;
        reached.0.get_or_init(|| node.clone());
        let options = ebb_ingress::Options { internal: Some(doors_open.internal), ..ebb_ingress::Options::default() };
        ebb_ingress::run(client, activator, doors_open.http, options, doors.tasks(), &readiness, &mut registry)?;

        doors.tasks().spawn("api door", server.serve_tls(doors_open.api, doors.tasks()));
        let admin = admin::serve(TcpListener::from_std(doors_open.admin)?, Arc::new(registry), readiness.clone(), ground.tasks());
        ground.tasks().spawn("admin door", admin);
        Ok(Self { server, readiness, node, doors, minds, pods, ground })
    }

    /// Tells when every part has its first lists.
    pub fn readiness(&self) -> Readiness {
        self.readiness.clone()
    }

    /// Waits for the first part that ends unasked.
    pub async fn first_end(&mut self) -> Ended {
        let ended = tokio::select! {
            ended = self.doors.first_end() => ended,
            ended = self.minds.first_end() => ended,
            ended = self.pods.first_end() => ended,
            ended = self.ground.first_end() => ended,
        };
        ended.unwrap_or(Ended { name: "ebb", error: None })
    }

    /// What ends everything at once, for the second signal.
    pub fn emergency_exit(&self) -> ebb_node::Node {
        self.node.clone()
    }

    /// Ends everything in order.
    pub async fn drain(self) {
        let Self { server, readiness: _, node: _, doors, minds, pods, ground } = self;
        doors.drain().await;
        tracing::debug!("the doors are closed");
        pods.drain().await;
        tracing::debug!("the pods are stopped");
        minds.drain().await;
        ground.drain().await;
        // Closing waits for the disk, and the runtime must not.
        let closed = tokio::task::spawn_blocking(move || server.close()).await;
        if let Err(error) = closed {
            tracing::error!(%error, "the API server could not be closed");
        }
        tracing::info!("everything is stopped");
    }
}

fn open(dir: &Path, settings: Settings, logs: Logs, streams: Streams) -> Result<Server> {
    let options = ApiOptions {
        admission: Arc::new(Rules(settings)),
        crds: ebb_api::crds::all(),
        cluster_roles: ebb_api::roles::cluster_roles(),
        derived: DERIVED.map(str::to_owned).to_vec(),
        pod_logs: Some(Arc::new(logs)),
        pod_streams: Some(Arc::new(streams)),
        ..ApiOptions::new(dir)
    };
    Server::open(options).map_err(|error| anyhow!(error)).with_context(|| format!("cannot open the data directory {}", dir.display()))
}
