//! The end of the process: nothing new is taken, what is here is finished, and nothing is waited for in vain.

use serde_json::json;
use tokio::net::TcpStream;

use super::kit::{RawApp, Rig, named, one_host, soon};

#[tokio::test]
async fn requests_finish_and_idle_connections_close() {
    for workers in [0, 2] {
        let mut pod = RawApp::start().await;
        let rig = Rig::start_with(workers).await;
        rig.revision("shop-1", json!({}));
        rig.pod("pod-1", "shop-1", pod.address);
        rig.ingress("shop", one_host("shop", &[("shop-1", 100)])).await;
        let (mut idle, mut silent, mut busy) = (rig.connect().await, rig.connect().await, rig.connect().await);
        idle.send("GET / HTTP/1.1\r\nhost: nobody\r\n\r\n").await;
        idle.head().await;
        idle.line().await;
        busy.send("GET / HTTP/1.1\r\nhost: shop\r\n\r\n").await;
        let mut wire = pod.next().await;
        wire.head().await;
        let address = rig.address;
        let drained = tokio::spawn(rig.supervisor.drain());
        idle.closed().await;
        silent.closed().await;
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        wire.send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await;
        let answer = busy.rest().await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("hello"), "{answer}");
        soon(drained).await.unwrap();
    }
}

#[tokio::test]
async fn a_request_that_never_ends_does_not_hold_the_process() {
    let mut pod = RawApp::start().await;
    let rig = Rig::with_app(pod.address).await;
    let mut client = rig.connect().await;
    client.send("GET / HTTP/1.1\r\nhost: shop\r\n\r\n").await;
    let mut wire = pod.next().await;
    wire.head().await;
    tokio::time::pause();
    soon(rig.supervisor.drain()).await;
    client.closed().await;
    wire.closed().await;
}

#[tokio::test]
async fn a_drain_before_anything_happened() {
    let rig = Rig::with_app(named("app").await).await;
    soon(rig.supervisor.drain()).await;
}

#[tokio::test]
async fn those_who_wait_in_line_are_told() {
    let rig = Rig::start().await;
    rig.revision("shop-1", json!({}));
    rig.ingress("shop", one_host("shop", &[("shop-1", 100)])).await;
    let mut client = rig.connect().await;
    client.send("GET / HTTP/1.1\r\nhost: shop\r\n\r\n").await;
    let mut observations = rig.observations;
    while !soon(observations.recv()).await.unwrap().poke {}
    tokio::time::pause();
    let drained = tokio::spawn(rig.supervisor.drain());
    let answer = client.rest().await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("reason=shutting-down\r\n"), "{answer}");
    soon(drained).await.unwrap();
}
