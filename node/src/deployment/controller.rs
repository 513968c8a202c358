//! Carries Deployments' plans out. Decides nothing.

use std::sync::Arc;
use std::time::Duration;

use ebb_plumbing::cache::Change;
use ebb_plumbing::{After, BoxError, Cache, CancellationToken, Key, WorkQueue};
use futures::future::join_all;
use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStatus};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use kube::{Api, Client, ResourceExt};

use super::expectations::Expectations;
use super::facts::{Pods, gather};
use super::plan::{Plan, plan};
use super::rollout::{Wanted, wanted};
use super::status::{Seen, status};
use super::template::{Decided, hash, needs_port, pod, pod_name};
use crate::index::owner_word;
use crate::patches;
use crate::ports::Ports;
use crate::traffic::Traffic;

/// Deployments that are reconciled at the same time. One reconcile is a few writes to a server in the same process; a
/// hundred services that wake at once should not wait for each other.
const CONCURRENCY: usize = 32;
/// A pod that is merely starting changes nothing but counts in the status. They are written when the machine has had the
/// time to start it, and mostly together with its becoming ready.
const STARTING: Duration = Duration::from_millis(20);

/// What the controller works with.
pub struct Controller {
    /// Writes.
    pub client: Client,
    /// All Deployments.
    pub deployments: Cache<Deployment>,
    /// All Pods, indexed by [`crate::index::pod_words`].
    pub pods: Cache<Pod>,
    /// Ports for new pods.
    pub ports: Ports,
    /// Requests in pods.
    pub traffic: Arc<dyn Traffic>,
    /// The machine's name.
    pub node: String,
    /// Keys to reconcile.
    queue: WorkQueue<Key>,
    expectations: Expectations,
}

impl std::fmt::Debug for Controller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Controller").field("node", &self.node).finish_non_exhaustive()
    }
}

impl Controller {
    /// A controller that hears of every change of its caches.
    pub fn new(
        client: Client,
        deployments: Cache<Deployment>,
        pods: Cache<Pod>,
        ports: Ports,
        traffic: Arc<dyn Traffic>,
        node: String,
    ) -> Arc<Self> {
        let (queue, expectations) = (WorkQueue::default(), Expectations::default());
        let added = queue.clone();
        deployments.on_change(move |deployment, _| added.add(Key::of(deployment.as_ref())));
        let (added, seen) = (queue.clone(), expectations.clone());
        pods.on_change(move |pod, change| hear_of_pod(pod, change, &added, &seen));
        Arc::new(Self { client, deployments, pods, ports, traffic, node, queue, expectations })
    }

