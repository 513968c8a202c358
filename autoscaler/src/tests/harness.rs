//! The autoscaler over an API server in this process, and what a test does to the world around it.

use std::collections::BTreeMap;
use std::time::Duration;

use ebb_api::autoscaling::{PodAutoscaler, PodAutoscalerSpec, PodAutoscalerStatus, ScaleTargetRef};
use ebb_api::k8s_openapi::api::apps::v1::Deployment;
use ebb_api::k8s_openapi::api::core::v1::{ConfigMap, Pod};
use ebb_api::observation::{Observation, RevisionKey};
use ebb_apiserver::{Options, Server, User};
use ebb_plumbing::{CancellationToken, Readiness, Supervisor};
use kube::api::{Api, ObjectMeta, Patch, PatchParams, PostParams};
use kube::runtime::wait::await_condition;
use kube::{Client, Resource};
use prometheus_client::registry::Registry;
use serde::de::DeserializeOwned;
use serde_json::json;
use tokio::sync::mpsc;

use super::tap::{Tap, Tapped};

pub const NAMESPACE: &str = "default";
/// Longer than anything here takes, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(20);

/// An API server with the kinds that the autoscaler meets.
pub struct World {
    pub server: Server,
    pub client: Client,
    _data: tempfile::TempDir,
}

impl World {
    pub fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut options = Options::new(data.path());
        options.crds = ebb_api::crds::all();
        // Nobody waits for the disk, so that paused time does not run away while somebody does.
        options.derived =
            ["deployments.apps", "pods", "podautoscalers.autoscaling.internal.knative.dev", "configmaps"].map(str::to_owned).into();
        let server = Server::open(options).unwrap();
        let client = server.client(NAMESPACE);
        Self { server, client, _data: data }
    }

    pub fn api<K>(&self) -> Api<K>
    where
        K: Resource<Scope = ebb_api::k8s_openapi::NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), NAMESPACE)
    }

    /// A revision as the controller leaves it: a PodAutoscaler and a Deployment.
    pub async fn revision(&self, name: &str, replicas: u32, annotations: &[(&str, &str)]) {
        self.deployment(name, replicas).await;
        self.autoscaler(name, annotations, None).await;
    }

    /// A revision that ran before and is at zero.
    pub async fn sleeping(&self, name: &str) {
        self.deployment(name, 0).await;
        self.autoscaler(name, &[], Some("NoTraffic")).await;
    }

    /// A PodAutoscaler; with a reason it was initialized and is inactive, with an empty one it is active.
    pub async fn autoscaler(&self, name: &str, annotations: &[(&str, &str)], inactive: Option<&str>) {
        let full = |key: &str| format!("autoscaling.knative.dev/{key}");
        let annotations: BTreeMap<_, _> = annotations.iter().map(|(key, value)| (full(key), (*value).to_owned())).collect();
        let pa = PodAutoscaler {
            metadata: ObjectMeta { name: Some(name.to_owned()), annotations: Some(annotations), ..ObjectMeta::default() },
            spec: PodAutoscalerSpec {
                container_concurrency: 1,
                scale_target_ref: ScaleTargetRef {
                    api_version: "apps/v1".to_owned(),
                    kind: "Deployment".to_owned(),
                    name: deployment_of(name),
                },
                protocol_type: "http1".to_owned(),
                ..PodAutoscalerSpec::default()
            },
            status: None,
        };
        let api = self.api::<PodAutoscaler>();
        api.create(&PostParams::default(), &pa).await.unwrap();
        let Some(reason) = inactive else { return };
        let active = if reason.is_empty() { "True" } else { "False" };
        let status = json!({"status": {"observedGeneration": 1, "desiredScale": 0, "actualScale": 0, "conditions": [
            {"type": "Active", "status": active, "reason": reason},
            {"type": "ScaleTargetInitialized", "status": "True"},
        ]}});
        api.patch_status(name, &PatchParams::default(), &Patch::Merge(status)).await.unwrap();
    }

    pub async fn deployment(&self, name: &str, replicas: u32) {
        let labels = json!({"serving.knative.dev/revision": name});
        let deployment: Deployment = serde_json::from_value(json!({
            "metadata": {"name": deployment_of(name), "labels": labels},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "user-container", "image": "dev.local/host"}]}},
            },
        }))
        .unwrap();
        self.api::<Deployment>().create(&PostParams::default(), &deployment).await.unwrap();
    }

    /// So many more pods that are ready.
    pub async fn ready_pods(&self, name: &str, numbers: std::ops::Range<u32>) {
        for number in numbers {
            let pod_name = format!("{name}-{number}");
            let pod: Pod = serde_json::from_value(json!({
                "metadata": {"name": pod_name, "labels": {"serving.knative.dev/revision": name}},
                "spec": {"containers": [{"name": "user-container", "image": "dev.local/host"}]},
            }))
            .unwrap();
            self.api::<Pod>().create(&PostParams::default(), &pod).await.unwrap();
            let status = json!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}});
            self.api::<Pod>().patch_status(&pod_name, &PatchParams::default(), &Patch::Merge(status)).await.unwrap();
        }
    }

    pub async fn delete_pods(&self, name: &str, numbers: std::ops::Range<u32>) {
        for number in numbers {
            let options = kube::api::DeleteParams::default().grace_period(0);
            self.api::<Pod>().delete(&format!("{name}-{number}"), &options).await.unwrap();
        }
    }

    pub async fn configure(&self, data: serde_json::Value) {
        let maps: Api<ConfigMap> = Api::namespaced(self.client.clone(), "knative-serving");
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "config-autoscaler"}, "data": data});
        match maps.get_opt("config-autoscaler").await.unwrap() {
            Some(_) => maps.patch("config-autoscaler", &PatchParams::default(), &Patch::Merge(map)).await.unwrap(),
            None => maps.create(&PostParams::default(), &serde_json::from_value(map).unwrap()).await.unwrap(),
        };
    }

    pub async fn until_scale(&self, name: &str, replicas: i32) {
        let told = format!("{name} at {replicas}");
        self.until(&deployment_of(name), &told, move |deployment: &Deployment| deployment.spec.replicas == Some(replicas)).await;
    }

    pub async fn until_status(&self, name: &str, told: &str, holds: impl Fn(&PodAutoscalerStatus) -> bool) {
        self.until(name, told, |pa: &PodAutoscaler| pa.status.as_ref().is_some_and(&holds)).await;
    }

    async fn until<K>(&self, name: &str, told: &str, holds: impl Fn(&K) -> bool)
    where
        K: Resource<Scope = ebb_api::k8s_openapi::NamespaceResourceScope, DynamicType = ()>
            + Clone
            + std::fmt::Debug
            + DeserializeOwned
            + Send
            + 'static,
    {
        let condition = await_condition(self.api::<K>(), name, |object: Option<&K>| object.is_some_and(&holds));
        // Real time: paused time would run out while the server works.
        let deadline = std::time::Instant::now() + PATIENCE;
        tokio::pin!(condition);
        loop {
            tokio::select! {
                met = &mut condition => { met.unwrap(); return; }
                () = tokio::time::sleep(Duration::from_secs(5)) => {
                    if std::time::Instant::now() > deadline {
                        panic!("{told} did not come: {:?}", self.api::<K>().get(name).await);
                    }
                }
            }
        }
    }

    pub async fn scale(&self, name: &str) -> Option<i32> {
        self.api::<Deployment>().get(&deployment_of(name)).await.unwrap().spec.replicas
    }
}

