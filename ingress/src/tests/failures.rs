//! What a client gets when something fails: status, one line, and who failed why.

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use serde_json::json;
use tokio::time::{Duration, Instant};

use super::kit::{RawApp, Rig, bind, get, named, one_host, soon};

/// Status, `ebb-failed` and body of an answer.
fn told(answer: &str) -> (&str, &str, &str) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap();
    let failed = head.split("\r\n").find_map(|line| line.strip_prefix("ebb-failed: ")).unwrap_or_default();
    (status, failed, body)
}

#[tokio::test]
async fn requests_that_the_door_turns_away() {
    let rig = Rig::with_app(named("app").await).await;
    let long = format!("GET /{} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n", "x".repeat(20 << 10));
    let cases: &[(&str, &str, &str, &str)] = &[
        (&get("nobody"), "404", "client; reason=unknown-host", "no service answers to the host \"nobody\"\n"),
        ("GET / HTTP/1.1\r\nconnection: close\r\n\r\n", "400", "client; reason=no-host", "the request names no host\n"),
        ("GET / HTTP/1.0\r\n\r\n", "400", "client; reason=no-host", "the request names no host\n"),
        (
            "GET / HTTP/1.1\r\nhost: shop\r\nhost: shop\r\nconnection: close\r\n\r\n",
            "400",
            "client; reason=many-hosts",
            "the request has more than one Host header\n",
        ),
        (&get("a@shop"), "400", "client; reason=bad-host", "the Host header must not carry user information\n"),
        (&get("shop:x"), "400", "client; reason=bad-host", "the port in the Host header is not a valid port\n"),
        (&get("sh op"), "400", "client; reason=bad-host", "the Host header is not a valid host name\n"),
        (
            "CONNECT shop:80 HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n",
            "405",
            "client; reason=connect-method",
            "CONNECT is not supported\n",
        ),
        (&long, "414", "client; reason=uri-too-long", "the request target is longer than 16384 bytes\n"),
    ];
    for (request, status, failed, body) in cases {
        assert_eq!(told(&rig.ask(request).await), (*status, *failed, *body), "{request}");
    }
    assert!(rig.metrics().contains("ebb_ingress_failures_total{who=\"client\",reason=\"unknown-host\"} 1"), "{}", rig.metrics());
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let rig = Rig::with_app(named("app").await).await;
    let many: String = (0..200).map(|index| format!("x-{index}: 1\r\n")).collect();
    assert!(rig.ask(&format!("GET / HTTP/1.1\r\nhost: shop\r\n{many}\r\n")).await.starts_with("HTTP/1.1 431"));
    let large = format!("GET / HTTP/1.1\r\nhost: shop\r\nx: {}\r\n\r\n", "y".repeat(70 << 10));
    assert!(rig.ask(&large).await.starts_with("HTTP/1.1 431"));
}

#[tokio::test]
async fn a_revision_that_does_not_exist() {
    let rig = Rig::start().await;
    rig.ingress("shop", one_host("shop", &[("shop-9", 100)])).await;
    let answer = rig.ask(&get("shop")).await;
    let (status, failed, body) = told(&answer);
    assert_eq!((status, failed), ("404", "client; reason=revision-gone"));
    assert_eq!(body, "Error getting active endpoint: revision.serving.knative.dev \"shop-9\" not found\n");
}

#[tokio::test]
async fn a_full_line() {
    let rig = Rig::start().await;
    rig.revision("shop-1", json!({}));
    rig.ingress("shop", one_host("shop", &[("shop-1", 100)])).await;
    let line = rig.line("shop-1");
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut waiting: FuturesUnordered<_> = (0..10_000).map(|_| line.acquire(deadline, 0)).collect();
    assert!(futures::poll!(waiting.next()).is_pending());
    let answer = rig.ask(&get("shop")).await;
    assert_eq!(told(&answer), ("503", "platform; reason=queue-full", "pending request queue full\n"));
    assert!(answer.contains("retry-after: 1\r\n"));
}