    /// Reconciles until shutdown.
    ///
    /// # Errors
    /// None of its own; see [`WorkQueue::run`].
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) -> Result<(), BoxError> {
        self.queue.run("deployments", CONCURRENCY, shutdown, |key| self.reconcile(key)).await
    }

    async fn reconcile(&self, key: Key) -> Result<After, BoxError> {
        let Some(deployment) = self.deployments.find(&key) else { return Ok(After::Settled) };
        // Its pods go with it: they are collected as its dependents.
        if deployment.metadata.deletion_timestamp.is_some() {
            return Ok(After::Settled);
        }
        let spec = &deployment.spec;
        let (hash, wanted, now) = (hash(&spec.template), wanted(spec), Timestamp::now());
        let pods = self.observe(&deployment, spec, &hash, now);
        let plan = plan(wanted, &pods);
        if plan.create > 0 || !plan.delete.is_empty() {
            tracing::debug!(deployment = %key, create = plan.create, delete = plan.delete.len(), because = ?plan.because, "pods");
        }
        let problems = self.apply(&deployment, spec, &hash, &plan, now).await;
        let created = plan.create > 0 && problems.is_empty();
        if created {
            // The new pods' own events bring us back, and the status then counts them. One write less on the way up.
            return Ok(After::Settled);
        }
        self.report(&deployment, wanted, &pods, &problems, now).await
    }

    /// The Deployment's pods: those of the cache, corrected by what was just written.
    fn observe(&self, deployment: &Deployment, spec: &DeploymentSpec, hash: &str, now: Timestamp) -> Pods {
        let uid = deployment.metadata.uid.as_deref().unwrap_or_default();
        let known = self.pods.by_index(&owner_word(uid));
        let mut unseen = self.expectations.unseen(uid);
        unseen.retain(|pod| !known.iter().any(|known| known.metadata.name == pod.metadata.name));
        let living = known.iter().map(AsRef::as_ref).filter(|pod| !self.expectations.is_going(pod));
        let namespace = deployment.metadata.namespace.as_deref().unwrap_or_default();
        let min_ready = Duration::from_secs(u64::from(spec.min_ready_seconds.unwrap_or(0).unsigned_abs()));
        let hash = (!spec.paused.unwrap_or(false)).then_some(hash);
        let mut pods = gather(living.chain(&unseen), hash, min_ready, now, |pod| self.traffic.in_flight(namespace, pod));
        pods.terminating += known.iter().filter(|pod| self.expectations.is_going(pod)).count();
        pods
    }

    /// Carries the plan out, everything at the same time. Returns what went wrong.
    async fn apply(&self, deployment: &Deployment, spec: &DeploymentSpec, hash: &str, plan: &Plan, now: Timestamp) -> Vec<String> {
        let creates = join_all((0..plan.create).map(|_| self.create(deployment, spec, hash, now)));
        let deletes = join_all(plan.delete.iter().map(|name| self.delete(deployment, name)));
        let (created, deleted) = futures::join!(creates, deletes);
        created.into_iter().chain(deleted).filter_map(Result::err).map(|error| error.to_string()).collect()
    }

    async fn create(&self, deployment: &Deployment, spec: &DeploymentSpec, hash: &str, now: Timestamp) -> Result<(), BoxError> {
        let name = pod_name(&deployment.name_any(), hash, rand::random());
        let key = Key::new(deployment.namespace().unwrap_or_default(), name.clone());
        let port = if needs_port(&spec.template) { Some(self.ports.take(&key)?) } else { None };
        let pod = pod(deployment, &spec.template, Decided { name, hash, node: &self.node, port, now });
        let owner = deployment.metadata.uid.as_deref().unwrap_or_default();
        self.expectations.making(owner, &pod);
        let created = self.api(deployment).create(&PostParams::default(), &pod).await;
        created.map(drop).map_err(|error| {
            self.expectations.made(owner, &key);
            port.into_iter().for_each(|port| self.ports.release(port, &key));
            error.into()
        })
    }

    async fn delete(&self, deployment: &Deployment, name: &str) -> Result<(), BoxError> {
        let key = Key::new(deployment.namespace().unwrap_or_default(), name);
        let Some(uid) = self.pods.find(&key).and_then(|pod| pod.metadata.uid.clone()) else {
            // It was made a moment ago; it can be deleted when the watch has shown it, which brings us back.
            return Ok(());
        };
        self.expectations.deleting(key.clone(), &uid);
        let only_this =
            DeleteParams { preconditions: Some(Preconditions { uid: Some(uid), resource_version: None }), ..DeleteParams::default() };
        match self.api(deployment).delete(name, &only_this).await {
            Ok(_) => Ok(()),
            Err(error) => {
                self.expectations.deleted(&key);
                if crate::patches::is_gone(&error) { Ok(()) } else { Err(error.into()) }
            }
        }
    }

    /// Writes the status, if it changed.
    async fn report(
        &self,
        deployment: &Deployment,
        wanted: Wanted,
        pods: &Pods,
        problems: &[String],
        now: Timestamp,
    ) -> Result<After, BoxError> {
        let create_error = problems.first().map(String::as_str);
        let (status, again) = status(&Seen { deployment, wanted, pods, create_error, now });
        if deployment.status.as_ref() != Some(&status) {
            self.write(deployment, &status).await?;
        }
        match problems {
            [] => Ok(again.map_or(After::Settled, After::Again)),
            [first, ..] => Err(first.clone().into()),
        }
    }

    async fn write(&self, deployment: &Deployment, status: &DeploymentStatus) -> Result<(), BoxError> {
        let api: Api<Deployment> = Api::namespaced(self.client.clone(), &deployment.namespace().unwrap_or_default());
        let patch = Patch::Json::<()>(patches::set("/status", status)?);
        match api.patch_status(&deployment.name_any(), &PatchParams::default(), &patch).await {
            Err(error) if !patches::is_gone(&error) => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn api(&self, deployment: &Deployment) -> Api<Pod> {
        Api::namespaced(self.client.clone(), &deployment.namespace().unwrap_or_default())
    }
}

fn hear_of_pod(pod: &Arc<Pod>, change: Change, queue: &WorkQueue<Key>, expectations: &Expectations) {
    let key = Key::of(pod.as_ref());
    if change == Change::Deleted || pod.metadata.deletion_timestamp.is_some() {
        expectations.deleted(&key);
    }
    let owner = pod.metadata.owner_references.iter().flatten().find(|owner| owner.kind == "Deployment" && owner.controller == Some(true));
    if let Some(owner) = owner {
        expectations.made(&owner.uid, &key);
        let key = Key::new(key.namespace, owner.name.clone());
        if change == Change::Applied && is_starting(pod) { queue.add_after(key, STARTING) } else { queue.add(key) }
    }
}

/// It is new, and nothing is known of it yet.
fn is_starting(pod: &Pod) -> bool {
    let told = pod.status.as_ref().is_some_and(|status| status.container_statuses.is_some());
    pod.metadata.deletion_timestamp.is_none() && !told
}
