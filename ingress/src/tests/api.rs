//! A scripted API server: lists, watches and status patches of the few kinds that are watched here.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use http::{Method, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody, combinators::UnsyncBoxBody};
use kube::client::Body;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio_stream::wrappers::UnboundedReceiverStream;

type AnyBody = UnsyncBoxBody<Bytes, Infallible>;

#[derive(Default)]
struct Store {
    version: u64,
    /// By collection path (without namespace), then by namespace/name.
    objects: BTreeMap<&'static str, BTreeMap<String, Value>>,
    watchers: Vec<(&'static str, mpsc::UnboundedSender<Value>)>,
    /// All events so far, by version: what happened between a list and its watch must not be lost.
    history: Vec<(u64, &'static str, Value)>,
    /// Status patches so far, by namespace/name.
    patches: Vec<String>,
}

/// The server. Cheap to clone.
#[derive(Clone)]
pub struct Cluster {
    store: Arc<Mutex<Store>>,
    changed: Arc<watch::Sender<u64>>,
}

pub const PODS: &str = "/api/v1/pods";
pub const REVISIONS: &str = "/apis/serving.knative.dev/v1/revisions";
pub const INGRESSES: &str = "/apis/networking.internal.knative.dev/v1alpha1/ingresses";

fn collection(path: &str) -> &'static str {
    for (plural, collection) in [("pods", PODS), ("revisions", REVISIONS), ("ingresses", INGRESSES)] {
        if path.split('/').any(|part| part == plural) {
            return collection;
        }
    }
    panic!("nobody should ask for {path}")
}

fn key(object: &Value) -> String {
    format!("{}/{}", object["metadata"]["namespace"].as_str().unwrap(), object["metadata"]["name"].as_str().unwrap())
}

impl Cluster {
    pub fn new() -> Self {
        Self { store: Arc::default(), changed: Arc::new(watch::Sender::new(0)) }
    }

    pub fn client(&self) -> kube::Client {
        let cluster = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let cluster = cluster.clone();
            async move { Ok::<_, Infallible>(cluster.answer(request).await) }
        });
        kube::Client::new(service, "dev")
    }

    pub fn put(&self, collection: &'static str, mut object: Value) {
        let mut store = self.store.lock();
        store.version += 1;
        object["metadata"]["resourceVersion"] = json!(store.version.to_string());
        let old = store.objects.entry(collection).or_default().insert(key(&object), object.clone());
        store.tell(collection, if old.is_some() { "MODIFIED" } else { "ADDED" }, object);
        self.changed.send_replace(store.version);
    }

    pub fn delete(&self, collection: &'static str, name: &str) {
        let mut store = self.store.lock();
        store.version += 1;
        let gone = store.objects.entry(collection).or_default().remove(&format!("dev/{name}")).unwrap();
        store.tell(collection, "DELETED", gone);
    }

    pub fn get(&self, collection: &'static str, name: &str) -> Value {
        self.store.lock().objects[collection][&format!("dev/{name}")].clone()
    }

    pub fn patches_of(&self, name: &str) -> usize {
        self.store.lock().patches.iter().filter(|patched| **patched == format!("dev/{name}")).count()
    }

    /// Waits until an object looks as wanted.
    pub async fn until(&self, collection: &'static str, name: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut changed = self.changed.subscribe();
        loop {
            changed.borrow_and_update();
            let object = self.get(collection, name);
            if wanted(&object) {
                return object;
            }
            super::kit::soon(changed.changed()).await.unwrap();
        }
    }

    async fn answer(&self, request: Request<Body>) -> Response<AnyBody> {
        let path = request.uri().path().to_owned();
        let collection = collection(&path);
        if request.method() == Method::PATCH {
            let name = path.rsplit('/').nth(1).unwrap().to_owned();
            let patch: Value = serde_json::from_slice(&request.into_body().collect().await.unwrap().to_bytes()).unwrap();
            return full(&self.patch(collection, &name, &patch));
        }
        if request.uri().query().unwrap_or_default().contains("watch=true") {
            let (sender, events) = mpsc::unbounded_channel();
            let mut store = self.store.lock();
            let since: u64 =
                request.uri().query().unwrap().split("resourceVersion=").nth(1).unwrap().split('&').next().unwrap().parse().unwrap();
            for (_, _, event) in store.history.iter().filter(|(version, of, _)| *version > since && *of == collection) {
                sender.send(event.clone()).unwrap();
            }
            store.watchers.push((collection, sender));
            let events = UnboundedReceiverStream::new(events).map(|event: Value| {
                let line = format!("{event}\n");
                Ok(Frame::data(Bytes::from(line)))
            });
            return Response::new(StreamBody::new(events).boxed_unsync());
        }
        let store = self.store.lock();
        let items: Vec<&Value> = store.objects.get(collection).into_iter().flat_map(BTreeMap::values).collect();
        full(&json!({"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": store.version.to_string()}, "items": items}))
    }

    fn patch(&self, collection: &'static str, name: &str, patch: &Value) -> Value {
        let mut object = self.get(collection, name);
        object["status"] = patch["status"].clone();
        self.store.lock().patches.push(format!("dev/{name}"));
        self.put(collection, object.clone());
        object
    }
}

impl Store {
    fn tell(&mut self, collection: &'static str, kind: &str, object: Value) {
        let event = json!({"type": kind, "object": object});
        self.history.push((self.version, collection, event.clone()));
        self.watchers.retain(|(watched, sender)| *watched != collection || sender.send(event.clone()).is_ok());
    }
}

fn full(value: &Value) -> Response<AnyBody> {
    Response::new(http_body_util::Full::new(Bytes::from(value.to_string())).boxed_unsync())
}
