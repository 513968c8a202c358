//! A whole node on an API server in this process, in a directory of its own. Waits are for events, with a deadline.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use ebb_node::{Logs, Node, Options, Traffic};
use ebb_plumbing::{CancellationToken, Readiness, Supervisor};
use futures::TryStreamExt;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::api::PostParams;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client, Resource};
use prometheus_client::registry::Registry;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

pub const DEADLINE: Duration = Duration::from_secs(30);
/// The test server's program.
pub const SERVER: &str = env!("CARGO_BIN_EXE_ebb-node-test-server");

/// A running node with everything it needs.
pub struct Ground {
    pub directory: Arc<tempfile::TempDir>,
    pub server: ebb_apiserver::Server,
    pub client: Client,
    pub node: Node,
    pub logs: Logs,
    pub registry: Registry,
    pub kill: CancellationToken,
    supervisor: Option<Supervisor>,
}

impl Ground {
    pub async fn new(traffic: impl Traffic + 'static) -> Self {
        Self::on(Arc::new(tempfile::tempdir().unwrap()), Arc::new(traffic)).await
    }

    pub async fn on(directory: Arc<tempfile::TempDir>, traffic: Arc<dyn Traffic>) -> Self {
        let server = ebb_apiserver::Server::open(ebb_apiserver::Options::new(directory.path())).unwrap();
        let supervisor = Supervisor::new(CancellationToken::new());
        let (tasks, readiness, mut registry) = (supervisor.tasks(), Readiness::default(), Registry::default());
        tasks.spawn("apiserver", server.run(tasks.shutdown().clone()));
        let client = server.client("default");
        let logs = Logs::open(directory.path().join("logs")).unwrap();
        let kill = CancellationToken::new();
        let options = Options {
            data_dir: directory.path().to_owned(),
            traffic,
            instance_id: ebb_node::instance_id(directory.path()),
            logs: logs.clone(),
            kill: kill.clone(),
            environment: Vec::new(),
        };
        let node = ebb_node::run(client.clone(), options, &tasks, &readiness, &mut registry).unwrap();
        tokio::time::timeout(DEADLINE, readiness.ready()).await.expect("the node does not become ready");
        Self { directory, server, client, node, logs, registry, kill, supervisor: Some(supervisor) }
    }

    pub fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.client.clone(), "default")
    }

    pub fn deployments(&self) -> Api<Deployment> {
        Api::namespaced(self.client.clone(), "default")
    }

    /// Creates a Deployment like those of Revisions, with changes to its container and its specification.
    pub async fn deploy(&self, name: &str, replicas: u32, container: Value, spec: Value) {
        let mut whole = json!({
            "name": "user-container", "image": "dev.local/host", "command": [SERVER],
            "ports": [{"name": "user-port", "containerPort": 8080}],
            "readinessProbe": {"tcpSocket": {"port": 0}, "successThreshold": 1},
            "terminationMessagePolicy": "FallbackToLogsOnError",
        });
        merge(&mut whole, container);
        let mut deployment = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
            "spec": {
                "replicas": replicas, "selector": {"matchLabels": {"app": name}},
                "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"}},
                "template": {"metadata": {"labels": {"app": name, "serving.knative.dev/revision": name}},
                             "spec": {"containers": [whole], "terminationGracePeriodSeconds": 10}},
            },
        });
        merge(&mut deployment["spec"], spec);
        self.deployments().create(&PostParams::default(), &serde_json::from_value(deployment).unwrap()).await.unwrap();
    }

    pub async fn scale(&self, name: &str, replicas: u32) {
        let patch = json!({"spec": {"replicas": replicas}});
        let patch = kube::api::Patch::Merge(patch);
        self.deployments().patch_scale(name, &kube::api::PatchParams::default(), &patch).await.unwrap();
    }

    /// Waits until `wanted` says of all pods of a Deployment that they are as wanted.
    pub async fn wait_pods(&self, name: &str, what: &str, wanted: impl Fn(&[Pod]) -> bool) -> Vec<Pod> {
        let config = watcher::Config::default().labels(&format!("app={name}"));
        wait_all(self.pods(), config, what, wanted).await
    }

    /// Waits until `count` pods are ready and no others are there.
    pub async fn wait_ready(&self, name: &str, count: usize) -> Vec<Pod> {
        self.wait_pods(name, &format!("{count} ready pods"), |pods| pods.len() == count && pods.iter().all(is_ready)).await
    }

    pub async fn log(&self, pod: &str) -> String {
        let stream = self.logs.read("default", pod, "user-container", ebb_node::logs::Query::default()).await.unwrap();
        let chunks: Vec<bytes::Bytes> = stream.try_collect().await.unwrap();
        String::from_utf8(chunks.concat()).unwrap()
    }

    /// Drains everything, as `ebb up` does at its end.
    pub async fn shut_down(mut self) {
        let supervisor = self.supervisor.take().unwrap();
        tokio::time::timeout(DEADLINE, supervisor.drain()).await.expect("the node does not drain");
        self.server.close();
        let instance = ebb_node::instance_id(self.directory.path());
        assert_eq!(ebb_node::spawn::marked(&instance).unwrap(), [], "processes are left");
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        // Only when a test failed: the processes must not outlive it.
        self.node.kill_all();
    }
}

