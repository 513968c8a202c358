//! Requests that two readers could read differently: each is refused, or leaves here in one unmistakable form.

use super::kit::{RawApp, Rig, named};

#[tokio::test]
async fn ambiguous_requests_are_refused() {
    let rig = Rig::with_app(named("app").await).await;
    for request in [
        "POST / HTTP/1.1\r\nhost: shop\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        "POST / HTTP/1.1\r\nhost: shop\r\ncontent-length: +5\r\n\r\nhello",
        "POST / HTTP/1.1\r\nhost: shop\r\ncontent-length: 5, 6\r\n\r\nhello",
        "POST / HTTP/1.1\r\nhost: shop\r\ncontent-length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: shop\r\ntransfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: shop\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.0\r\nhost: shop\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nhost : shop\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: shop\r\n folded: x\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: shop\r\nx: a\0b\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: shop\r\nx y: 1\r\n\r\n",
        "GET  / HTTP/1.1\r\nhost: shop\r\n\r\n",
        "GET / HTTP/1.1 \r\nhost: shop\r\n\r\n",
        "GET / HTTP/9.9\r\nhost: shop\r\n\r\n",
        "nonsense\r\n\r\n",
    ] {
        let answer = rig.ask(request).await;
        assert!(answer.starts_with("HTTP/1.1 400") || answer.is_empty(), "{request:?} → {answer:?}");
    }
    assert_eq!(rig.activator.in_flight("dev", "pod-1"), 0);
}

#[tokio::test]
async fn length_and_chunks_together_leave_as_chunks_alone_and_end_the_connection() {
    for heads in ["content-length: 3\r\ntransfer-encoding: chunked", "transfer-encoding: chunked\r\ncontent-length: 3"] {
        let mut pod = RawApp::start().await;
        let rig = Rig::with_app(pod.address).await;
        let mut client = rig.connect().await;
        client
            .send(&format!(
                "POST / HTTP/1.1\r\nhost: shop\r\n{heads}\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nhost: shop\r\n\r\n"
            ))
            .await;
        let mut wire = pod.next().await;
        let head = wire.head().await;
        assert!(head.contains("transfer-encoding: chunked\r\n") && !head.contains("content-length"), "{head}");
        assert_eq!(wire.exactly(15).await, "5\r\nhello\r\n0\r\n\r\n");
        wire.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
        let answer = client.rest().await;
        assert!(answer.ends_with("\r\n\r\nok") && !answer.contains("smuggled"), "{answer}");
    }
}

#[tokio::test]
async fn a_broken_chunk_breaks_the_request_off() {
    let mut pod = RawApp::start().await;
    let rig = Rig::with_app(pod.address).await;
    for body in ["zz\r\nhello\r\n0\r\n\r\n", "5\r\nhelloXX0\r\n\r\n", "ffffffffffffffffff\r\n"] {
        let mut client = rig.connect().await;
        client.send(&format!("POST / HTTP/1.1\r\nhost: shop\r\ntransfer-encoding: chunked\r\n\r\n{body}")).await;
        let mut wire = pod.next().await;
        wire.head().await;
        let rest = wire.rest().await;
        assert!(!rest.ends_with("0\r\n\r\n"), "the app must not take it for whole: {rest:?}");
        drop(wire);
        client.rest().await;
    }
    rig.emptied("pod-1").await;
}

#[tokio::test]
async fn an_absolute_target_wins_over_the_host_header() {
    let echo =
        super::kit::app(
            |request| async move { super::kit::text(format!("{} {}", request.headers()["host"].to_str().unwrap(), request.uri())) },
        )
        .await;
    let rig = Rig::with_app(echo).await;
    let answer = rig.ask("GET http://shop/x?y HTTP/1.1\r\nhost: nobody\r\nconnection: close\r\n\r\n").await;
    assert!(answer.ends_with("\r\n\r\nshop /x?y"), "{answer}");
}
