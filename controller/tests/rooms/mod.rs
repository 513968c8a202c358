//! An API server in this process with the controller on it, and the other rooms played by small tasks: an autoscaler whose
//! pods are ready at once (unless told to wait), and an ingress that takes over at once.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ebb_api::autoscaling::{PodAutoscaler, PodAutoscalerStatus};
use ebb_api::conditions::{Conditioned, kind};
use ebb_api::config::Snapshots;
use ebb_api::duck::Condition;
use ebb_api::networking::{Ingress, IngressStatus};
use ebb_api::serving::Service;
use ebb_apiserver::{Admission, AdmissionRequest, Admitted, Denied, Operation, Server};
use ebb_controller::Options;
use ebb_plumbing::{CancellationToken, Readiness, Supervisor};
use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use kube::api::{Api, ListParams, PostParams};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Client, Resource, ResourceExt};
use prometheus_client::registry::Registry;
use serde::de::DeserializeOwned;
use serde_json::json;

pub const NAMESPACE: &str = "default";
/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Admission as the whole system has it.
struct Serving;

impl Admission for Serving {
    fn concerns(&self, group: &str, resource: &str, subresource: Option<&str>) -> bool {
        subresource.is_none() && ebb_api::admission::is_ours(group, resource)
    }

    fn admit(&self, request: &AdmissionRequest<'_>) -> Result<Admitted, Denied> {
        let operation = match request.operation {
            Operation::Create => ebb_api::admission::Operation::Create,
            Operation::Update => ebb_api::admission::Operation::Update,
            Operation::Delete => ebb_api::admission::Operation::Delete,
        };
        let asked = ebb_api::admission::AdmissionRequest {
            operation,
            group: request.group,
            version: request.version,
            kind: request.kind,
            resource: request.resource,
            subresource: request.subresource,
            namespace: request.namespace,
            name: request.name,
            user: &request.user.name,
            object: request.object,
            old: request.old_object,
            dry_run: request.dry_run,
        };
        let admitted = ebb_api::admission::admit(asked, &Snapshots::default());
        admitted.map(|(object, warnings)| Admitted { object, warnings }).map_err(|message| Denied { message })
    }
}

/// The API server and the other rooms.
pub struct House {
    pub client: Client,
    /// Revisions whose pods do not come, until taken out.
    pub held: Arc<Mutex<Vec<String>>>,
    server: Server,
    rooms: Supervisor,
    _dir: tempfile::TempDir,
}

/// A running controller.
pub struct Running {
    supervisor: Supervisor,
    pub registry: Registry,
}

impl Running {
    pub async fn stop(self) {
        self.supervisor.drain().await;
    }

    /// The sum of a metric's lines that contain a text.
    pub fn sum(&self, metric: &str, with: &str) -> u64 {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        let lines = text.lines().filter(|line| line.starts_with(metric) && line.contains(with));
        lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
    }
}

