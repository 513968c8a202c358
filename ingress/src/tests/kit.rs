//! A running front door, apps behind it, and clients before it.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ebb_activator::{Activator, Observation, RevisionHandle, RevisionKey};
use ebb_plumbing::{Readiness, Supervisor};
use http::{Request, Response};
use http_body_util::Full;
use http_body_util::combinators::BoxBody;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use prometheus_client::registry::Registry;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::api::{Cluster, INGRESSES, PODS, REVISIONS};
use crate::Options;

/// A wait that fails the test when what it waits for does not come.
pub async fn soon<T>(event: impl Future<Output = T>) -> T {
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    // Tests that pause the clock must not lose their deadline to it.
    let mut event = std::pin::pin!(event);
    loop {
        match tokio::time::timeout(Duration::from_secs(1), &mut event).await {
            Ok(event) => return event,
            Err(_) if std::time::Instant::now() < deadline => {}
            Err(_) => panic!("what was waited for did not come"),
        }
    }
}

/// A front door.
pub struct Rig {
    pub cluster: Cluster,
    pub activator: Arc<Activator>,
    pub address: SocketAddr,
    pub internal: SocketAddr,
    pub supervisor: Supervisor,
    pub registry: Registry,
    pub observations: mpsc::Receiver<Observation>,
}

impl Rig {
    pub async fn start() -> Self {
        Self::start_with(0).await
    }

    pub async fn start_with(workers: usize) -> Self {
        let cluster = Cluster::new();
        let supervisor = Supervisor::new(CancellationToken::new());
        let (readiness, mut registry) = (Readiness::default(), Registry::default());
        let (sender, observations) = mpsc::channel(1024);
        let activator = Activator::new(cluster.client(), sender, supervisor.tasks(), &readiness, &mut registry);
        let (external, internal) = (bind(), bind());
        let (address, inner) = (external.local_addr().unwrap(), internal.local_addr().unwrap());
        let options = Options { internal: Some(internal), workers, drain_time: Duration::from_secs(5), ..Options::default() };
        crate::run(cluster.client(), activator.clone(), external, options, supervisor.tasks(), &readiness, &mut registry).unwrap();
        soon(readiness.ready()).await;
        Self { cluster, activator, address, internal: inner, supervisor, registry, observations }
    }

    /// A service with one revision and one pod, at host `shop`.
    pub async fn with_app(app: SocketAddr) -> Self {
        let rig = Self::start().await;
        rig.revision("shop-1", json!({}));
        rig.pod("pod-1", "shop-1", app);
        rig.ingress("shop", one_host("shop", &[("shop-1", 100)])).await;
        rig
    }

    pub fn revision(&self, name: &str, spec: Value) {
        let mut spec = spec;
        spec["containers"] = spec.get("containers").cloned().unwrap_or_else(|| json!([{}]));
        self.cluster.put(REVISIONS, json!({"metadata": {"namespace": "dev", "name": name, "uid": name}, "spec": spec}));
    }

    pub fn pod(&self, name: &str, revision: &str, address: SocketAddr) {
        let object = json!({
            "metadata": {"namespace": "dev", "name": name, "uid": format!("uid-{name}"), "labels": {"serving.knative.dev/revision": revision}},
            "spec": {"containers": [{"name": "user-container", "ports": [{"name": "user-port", "containerPort": address.port()}]}]},
            "status": {"podIP": address.ip().to_string(), "conditions": [{"type": "Ready", "status": "True"}]},
        });
        self.cluster.put(PODS, object);
    }

    /// Puts an Ingress and waits until it is in force.
    pub async fn ingress(&self, name: &str, spec: Value) {
        let generation = self.put_ingress(name, spec, "ebb.ingress.networking.knative.dev");
        self.cluster.until(INGRESSES, name, |object| object["status"]["observedGeneration"] == generation).await;
    }

    pub fn put_ingress(&self, name: &str, spec: Value, class: &str) -> u64 {
        static GENERATION: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
        let generation = GENERATION.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let metadata = json!({"namespace": "dev", "name": name, "generation": generation, "creationTimestamp": "2026-01-01T00:00:00Z",
            "annotations": {"networking.knative.dev/ingress.class": class}});
        self.cluster.put(INGRESSES, json!({"metadata": metadata, "spec": spec}));
        generation
    }

    pub fn line(&self, revision: &str) -> Arc<RevisionHandle> {
        self.activator.handle(&RevisionKey::new("dev", revision))
    }

