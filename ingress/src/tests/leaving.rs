//! A client that leaves, at every stage: its place is free at once and the pod hears of it.

use serde_json::json;

use super::kit::{RawApp, Rig, one_host, soon};

/// Waits until the line has neither waiting nor running requests, by taking its only place.
async fn place_is_free(rig: &Rig) {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(30);
    drop(soon(rig.line("shop-1").acquire(deadline, 0)).await.unwrap());
}

async fn one_at_a_time(pod: &RawApp) -> Rig {
    let rig = Rig::start().await;
    rig.revision("shop-1", json!({"containerConcurrency": 1}));
    rig.pod("pod-1", "shop-1", pod.address);
    rig.ingress("shop", one_host("shop", &[("shop-1", 100)])).await;
    rig
}

#[tokio::test]
async fn while_it_waits_in_line() {
    for request in [
        "GET / HTTP/1.1\r\nhost: shop\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: shop\r\ncontent-length: 5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nhost: shop\r\ncontent-length: 100\r\n\r\nhalf",
        "POST / HTTP/1.1\r\nhost: shop\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        let rig = Rig::start().await;
        rig.revision("shop-1", json!({}));
        rig.ingress("shop", one_host("shop", &[("shop-1", 100)])).await;
        let mut client = rig.connect().await;
        client.send(request).await;
        let mut observations = rig.observations;
        while !soon(observations.recv()).await.unwrap().poke {}
        drop(client);
        // The activator reports zeros once its last request is gone.
        while soon(observations.recv()).await.unwrap().queued > 0 {}
    }
}

#[tokio::test]
async fn while_the_app_thinks() {
    let mut pod = RawApp::start().await;
    let rig = one_at_a_time(&pod).await;
    let mut client = rig.connect().await;
    client.send("GET / HTTP/1.1\r\nhost: shop\r\n\r\n").await;
    let mut wire = pod.next().await;
    wire.head().await;
    assert_eq!(rig.activator.in_flight("dev", "pod-1"), 1);
    drop(client);
    wire.closed().await;
    place_is_free(&rig).await;
}

#[tokio::test]
async fn while_it_uploads() {
    let mut pod = RawApp::start().await;
    let rig = one_at_a_time(&pod).await;
    let mut client = rig.connect().await;
    client.send("POST / HTTP/1.1\r\nhost: shop\r\ncontent-length: 100\r\n\r\nhalf").await;
    let mut wire = pod.next().await;
    wire.head().await;
    assert_eq!(wire.exactly(4).await, "half");
    drop(client);
    wire.closed().await;
    place_is_free(&rig).await;
}

#[tokio::test]
async fn while_the_answer_streams() {
    let mut pod = RawApp::start().await;
    let rig = one_at_a_time(&pod).await;
    let mut client = rig.connect().await;
    client.send("GET / HTTP/1.1\r\nhost: shop\r\n\r\n").await;
    let mut wire = pod.next().await;
    wire.head().await;
    wire.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n").await;
    client.head().await;
    assert_eq!(client.exactly(10).await, "5\r\nhello\r\n");
    assert_eq!(rig.activator.in_flight("dev", "pod-1"), 1, "the place is held until the body has ended");
    drop(client);
    wire.closed().await;
    place_is_free(&rig).await;
    assert!(rig.metrics().contains("reason=\"client-left\"} 1"), "{}", rig.metrics());
}

#[tokio::test]
async fn the_place_is_free_when_the_body_has_ended() {
    let mut pod = RawApp::start().await;
    let rig = one_at_a_time(&pod).await;
    let mut first = rig.connect().await;
    first.send("GET /1 HTTP/1.1\r\nhost: shop\r\n\r\n").await;
    let mut wire = pod.next().await;
    wire.head().await;
    wire.send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab").await;
    first.head().await;
    let mut second = rig.connect().await;
    second.send("GET /2 HTTP/1.1\r\nhost: shop\r\n\r\n").await;
    let mut observations = rig.observations;
    while !soon(observations.recv()).await.unwrap().poke {}
    wire.send("cd").await;
    assert!(wire.head().await.starts_with("GET /2 "), "the one who waited gets the same connection");
}
