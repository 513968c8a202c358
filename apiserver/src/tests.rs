//! The server as its clients see it. Helpers stand here, stories in the files below.

mod access;
mod admission;
mod apply;
mod builtin;
mod crud;
mod custom;
mod durability;
mod events;
mod faults;
mod mirrors;
mod namespaces;
mod paging;
pub mod people;
mod views;
mod watching;
mod wire;

use std::sync::Arc;

use ::http::{HeaderMap, Method, Request, StatusCode};
use ebb_plumbing::CancellationToken;
use futures::StreamExt;
use http_body_util::BodyExt;
use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{Admission, Options, Server, User};

/// A server on a directory of its own.
pub struct Fixture {
    pub dir: tempfile::TempDir,
    pub server: Server,
}

/// An answer, read.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

pub fn options(dir: &std::path::Path) -> Options {
    Options { crds: vec![widgets()], derived: vec!["deployments.apps".into()], ..Options::new(dir) }
}

pub fn open() -> Fixture {
    open_with(|_| {})
}

pub fn open_with(change: impl FnOnce(&mut Options)) -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    let mut options = options(dir.path());
    change(&mut options);
    Fixture { server: Server::open(options).unwrap(), dir }
}

pub fn admitting(hook: impl Admission + 'static) -> Fixture {
    open_with(|options| options.admission = Arc::new(hook))
}

impl Fixture {
    pub fn api<K>(&self) -> Api<K>
    where
        K: kube::Resource<DynamicType = (), Scope = k8s_openapi::NamespaceResourceScope>,
    {
        Api::default_namespaced(self.server.client("default"))
    }

    /// Runs what runs in the background.
    pub fn run(&self) -> CancellationToken {
        let stop = CancellationToken::new();
        tokio::spawn(self.server.run(stop.clone()));
        stop
    }

    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<String>) -> Answer {
        send(&self.server, method, path, headers, body).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, &[("content-type", "application/json")], body.to_string()).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::PUT, path, &[("content-type", "application/json")], body.to_string()).await
    }

    pub async fn patch(&self, path: &str, kind: &str, body: &Value) -> Answer {
        let kind = format!("application/{kind}-patch+json");
        self.send(Method::PATCH, path, &[("content-type", &kind)], body.to_string()).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], "").await
    }

    /// A watch as a stream of its events.
    pub async fn watch(&self, path: &str) -> futures::stream::BoxStream<'static, Value> {
        let service = self.server.service(person());
        let request = Request::get(path).body(http_body_util::Empty::new()).unwrap();
        let response = service.oneshot(request).await.unwrap();
        assert_eq!(response.status(), 200);
        let lines = response.into_body().into_data_stream().flat_map(|piece| {
            let text = String::from_utf8(piece.unwrap().to_vec()).unwrap();
            let events: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            futures::stream::iter(events)
        });
        lines.boxed()
    }
}

pub fn person() -> User {
    User::new("alice", ["people", "system:masters", "system:authenticated"])
}

pub async fn send(server: &Server, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<String>) -> Answer {
    send_as(server, person(), method, path, headers, body).await
}

pub async fn send_as(server: &Server, user: User, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<String>) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(http_body_util::Full::<bytes::Bytes>::from(body.into())).unwrap();
    let response = server.service(user).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    Answer { status: parts.status, headers: parts.headers, text }
}

/// The next event of a watch: type and object.
pub async fn event(watch: &mut futures::stream::BoxStream<'static, Value>) -> (String, Value) {
    let event = tokio::time::timeout(std::time::Duration::from_secs(10), watch.next()).await.expect("an event in time").expect("an event");
    (event["type"].as_str().unwrap().to_owned(), event["object"].clone())
}

pub fn config_map(name: &str) -> ConfigMap {
    serde_json::from_value(json!({"metadata": {"name": name}, "data": {"a": "1"}})).unwrap()
}

pub fn widget(name: &str) -> Value {
    json!({"apiVersion": "test.dev/v1", "kind": "Widget", "metadata": {"name": name}, "spec": {"size": 1}})
}

pub const WIDGETS: &str = "/apis/test.dev/v1/namespaces/default/widgets";
pub const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";

/// A custom kind with everything that a definition can say.
pub fn widgets() -> CustomResourceDefinition {
    let part = json!({"type": "object", "required": ["name"], "properties": {
        "name": {"type": "string", "maxLength": 10}, "protocol": {"type": "string", "default": "TCP"}}});
    let spec = json!({"type": "object", "properties": {
        "size": {"type": "integer", "format": "int32", "minimum": 0, "default": 1},
        "color": {"type": "string", "enum": ["red", "green"]},
        "replicas": {"type": "integer"},
        "note": {"type": "string", "nullable": true},
        "port": {"x-kubernetes-int-or-string": true},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
        "parts": {"type": "array", "items": part, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}}});
    let condition = json!({"type": "object", "properties": {"type": {"type": "string"}, "status": {"type": "string"}}});
    let status = json!({"type": "object", "properties": {
        "replicas": {"type": "integer"}, "selector": {"type": "string"}, "conditions": {"type": "array", "items": condition}}});
    let columns = json!([
        {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
        {"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type=='Ready')].status"}]);
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "widgets.test.dev"},
        "spec": {"group": "test.dev", "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "shortNames": ["wd"], "categories": ["all"]},
            "versions": [{"name": "v1", "served": true, "storage": true, "additionalPrinterColumns": columns,
                "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas", "labelSelectorPath": ".status.selector"}},
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec, "status": status}}}}]}});
    serde_json::from_value(definition).unwrap()
}
