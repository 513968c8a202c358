//! What is known of the cluster: PodAutoscalers, the Deployments and Pods of revisions, and the system's ConfigMaps.
//!
//! This module must not judge what it holds.

use std::sync::Arc;

use ebb_api::autoscaling::PodAutoscaler;
use ebb_api::k8s_openapi::api::apps::v1::Deployment;
use ebb_api::k8s_openapi::api::core::v1::{ConfigMap, Pod};
use ebb_api::keys::{SYSTEM_NAMESPACE, label};
use ebb_api::observation::RevisionKey;
use ebb_plumbing::{Cache, Tasks};
use kube::runtime::watcher::Config;
use kube::{Api, Client, Resource, ResourceExt};

/// The watch caches.
pub struct Caches {
    /// By the Deployment that they scale.
    pub autoscalers: Cache<PodAutoscaler>,
    /// Those that carry the label of a revision.
    pub deployments: Cache<Deployment>,
    /// Those that carry the label of a revision, by it.
    pub pods: Cache<Pod>,
    /// Those of the system's namespace.
    pub config_maps: Cache<ConfigMap>,
}

impl Caches {
    /// Empty caches.
    pub fn new() -> Self {
        Self {
            autoscalers: Cache::indexed(|pa: &PodAutoscaler| vec![word(&namespace(pa), &pa.spec.scale_target_ref.name)]),
            deployments: Cache::default(),
            pods: Cache::indexed(|pod: &Pod| revision_of(pod).map(|key| word(&key.namespace, &key.name)).into_iter().collect()),
            config_maps: Cache::default(),
        }
    }

    /// Starts the watches.
    pub fn spawn(&self, client: &Client, tasks: &Tasks) {
        let all = Config::default();
        let of_revisions = Config::default().labels(label::REVISION);
        let shutdown = tasks.shutdown();
        tasks.spawn(
            "autoscaler.watch-podautoscalers",
            self.autoscalers.clone().run(Api::all(client.clone()), all.clone(), shutdown.clone()),
        );
        tasks.spawn(
            "autoscaler.watch-deployments",
            self.deployments.clone().run(Api::all(client.clone()), of_revisions.clone(), shutdown.clone()),
        );
        tasks.spawn("autoscaler.watch-pods", self.pods.clone().run(Api::all(client.clone()), of_revisions, shutdown.clone()));
        tasks.spawn(
            "autoscaler.watch-configmaps",
            self.config_maps.clone().run(Api::namespaced(client.clone(), SYSTEM_NAMESPACE), all, shutdown.clone()),
        );
    }

    /// Waits until every first list is complete.
    pub async fn ready(&self) {
        self.autoscalers.ready().await;
        self.deployments.ready().await;
        self.pods.ready().await;
        self.config_maps.ready().await;
    }

    /// The PodAutoscaler of a revision; they have the same name.
    pub fn autoscaler(&self, key: &RevisionKey) -> Option<Arc<PodAutoscaler>> {
        self.autoscalers.get(&key.namespace, &key.name)
    }

    /// The Deployment that a PodAutoscaler scales.
    pub fn target(&self, pa: &PodAutoscaler) -> Option<Arc<Deployment>> {
        self.deployments.get(&namespace(pa), &pa.spec.scale_target_ref.name)
    }

    /// The revisions that a Deployment belongs to, which is one.
    pub fn scaled_by(&self, deployment: &Deployment) -> impl Iterator<Item = RevisionKey> + use<> {
        self.autoscalers.by_index(&word(&namespace(deployment), &deployment.name_any())).into_iter().map(|pa| key_of(pa.as_ref()))
    }

    /// Pods of a revision that are ready for traffic.
    pub fn ready_pods(&self, key: &RevisionKey) -> u32 {
        let pods = self.pods.by_index(&word(&key.namespace, &key.name));
        u32::try_from(pods.iter().filter(|pod| is_ready(pod)).count()).unwrap_or(u32::MAX)
    }
}

/// The revision of a PodAutoscaler.
pub fn key_of<K: Resource>(object: &K) -> RevisionKey {
    RevisionKey::new(namespace(object), object.name_any())
}

/// The revision that a Pod says it belongs to.
pub fn revision_of(pod: &Pod) -> Option<RevisionKey> {
    let name = pod.metadata.labels.as_ref()?.get(label::REVISION)?;
    Some(RevisionKey::new(namespace(pod), name.as_str()))
}

fn namespace<K: Resource>(object: &K) -> String {
    object.meta().namespace.clone().unwrap_or_default()
}

fn word(namespace: &str, name: &str) -> String {
    format!("{namespace}/{name}")
}

/// A Pod takes traffic when it is Ready and is not going away.
fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    pod.metadata.deletion_timestamp.is_none()
        && conditions.is_some_and(|all| all.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True"))
}
