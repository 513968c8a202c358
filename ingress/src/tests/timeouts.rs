//! The three timeouts, on a paused clock: it runs on only when everybody waits.

use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::kit::{RawApp, Rig, Wire, get, one_host, soon};

async fn rig(spec: Value, pod: Option<&RawApp>) -> Rig {
    let rig = Rig::start().await;
    rig.revision("shop-1", spec);
    if let Some(pod) = pod {
        rig.pod("pod-1", "shop-1", pod.address);
    }
    rig.ingress("shop", one_host("shop", &[("shop-1", 100)])).await;
    rig
}

#[tokio::test]
async fn a_request_that_never_gets_a_pod() {
    let rig = rig(json!({"timeoutSeconds": 7}), None).await;
    let mut client = rig.connect().await;
    client.send(&get("shop")).await;
    let mut observations = rig.observations;
    while !soon(observations.recv()).await.unwrap().poke {}
    let began = tokio::time::Instant::now();
    tokio::time::pause();
    let answer = client.rest().await;
    assert!(answer.starts_with("HTTP/1.1 504") && answer.ends_with("\r\n\r\nactivator request timeout\n"), "{answer}");
    assert!(answer.contains("ebb-failed: platform; reason=no-pod-in-time\r\n"), "{answer}");
    assert!(began.elapsed() >= std::time::Duration::from_secs(6));
}

#[tokio::test]
async fn an_app_that_does_not_answer_in_time() {
    for (spec, reason) in [
        (json!({"timeoutSeconds": 7}), "request-timeout"),
        (json!({"timeoutSeconds": 7, "responseStartTimeoutSeconds": 3}), "response-start-timeout"),
        (json!({"timeoutSeconds": 7, "idleTimeoutSeconds": 3}), "idle-timeout"),
    ] {
        let mut pod = RawApp::start().await;
        let rig = rig(spec, Some(&pod)).await;
        let mut client = rig.connect().await;
        client.send(&get("shop")).await;
        let mut wire = pod.next().await;
        wire.head().await;
        tokio::time::pause();
        let answer = client.rest().await;
        tokio::time::resume();
        assert!(answer.starts_with("HTTP/1.1 504") && answer.ends_with("\r\n\r\nrequest timeout\n"), "{answer}");
        assert!(answer.contains(&format!("ebb-failed: app; reason={reason}\r\n")), "{answer}");
        wire.closed().await;
    }
}

#[tokio::test]
async fn an_answer_that_has_begun_is_cut() {
    for spec in [json!({"timeoutSeconds": 7}), json!({"timeoutSeconds": 7, "idleTimeoutSeconds": 3})] {
        for (head, wanted) in [("content-length: 100", "hello"), ("transfer-encoding: chunked", "5\r\nhello\r\nF\r\nrequest timeout\r\n")] {
            let mut pod = RawApp::start().await;
            let rig = rig(spec.clone(), Some(&pod)).await;
            let mut client = rig.connect().await;
            client.send("GET / HTTP/1.1\r\nhost: shop\r\n\r\n").await;
            let mut wire = pod.next().await;
            wire.head().await;
            let body = if head.starts_with('c') { "hello" } else { "5\r\nhello\r\n" };
            wire.send(&format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{body}")).await;
            assert!(client.head().await.starts_with("HTTP/1.1 200"), "the status stays");
            assert_eq!(client.exactly(body.len()).await, body);
            tokio::time::pause();
            assert_eq!(format!("{body}{}", client.rest().await), wanted, "{head}");
            tokio::time::resume();
            wire.closed().await;
            rig.emptied("pod-1").await;
        }
    }
}

/// A client that asked and reads no more than the head of its answer.
async fn deaf(rig: &Rig, http2: bool) -> (Option<Wire>, Option<http::Response<hyper::body::Incoming>>) {
    if !http2 {
        let mut client = rig.connect().await;
        client.send("GET / HTTP/1.1\r\nhost: shop\r\n\r\n").await;
        client.head().await;
        return (Some(client), None);
    }
    let stream = TokioIo::new(tokio::net::TcpStream::connect(rig.address).await.unwrap());
    let mut builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    let (mut sender, connection) = builder.initial_stream_window_size(0).handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::get("http://shop/").body(http_body_util::Empty::<bytes::Bytes>::new()).unwrap();
    (None, Some(soon(sender.send_request(request)).await.unwrap()))
}

#[tokio::test]
async fn a_client_that_does_not_read_does_not_keep_its_place() {
    for spec in [json!({"timeoutSeconds": 7}), json!({"timeoutSeconds": 7, "idleTimeoutSeconds": 3})] {
        for http2 in [false, true] {
            let mut pod = RawApp::start().await;
            let rig = rig(spec.clone(), Some(&pod)).await;
            let speaks = tokio::spawn(async move {
                let mut wire = pod.next().await;
                wire.head().await;
                wire.send("HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n").await;
                while wire.stream.get_mut().write_all(&[0; 65_536]).await.is_ok() {}
            });
            let client = deaf(&rig, http2).await;
            tokio::time::pause();
            soon(speaks).await.expect("the app is told that nobody listens");
            rig.emptied("pod-1").await;
            tokio::time::resume();
            drop(client);
        }
    }
}

#[tokio::test]
async fn a_tunnel_is_cut_as_well() {
    let mut pod = RawApp::start().await;
    let rig = rig(json!({"timeoutSeconds": 7}), Some(&pod)).await;
    let mut client = rig.connect().await;
    client.send("GET / HTTP/1.1\r\nhost: shop\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n").await;
    let mut wire = pod.next().await;
    wire.head().await;
    wire.send("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n").await;
    client.head().await;
    tokio::time::pause();
    client.closed().await;
    wire.closed().await;
    rig.emptied("pod-1").await;
}

#[tokio::test]
async fn a_client_that_says_nothing_is_let_go() {
    let rig = rig(json!({}), None).await;
    tokio::time::pause();
    for opening in ["", "GET / HT", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let mut client = rig.connect().await;
        client.send(opening).await;
        client.rest().await;
    }
}