/// A running autoscaler.
pub struct Running {
    pub tap: Tap,
    pub registry: Registry,
    observations: mpsc::Sender<Observation>,
    supervisor: Supervisor,
}

impl Running {
    /// Starts it and waits until it is ready.
    pub async fn start(world: &World) -> Self {
        Self::start_with(world, Tap::default()).await
    }

    pub async fn start_with(world: &World, tap: Tap) -> Self {
        let user = User::system();
        let client = Client::new(Tapped { inner: world.server.service(user), tap: tap.clone() }, NAMESPACE);
        let (observations, receiver) = mpsc::channel(1_024);
        let supervisor = Supervisor::new(CancellationToken::new());
        let (readiness, mut registry) = (Readiness::default(), Registry::default());
        crate::run(client, receiver, supervisor.tasks(), &readiness, &mut registry);
        readiness.ready().await;
        Self { tap, registry, observations, supervisor }
    }

    /// A request that found no place, and how many wait by now.
    pub async fn poke(&self, name: &str, queued: u32) {
        self.observe(name, 0, queued, Duration::ZERO, true).await;
    }

    /// The regular look of a second.
    pub async fn look(&self, name: &str, in_flight: u32, queued: u32) {
        self.observe(name, in_flight, queued, Duration::from_secs(1), false).await;
    }

    async fn observe(&self, name: &str, in_flight: u32, queued: u32, over: Duration, poke: bool) {
        let concurrency = if over.is_zero() { 0.0 } else { f64::from(in_flight + queued) };
        let revision = RevisionKey::new(NAMESPACE, name);
        let observation = Observation { revision, over, concurrency, requests: u64::from(in_flight), in_flight, queued, poke };
        self.observations.send(observation).await.unwrap();
    }

    pub async fn stop(self) {
        tokio::time::timeout(PATIENCE, self.supervisor.drain()).await.unwrap();
    }

    pub fn metrics(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        text
    }
}

pub fn deployment_of(name: &str) -> String {
    format!("{name}-deployment")
}
