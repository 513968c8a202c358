//! A server that is a script: each request must be the next one of it, and all of it must be used up.
//!
//! This module is for tests only.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use futures::StreamExt as _;
use futures::stream;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Bytes, Frame};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

use super::Session;

/// How an answer's body ends.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// It ends.
    Closed,
    /// It stays open, as a watch does.
    Open,
}

/// A request that is expected, and its answer.
struct Scene {
    request: String,
    status: u16,
    body: Vec<Value>,
    end: End,
}

/// The rest of a script, and what was sent with its requests.
#[derive(Clone, Default)]
pub struct Script {
    scenes: Arc<Mutex<VecDeque<Scene>>>,
    sent: Arc<Mutex<Vec<Value>>>,
}

impl Script {
    /// Expects `METHOD PATH` (a part of it), and answers.
    pub fn answer(&self, request: &str, status: u16, body: Value) -> &Self {
        self.push(request, status, vec![body], End::Closed)
    }

    /// Expects a watch, and answers with events; then it stays open.
    pub fn watch(&self, request: &str, events: Vec<Value>) -> &Self {
        self.push(request, 200, events, End::Open)
    }

    /// Expects a watch, and answers with events; then it ends.
    pub fn short_watch(&self, request: &str, events: Vec<Value>) -> &Self {
        self.push(request, 200, events, End::Closed)
    }

    fn push(&self, request: &str, status: u16, body: Vec<Value>, end: End) -> &Self {
        self.scenes.lock().unwrap().push_back(Scene { request: request.to_owned(), status, body, end });
        self
    }

    /// A session with this server.
    pub fn session(&self) -> Session {
        let script = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let script = script.clone();
            async move { Ok::<_, tower::BoxError>(script.play(request).await) }
        });
        Session::scripted(Client::new(service, "dev"))
    }

    async fn play(&self, request: Request<Body>) -> Response<UnsyncBoxBody<Bytes, tower::BoxError>> {
        let line = format!("{} {}", request.method(), request.uri());
        let sent = request.into_body().collect_bytes().await.unwrap();
        self.sent.lock().unwrap().push(serde_json::from_slice(&sent).unwrap_or(Value::Null));
        let scene = self.scenes.lock().unwrap().pop_front().unwrap_or_else(|| panic!("the script is over, but there is {line}"));
        assert!(line.starts_with(&scene.request), "expected {}, got {line}", scene.request);
        let lines: Vec<_> = scene.body.iter().map(|value| Ok(Frame::data(Bytes::from(format!("{value}\n"))))).collect();
        let lines = stream::iter(lines);
        let body = match scene.end {
            End::Closed => StreamBody::new(lines.boxed()),
            End::Open => StreamBody::new(lines.chain(stream::pending()).boxed()),
        };
        Response::builder().status(scene.status).body(body.boxed_unsync()).unwrap()
    }

    /// Bodies of the requests so far.
    pub fn sent(&self) -> Vec<Value> {
        self.sent.lock().unwrap().clone()
    }

    /// Whether all of it was used.
    pub fn is_used_up(&self) -> bool {
        self.scenes.lock().unwrap().is_empty()
    }

    /// Checks that all of it was used.
    pub fn is_over(&self) {
        let left: Vec<String> = self.scenes.lock().unwrap().iter().map(|scene| scene.request.clone()).collect();
        assert!(left.is_empty(), "never asked for: {left:?}");
    }
}

/// Where Services are.
pub const SERVICES: &str = "/apis/serving.knative.dev/v1/namespaces/dev/services";

/// A Service as a server has it.
pub fn service(version: &str, generation: i64, observed: i64, ready: &str, message: &str) -> Value {
    json!({
        "apiVersion": "serving.knative.dev/v1", "kind": "Service",
        "metadata": {"name": "shop", "namespace": "dev", "generation": generation, "resourceVersion": version},
        "spec": {"template": {"spec": {"containers": [{"name": "user-container", "image": "dev.local/host"}]}}},
        "status": {
            "observedGeneration": observed, "url": "http://shop.dev.localhost", "latestReadyRevisionName": "shop-00001",
            "conditions": [{"type": "Ready", "status": ready, "reason": "Reason", "message": message}],
        },
    })
}

/// An event of a watch.
pub fn event(kind: &str, object: Value) -> Value {
    json!({"type": kind, "object": object})
}

/// A refusal.
pub fn status(code: u16, reason: &str, message: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message})
}