pub fn merge(into: &mut Value, changes: Value) {
    if let (Value::Object(into), Value::Object(changes)) = (&mut *into, &changes) {
        for (key, value) in changes {
            merge(into.entry(key.clone()).or_insert(Value::Null), value.clone());
        }
        return;
    }
    *into = changes;
}

/// Waits until `wanted` holds for the objects of a watch.
pub async fn wait_all<K>(api: Api<K>, config: watcher::Config, what: &str, wanted: impl Fn(&[K]) -> bool) -> Vec<K>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let mut events = std::pin::pin!(watcher::watcher(api, config).default_backoff());
    let mut known: BTreeMap<String, K> = BTreeMap::new();
    let waits = async {
        loop {
            let event = events.try_next().await.unwrap().unwrap();
            let name = |object: &K| object.meta().name.clone().unwrap();
            let complete = match event {
                watcher::Event::Init => {
                    known.clear();
                    false
                }
                watcher::Event::InitApply(object) => {
                    known.insert(name(&object), object);
                    false
                }
                watcher::Event::InitDone => true,
                watcher::Event::Apply(object) => {
                    known.insert(name(&object), object);
                    true
                }
                watcher::Event::Delete(object) => {
                    known.remove(&name(&object));
                    true
                }
            };
            let all: Vec<K> = known.values().cloned().collect();
            if complete && wanted(&all) {
                return all;
            }
        }
    };
    match tokio::time::timeout(DEADLINE, waits).await {
        Ok(all) => all,
        Err(_) => panic!("waited in vain for {what}; there is: {known:#?}"),
    }
}

pub fn is_ready(pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_none() && condition(pod, "Ready").is_some_and(|(status, _)| status == "True")
}

/// Status and message of a pod's condition.
pub fn condition(pod: &Pod, kind: &str) -> Option<(String, String)> {
    let condition = pod.status.as_ref()?.conditions.iter().flatten().find(|condition| condition.type_ == kind)?;
    Some((condition.status.clone(), condition.message.clone().unwrap_or_default()))
}

/// Reason and message of what the first container waits for.
pub fn waiting(pod: &Pod) -> Option<(String, String)> {
    let waiting = pod.status.as_ref()?.container_statuses.as_ref()?.first()?.state.as_ref()?.waiting.clone()?;
    Some((waiting.reason.unwrap_or_default(), waiting.message.unwrap_or_default()))
}

pub fn port(pod: &Pod) -> u16 {
    let port = pod.spec.as_ref().unwrap().containers[0].ports.as_ref().unwrap()[0].container_port;
    u16::try_from(port).unwrap()
}

pub fn name<K: Resource>(object: &K) -> String {
    object.meta().name.clone().unwrap()
}

/// Process id of the first container.
pub fn pid(pod: &Pod) -> i32 {
    let id = pod.status.as_ref().unwrap().container_statuses.as_ref().unwrap()[0].container_id.clone().unwrap();
    id.rsplit('/').next().unwrap().parse().unwrap()
}

/// Asks a pod, over a connection of its own.
pub async fn get(port: u16, path: &str) -> std::io::Result<String> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