impl House {
    pub async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut options = ebb_apiserver::Options::new(dir.path());
        options.admission = Arc::new(Serving);
        options.crds = ebb_api::crds::all();
        // Made from Services, so they can be made again.
        let derived = [
            "configurations.serving.knative.dev",
            "routes.serving.knative.dev",
            "revisions.serving.knative.dev",
            "podautoscalers.autoscaling.internal.knative.dev",
            "ingresses.networking.internal.knative.dev",
            "deployments.apps",
            "services",
        ];
        options.derived = derived.map(str::to_owned).to_vec();
        let server = Server::open(options).unwrap();
        let client = server.client(NAMESPACE);
        let rooms = Supervisor::new(CancellationToken::new());
        let tasks = rooms.tasks();
        tasks.spawn("API server", server.run(tasks.shutdown().clone()));
        let held: Arc<Mutex<Vec<String>>> = Arc::default();
        let (autoscaler, ingress) = (play_autoscaler(client.clone(), held.clone()), play_ingress(client.clone()));
        for (name, room) in
            [("autoscaler", futures::future::Either::Left(autoscaler)), ("ingress", futures::future::Either::Right(ingress))]
        {
            let shutdown = tasks.shutdown().clone();
            tasks.spawn(name, async move {
                tokio::select! {
                    () = shutdown.cancelled() => {}
                    () = room => {}
                }
                Ok::<(), std::convert::Infallible>(())
            });
        }
        Self { client, held, server, rooms, _dir: dir }
    }

    /// Starts a controller and waits until it is ready.
    pub async fn controller(&self) -> Running {
        let supervisor = Supervisor::new(CancellationToken::new());
        let (readiness, mut registry) = (Readiness::default(), Registry::default());
        let options = Options { external_port: Some(8080), ..Options::default() };
        ebb_controller::run(self.client.clone(), options, supervisor.tasks(), &readiness, &mut registry);
        tokio::time::timeout(PATIENCE, readiness.ready()).await.expect("the controller gets ready");
        Running { supervisor, registry }
    }

    pub async fn close(self) {
        self.rooms.drain().await;
        self.server.close();
    }

    pub fn api<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
    {
        Api::namespaced(self.client.clone(), NAMESPACE)
    }

    pub async fn create(&self, service: &Service) {
        self.api::<Service>().create(&PostParams::default(), service).await.unwrap();
    }

    /// Reads, changes and writes a Service, as kubectl edit does.
    pub async fn edit(&self, name: &str, change: impl Fn(&mut Service)) {
        loop {
            let mut service = self.api::<Service>().get(name).await.unwrap();
            change(&mut service);
            match self.api::<Service>().replace(name, &PostParams::default(), &service).await {
                Err(kube::Error::Api(status)) if status.code == 409 => {}
                result => return drop(result.unwrap()),
            }
        }
    }

    /// Waits until an object is as wanted.
    pub async fn until<K>(&self, name: &str, wanted: impl Fn(Option<&K>) -> bool) -> Option<K>
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope> + Clone + Debug + DeserializeOwned + Send + 'static,
    {
        let mut seen = watcher::watch_object(self.api::<K>(), name).boxed();
        let mut last = None;
        let found = tokio::time::timeout(PATIENCE, async {
            while let Some(object) = seen.try_next().await.unwrap() {
                let done = wanted(object.as_ref());
                last = object;
                if done {
                    return;
                }
            }
        });
        if found.await.is_err() {
            panic!("{} {name} never became as wanted: {last:#?}", K::kind(&()));
        }
        last
    }

    /// Waits until a Service is ready at its current generation.
    pub async fn until_ready(&self, name: &str) -> Service {
        let ready = |service: Option<&Service>| {
            service.is_some_and(|service| service.status.as_ref().is_some_and(|status| status.is_ready_at(service.metadata.generation)))
        };
        self.until(name, ready).await.unwrap()
    }

    /// Waits until a kind has no objects.
    pub async fn until_gone<K>(&self)
    where
        K: Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope> + Clone + Debug + DeserializeOwned + Send + 'static,
    {
        let names: Vec<String> = self.api::<K>().list(&ListParams::default()).await.unwrap().iter().map(ResourceExt::name_any).collect();
        for name in names {
            self.until::<K>(&name, |object| object.is_none()).await;
        }
    }
}

pub fn service(name: &str, target: &str) -> Service {
    serde_json::from_value(json!({
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"template": {"spec": {"containers": [{
            "image": "dev.local/host", "command": ["./server"], "env": [{"name": "TARGET", "value": target}],
        }]}}},
    }))
    .unwrap()
}

pub fn told(condition: Option<&Condition>) -> String {
    condition.map_or_else(String::new, |condition| format!("{} {}: {}", condition.status, condition.reason, condition.message))
}

/// Every PodAutoscaler that is new has its pods, unless its Revision is held.
async fn play_autoscaler(client: Client, held: Arc<Mutex<Vec<String>>>) {
    let mut seen = watcher(Api::<PodAutoscaler>::all(client.clone()), watcher::Config::default()).applied_objects().boxed();
    while let Some(object) = seen.next().await {
        let Ok(mut object) = object else { continue };
        let name = object.name_any();
        let is_held = held.lock().unwrap().contains(&name);
        if is_held || object.status.as_ref().is_some_and(Conditioned::is_ready) {
            continue;
        }
        let mut status = PodAutoscalerStatus { service_name: name.clone(), ..PodAutoscalerStatus::default() };
        status.actual_scale = Some(1);
        status.desired_scale = Some(1);
        for type_ in [kind::ACTIVE, kind::SCALE_TARGET_INITIALIZED, kind::SKS_READY] {
            status.mark_true(type_, Timestamp::now());
        }
        status.observed_generation = object.metadata.generation;
        object.status = Some(status);
        let api: Api<PodAutoscaler> = Api::namespaced(client.clone(), &object.namespace().unwrap());
        // A conflict means that there is a newer one to come.
        let _ = api.replace_status(&name, &PostParams::default(), &object).await;
    }
}

/// Every Ingress that is new or changed is in the table.
async fn play_ingress(client: Client) {
    let mut seen = watcher(Api::<Ingress>::all(client.clone()), watcher::Config::default()).applied_objects().boxed();
    while let Some(object) = seen.next().await {
        let Ok(mut object) = object else { continue };
        if object.status.as_ref().is_some_and(|status| status.observed_generation == object.metadata.generation) {
            continue;
        }
        let mut status = IngressStatus::default();
        status.mark_true(kind::NETWORK_CONFIGURED, Timestamp::now());
        status.mark_true(kind::LOAD_BALANCER_READY, Timestamp::now());
        status.observed_generation = object.metadata.generation;
        let name = object.name_any();
        let api: Api<Ingress> = Api::namespaced(client.clone(), &object.namespace().unwrap());
        object.status = Some(status);
        let _ = api.replace_status(&name, &PostParams::default(), &object).await;
    }
}