    /// Waits until a pod has no request any more, after which it gets none again.
    pub async fn emptied(&self, pod: &str) {
        soon(self.activator.drain("dev", pod)).await;
    }

    pub async fn connect(&self) -> Wire {
        Wire::connect(self.address).await
    }

    /// One request on its own connection: the whole answer, as text.
    pub async fn ask(&self, request: &str) -> String {
        let mut wire = self.connect().await;
        wire.send(request).await;
        wire.rest().await
    }

    pub fn metrics(&self) -> String {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).unwrap();
        text
    }
}

pub fn bind() -> std::net::TcpListener {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap()
}

/// An Ingress spec with one host.
pub fn one_host(host: &str, splits: &[(&str, i64)]) -> Value {
    json!({"rules": [{"hosts": [host], "http": {"paths": [{"splits": splits.iter().map(|(name, percent)| split(name, *percent)).collect::<Vec<_>>()}]}}]})
}

/// A split as the controller writes it.
pub fn split(revision: &str, percent: i64) -> Value {
    json!({"serviceNamespace": "dev", "serviceName": revision, "servicePort": 80, "percent": percent,
        "appendHeaders": {"Knative-Serving-Revision": revision, "Knative-Serving-Namespace": "dev"}})
}

/// A GET that closes its connection.
pub fn get(host: &str) -> String {
    format!("GET / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")
}

/// A raw connection.
pub struct Wire {
    pub stream: BufReader<TcpStream>,
}

impl Wire {
    pub async fn connect(address: SocketAddr) -> Self {
        Self { stream: BufReader::new(TcpStream::connect(address).await.unwrap()) }
    }

    pub async fn send(&mut self, text: &str) {
        soon(self.stream.get_mut().write_all(text.as_bytes())).await.unwrap();
    }

    /// Reads until the other side closes.
    pub async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        // A reset after the last byte is an end like any other.
        let _ = soon(self.stream.read_to_end(&mut bytes)).await;
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Reads a head, up to and with its empty line. Empty when the other side has closed.
    pub async fn head(&mut self) -> String {
        let mut head = String::new();
        loop {
            let before = head.len();
            let read = soon(self.stream.read_line(&mut head)).await.unwrap_or(0);
            if read == 0 || &head[before..] == "\r\n" {
                return head;
            }
        }
    }

    pub async fn exactly(&mut self, count: usize) -> String {
        let mut bytes = vec![0; count];
        soon(self.stream.read_exact(&mut bytes)).await.unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// One line of text, without its end.
    pub async fn line(&mut self) -> String {
        let mut line = String::new();
        soon(self.stream.read_line(&mut line)).await.unwrap();
        line.trim_end().to_owned()
    }

    /// Waits until the other side has closed, and fails if it sends anything.
    pub async fn closed(&mut self) {
        let mut byte = [0];
        assert_eq!(soon(self.stream.read(&mut byte)).await.unwrap_or(0), 0, "more bytes came");
    }
}

/// An app that is scripted connection by connection: hands them out as they come.
pub struct RawApp {
    pub address: SocketAddr,
    pub connections: mpsc::UnboundedReceiver<Wire>,
}

impl RawApp {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, connections) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if sender.send(Wire { stream: BufReader::new(stream) }).is_err() {
                    return;
                }
            }
        });
        Self { address, connections }
    }

    pub async fn next(&mut self) -> Wire {
        soon(self.connections.recv()).await.unwrap()
    }
}

/// What hyper apps answer with.
pub type AppBody = BoxBody<Bytes, hyper::Error>;

/// An app made of a function, over HTTP/1.1 and h2c.
pub async fn app<F, Fut>(answer: F) -> SocketAddr
where
    F: Fn(Request<Incoming>) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Response<AppBody>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request| {
                    let answered = answer(request);
                    async move { Ok::<_, Infallible>(answered.await) }
                });
                let _ = auto::Builder::new(TokioExecutor::new()).serve_connection_with_upgrades(TokioIo::new(stream), service).await;
            });
        }
    });
    address
}

pub fn text(text: impl Into<String>) -> Response<AppBody> {
    use http_body_util::BodyExt;
    Response::new(Full::new(Bytes::from(text.into())).map_err(|never| match never {}).boxed())
}

/// An app that answers with its name.
pub async fn named(name: &'static str) -> SocketAddr {
    app(move |_| async move { text(name) }).await
}