#[tokio::test]
async fn a_pod_that_refuses_is_passed_over() {
    let refusing = bind().local_addr().unwrap();
    let rig = Rig::start().await;
    rig.revision("shop-1", json!({}));
    rig.pod("dead", "shop-1", refusing);
    rig.ingress("shop", one_host("shop", &[("shop-1", 100)])).await;
    let mut client = rig.connect().await;
    client.send("POST / HTTP/1.1\r\nhost: shop\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello").await;
    let mut observations = rig.observations;
    while !soon(observations.recv()).await.unwrap().poke {}
    let echo = super::kit::app(|request| async move {
        use http_body_util::BodyExt;
        super::kit::text(String::from_utf8(request.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap())
    });
    let alive = json!({"metadata": {"namespace": "dev", "name": "alive", "uid": "alive", "labels": {"serving.knative.dev/revision": "shop-1"}},
        "spec": {"containers": [{"name": "c", "ports": [{"name": "user-port", "containerPort": echo.await.port()}]}]},
        "status": {"podIP": "127.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]}});
    rig.cluster.put(super::api::PODS, alive);
    let answer = client.rest().await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\nhello"), "{answer}");
    assert!(answer.contains("retry;desc="), "{answer}");
}

#[tokio::test]
async fn an_app_that_closes_without_an_answer_or_talks_nonsense() {
    let mut pod = RawApp::start().await;
    let rig = Rig::with_app(pod.address).await;
    for (says, failed, body) in [
        ("", "app; reason=closed-before-answer", "the app closed the connection without an answer\n"),
        ("SSH-2.0-nonsense\r\n\r\n", "app; reason=broken-answer", "the app's answer is broken\n"),
        (
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
            "app; reason=broken-answer",
            "the app's answer is broken\n",
        ),
    ] {
        let mut client = rig.connect().await;
        client.send(&get("shop")).await;
        let mut wire = pod.next().await;
        wire.head().await;
        wire.send(says).await;
        drop(wire);
        assert_eq!(told(&client.rest().await), ("502", failed, body), "{says:?}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_not_made_whole() {
    let mut pod = RawApp::start().await;
    let rig = Rig::with_app(pod.address).await;
    for head in ["content-length: 100", "transfer-encoding: chunked"] {
        let mut client = rig.connect().await;
        client.send("GET / HTTP/1.1\r\nhost: shop\r\n\r\n").await;
        let mut wire = pod.next().await;
        wire.head().await;
        wire.send(&format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n5\r\nhello\r\n")).await;
        drop(wire);
        let answer = client.rest().await;
        assert!(answer.contains("hello") && !answer.ends_with("0\r\n\r\n"), "{answer}");
    }
    rig.emptied("pod-1").await;
    assert!(rig.metrics().contains("reason=\"broken-answer\"} 2"), "{}", rig.metrics());
}

/// Answers one request on a connection, and closes it when the next one comes.
async fn closes_on_the_second(pod: &mut RawApp, client: &mut super::kit::Wire, first: &str) {
    client.send(first).await;
    let mut wire = pod.next().await;
    wire.head().await;
    wire.send("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\none").await;
    client.head().await;
    assert_eq!(client.exactly(3).await, "one");
    tokio::spawn(async move { wire.head().await });
}

#[tokio::test]
async fn a_kept_connection_that_dies_is_replaced_for_requests_that_may_be_repeated() {
    let mut pod = RawApp::start().await;
    let rig = Rig::with_app(pod.address).await;
    let mut client = rig.connect().await;
    closes_on_the_second(&mut pod, &mut client, "GET / HTTP/1.1\r\nhost: shop\r\n\r\n").await;
    client.send("GET /two HTTP/1.1\r\nhost: shop\r\n\r\n").await;
    let mut wire = pod.next().await;
    assert!(wire.head().await.starts_with("GET /two "), "the request came again on a new connection");
    wire.send("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\ntwo").await;
    assert!(client.head().await.starts_with("HTTP/1.1 200"));
    assert_eq!(client.exactly(3).await, "two");
}

#[tokio::test]
async fn a_kept_connection_that_dies_under_a_post_is_told() {
    let mut pod = RawApp::start().await;
    let rig = Rig::with_app(pod.address).await;
    let mut client = rig.connect().await;
    closes_on_the_second(&mut pod, &mut client, "GET / HTTP/1.1\r\nhost: shop\r\n\r\n").await;
    client.send("POST /two HTTP/1.1\r\nhost: shop\r\ncontent-length: 1\r\nconnection: close\r\n\r\nx").await;
    assert_eq!(told(&client.rest().await).1, "app; reason=closed-before-answer");
}

#[tokio::test]
async fn the_connections_of_a_pod_end_with_it() {
    let mut pod = RawApp::start().await;
    let rig = Rig::with_app(pod.address).await;
    let mut client = rig.connect().await;
    client.send("GET / HTTP/1.1\r\nhost: shop\r\n\r\n").await;
    let mut wire = pod.next().await;
    wire.head().await;
    wire.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    client.head().await;
    rig.emptied("pod-1").await;
    wire.closed().await;
}

const BAD_CHUNK: &str = "POST / HTTP/1.1\r\nhost: shop\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n";
const BAD_BODY: (&str, &str, &str) = ("400", "client; reason=bad-body", "the body of the request is malformed\n");

#[tokio::test]
async fn a_malformed_body_is_the_clients_fault_and_never_made_whole() {
    let mut pod = RawApp::start().await;
    let rig = Rig::with_app(pod.address).await;
    let client = tokio::spawn({
        let mut client = rig.connect().await;
        async move {
            client.send(BAD_CHUNK).await;
            client.rest().await
        }
    });
    let got = pod.next().await.rest().await;
    assert!(!got.contains("\r\n0\r\n"), "{got}");
    assert_eq!(told(&soon(client).await.unwrap()), BAD_BODY);
    rig.emptied("pod-1").await;
}

#[tokio::test]
async fn a_malformed_body_over_http2_to_the_app() {
    let echo = super::kit::app(|request| async move {
        use http_body_util::BodyExt;
        let whole = request.into_body().collect().await.is_ok();
        super::kit::text(if whole { "whole" } else { "broken" })
    });
    let rig = Rig::start().await;
    rig.revision("shop-1", json!({"containers": [{"ports": [{"name": "h2c"}]}]}));
    rig.pod("pod-1", "shop-1", echo.await);
    rig.ingress("shop", one_host("shop", &[("shop-1", 100)])).await;
    assert_eq!(told(&rig.ask(BAD_CHUNK).await), BAD_BODY);
    rig.emptied("pod-1").await;
}

#[tokio::test]
async fn a_malformed_body_of_a_request_that_waits() {
    let mut pod = RawApp::start().await;
    let rig = Rig::start().await;
    rig.revision("shop-1", json!({}));
    rig.ingress("shop", one_host("shop", &[("shop-1", 100)])).await;
    assert_eq!(told(&rig.ask(BAD_CHUNK).await), BAD_BODY, "without waiting for a pod");
    rig.pod("pod-1", "shop-1", pod.address);
    rig.emptied("pod-1").await;
    assert!(pod.connections.try_recv().is_err(), "the app has heard nothing of it");
}

#[tokio::test]
async fn a_request_that_is_lost_on_a_kept_connection_gets_a_new_one() {
    let mut pod = RawApp::start().await;
    let rig = Rig::with_app(pod.address).await;
    let get = "GET / HTTP/1.1\r\nhost: shop\r\n\r\n";
    let (mut one, mut two) = (rig.connect().await, rig.connect().await);
    one.send(get).await;
    let mut first = pod.next().await;
    first.head().await;
    two.send(get).await;
    let mut second = pod.next().await;
    second.head().await;
    for (client, wire) in [(&mut one, &mut first), (&mut two, &mut second)] {
        wire.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        client.head().await;
    }
    // Both connections are kept. The app falls over this request, whichever way it comes.
    one.send("GET /poison HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n").await;
    second.head().await;
    drop(second);
    let mut fresh = pod.next().await;
    assert!(fresh.head().await.starts_with("GET /poison "));
    drop(fresh);
    assert_eq!(told(&one.rest().await).1, "app; reason=closed-before-answer");
}
