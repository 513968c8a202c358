//! Carries out what is decided about pods that wait for a node. Decides nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use ebb_plumbing::{After, BoxError, Cache, CancellationToken, Key, WorkQueue};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Pod, PodCondition};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::fit::{Fit, SCHEDULED, UNSCHEDULABLE, fit, says};
use crate::context::Context;
use crate::{machine, patches};

/// A person who makes a pod by hand waits for it; hundreds at once only wait for the machine.
const CONCURRENCY: usize = 4;

/// What the controller works with.
pub(crate) struct Controller {
    context: Arc<Context>,
    labels: BTreeMap<String, String>,
    pods: Cache<Pod>,
    queue: WorkQueue<Key>,
}

impl Controller {
    /// A controller that hears of every pod without a node.
    pub(crate) fn new(context: Arc<Context>, pods: Cache<Pod>) -> Arc<Self> {
        let queue = WorkQueue::default();
        let added = queue.clone();
        pods.on_change(move |pod, _| {
            // The pods of Deployments are born with their node, and cost nothing here.
            if pod.spec.as_ref().is_some_and(|spec| spec.node_name.is_none()) {
                added.add(Key::of(pod.as_ref()));
            }
        });
        let labels = machine::labels(&context.node);
        Arc::new(Self { context, labels, pods, queue })
    }

    /// Schedules until shutdown.
    ///
    /// # Errors
    /// None of its own; see [`WorkQueue::run`].
    pub(crate) async fn run(self: Arc<Self>, shutdown: CancellationToken) -> Result<(), BoxError> {
        self.queue.run("schedule", CONCURRENCY, shutdown, |key| self.reconcile(key)).await
    }

    async fn reconcile(&self, key: Key) -> Result<After, BoxError> {
        let Some(pod) = self.pods.find(&key) else { return Ok(After::Settled) };
        let api = self.context.pods(&key.namespace);
        let written = match fit(&pod, &self.labels) {
            Fit::Here => bind(&api, &key, &pod, &self.context.node).await,
            Fit::Nowhere(why) if !says(&pod, &why) => {
                self.context.events.warning(&pod, "FailedScheduling", why.clone());
                refuse(&api, &key, why).await
            }
            Fit::Nowhere(_) | Fit::NotOurs => return Ok(After::Settled),
        };
        match written {
            Err(error) if !patches::is_gone(&error) => Err(error.into()),
            _ => Ok(After::Settled),
        }
    }
}

/// Gives the pod to the node; a pod that has become another one of the same name is left alone.
async fn bind(api: &Api<Pod>, key: &Key, pod: &Pod, node: &str) -> kube::Result<()> {
    let bound = json!({"metadata": {"uid": pod.metadata.uid}, "spec": {"nodeName": node}});
    api.patch(&key.name, &PatchParams::default(), &Patch::Merge(bound)).await.map(drop)
}

/// Says that there is no node for the pod.
async fn refuse(api: &Api<Pod>, key: &Key, why: String) -> kube::Result<()> {
    let condition = PodCondition {
        type_: SCHEDULED.into(),
        status: "False".into(),
        reason: Some(UNSCHEDULABLE.into()),
        message: Some(why),
        last_transition_time: Some(Time(Timestamp::now())),
        ..PodCondition::default()
    };
    let status = json!({"status": {"conditions": [condition]}});
    api.patch_status(&key.name, &PatchParams::default(), &Patch::Merge(status)).await.map(drop)
}
