//! The whole activator against a scripted API: first lists, then a watch event.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use ebb_plumbing::{CancellationToken, Readiness, Supervisor};
use futures::StreamExt;
use http::{Request, Response};
use http_body_util::StreamBody;
use kube::client::Body;
use prometheus_client::registry::Registry;
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::kit::key;
use crate::{Activator, Protocol};

fn revision() -> Value {
    json!({
        "apiVersion": "serving.knative.dev/v1", "kind": "Revision",
        "metadata": {"name": "r", "namespace": "dev", "uid": "u0", "resourceVersion": "1"},
        "spec": {
            "containerConcurrency": 1, "timeoutSeconds": 30,
            "containers": [{"image": "dev.local/host", "ports": [{"name": "h2c", "containerPort": 8080}]}],
        },
    })
}

fn pod(ready: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "p", "namespace": "dev", "uid": "u1", "resourceVersion": "2", "labels": {"serving.knative.dev/revision": "r"}},
        "spec": {"containers": [{"name": "user-container", "ports": [{"name": "user-port", "containerPort": 21000}]}]},
        "status": {"podIP": "127.0.0.1", "conditions": [{"type": "Ready", "status": ready}]},
    })
}

/// Answers lists; a watch of pods tells of the pod's readiness when it is told to, and all watches stay open.
fn client(pod_is_ready: watch::Receiver<bool>) -> kube::Client {
    let service = tower::service_fn(move |request: Request<Body>| {
        let mut pod_is_ready = pod_is_ready.clone();
        async move {
            let uri = request.uri().to_string();
            let of_pods = uri.contains("/api/v1/pods");
            assert!(!of_pods || uri.contains("labelSelector=serving.knative.dev%2Frevision"), "{uri}");
            let frames = if uri.contains("watch=true") {
                let event = async move {
                    if !of_pods || pod_is_ready.wait_for(|ready| *ready).await.is_err() {
                        std::future::pending::<()>().await;
                    }
                    json!({"type": "MODIFIED", "object": pod("True")}).to_string() + "\n"
                };
                futures::stream::once(event).chain(futures::stream::pending()).boxed()
            } else {
                let items = if of_pods { vec![pod("False")] } else { vec![revision()] };
                let list = json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": "2"}, "items": items});
                futures::stream::once(std::future::ready(list.to_string())).boxed()
            };
            let body = StreamBody::new(frames.map(|text| Ok::<_, Infallible>(http_body::Frame::data(Bytes::from(text)))));
            Ok::<_, Infallible>(Response::new(body))
        }
    });
    kube::Client::new(service, "default")
}

#[tokio::test]
async fn a_request_goes_as_soon_as_the_watch_shows_a_ready_pod() {
    let (pod_becomes_ready, pod_is_ready) = watch::channel(false);
    let (sender, mut observations) = mpsc::channel(16);
    let supervisor = Supervisor::new(CancellationToken::new());
    let (readiness, mut registry) = (Readiness::default(), Registry::default());
    let activator = Activator::new(client(pod_is_ready), sender, supervisor.tasks(), &readiness, &mut registry);
    assert_eq!(readiness.pending(), ["activator"]);
    tokio::time::timeout(Duration::from_secs(10), readiness.ready()).await.unwrap();
    let line = activator.revision(&key("r")).unwrap();
    assert_eq!((line.settings().timeout, line.settings().protocol), (Duration::from_secs(30), Protocol::H2c));
    let waiting = tokio::spawn({
        let line = line.clone();
        async move { line.acquire(Instant::now() + Duration::from_secs(10), 0).await }
    });
    assert!(observations.recv().await.unwrap().poke);
    pod_becomes_ready.send(true).unwrap();
    let place = waiting.await.unwrap().unwrap();
    assert_eq!((place.addr().to_string().as_str(), place.protocol()), ("127.0.0.1:21000", Protocol::H2c));
    drop(place);
    supervisor.drain().await;
}
