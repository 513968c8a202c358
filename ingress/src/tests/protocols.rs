//! HTTP/1.0, 1.1, h2c, upgrades, trailers, 100-continue; streaming without buffering, both ways at once.

use bytes::Bytes;
use futures::StreamExt;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Version};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::json;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;

use super::kit::{RawApp, Rig, app, get, one_host, soon, text};

type Body = http_body_util::combinators::BoxBody<Bytes, std::convert::Infallible>;

async fn h2_client(rig: &Rig) -> http2::SendRequest<Body> {
    let stream = TcpStream::connect(rig.address).await.unwrap();
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// A body whose frames are sent by hand.
fn by_hand() -> (mpsc::UnboundedSender<Frame<Bytes>>, Body) {
    let (sender, frames) = mpsc::unbounded_channel();
    (sender, BodyExt::boxed(StreamBody::new(UnboundedReceiverStream::new(frames).map(Ok))))
}

/// Echoes the body frame by frame, trailers included.
async fn echo() -> std::net::SocketAddr {
    app(|request| async move {
        let version = request.version();
        let mut response = Response::new(request.into_body().boxed());
        response.headers_mut().insert("x-version", HeaderValue::from_static(if version == Version::HTTP_2 { "2" } else { "1" }));
        response.headers_mut().insert("trailer", HeaderValue::from_static("x-sum"));
        response
    })
    .await
}

async fn h2c_rig(address: std::net::SocketAddr) -> Rig {
    let rig = Rig::start().await;
    rig.revision("shop-1", json!({"containers": [{"ports": [{"name": "h2c", "containerPort": 8080}]}]}));
    rig.pod("pod-1", "shop-1", address);
    rig.ingress("shop", one_host("shop", &[("shop-1", 100)])).await;
    rig
}

#[tokio::test]
async fn h2_in_and_out_full_duplex_with_trailers() {
    let rig = h2c_rig(echo().await).await;
    let mut client = h2_client(&rig).await;
    let (frames, body) = by_hand();
    let request = Request::post("http://shop/pkg.Service/Method").header("te", "trailers").body(body).unwrap();
    let mut response = soon(client.send_request(request)).await.unwrap();
    assert_eq!(response.headers()["x-version"], "2");
    for round in 0..100 {
        let ping = Bytes::from(format!("ping {round}"));
        frames.send(Frame::data(ping.clone())).unwrap();
        let frame = soon(response.body_mut().frame()).await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), ping, "each frame comes back before the next is sent");
    }
    let trailers: HeaderMap = [(http::HeaderName::from_static("x-sum"), HeaderValue::from_static("100"))].into_iter().collect();
    frames.send(Frame::trailers(trailers)).unwrap();
    drop(frames);
    let frame = soon(response.body_mut().frame()).await.unwrap().unwrap();
    assert_eq!(frame.into_trailers().unwrap()["x-sum"], "100");
    drop(response);
    rig.emptied("pod-1").await;
}

#[tokio::test]
async fn h2_streams_share_one_connection_to_the_pod() {
    let rig = h2c_rig(echo().await).await;
    let client = h2_client(&rig).await;
    let asks = (0..50).map(|index| {
        let mut client = client.clone();
        async move {
            let (frames, body) = by_hand();
            frames.send(Frame::data(Bytes::from(format!("{index}")))).unwrap();
            drop(frames);
            let response = client.send_request(Request::post("http://shop/").body(body).unwrap()).await.unwrap();
            String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
        }
    });
    let answers = soon(futures::future::join_all(asks)).await;
    assert_eq!(answers, (0..50).map(|index| index.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn h2_in_h1_out_and_h1_in_h2_out() {
    let rig = Rig::with_app(echo().await).await;
    let mut client = h2_client(&rig).await;
    let (frames, body) = by_hand();
    frames.send(Frame::data(Bytes::from_static(b"hello"))).unwrap();
    let mut response = soon(client.send_request(Request::post("http://shop/").body(body).unwrap())).await.unwrap();
    assert_eq!(response.headers()["x-version"], "1");
    assert_eq!(soon(response.body_mut().frame()).await.unwrap().unwrap().into_data().unwrap(), "hello");
    drop(frames);
    assert!(soon(response.body_mut().frame()).await.is_none_or(|frame| frame.is_ok()));

    let rig = h2c_rig(echo().await).await;
    let answer = rig.ask("POST / HTTP/1.1\r\nhost: shop\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello").await;
    assert!(answer.contains("x-version: 2\r\n") && answer.contains("hello"), "{answer}");
}

#[tokio::test]
async fn an_h2_client_that_resets_frees_its_place() {
    let mut pod = RawApp::start().await;
    let rig = Rig::with_app(pod.address).await;
    let mut client = h2_client(&rig).await;
    let (_frames, body) = by_hand();
    let answer = tokio::spawn(client.send_request(Request::post("http://shop/").body(body).unwrap()));
    let mut wire = pod.next().await;
    wire.head().await;
    answer.abort();
    wire.closed().await;
    rig.emptied("pod-1").await;
}

#[tokio::test]
async fn trailers_over_http_1() {
    let rig = Rig::with_app(echo().await).await;
    let request = "POST / HTTP/1.1\r\nhost: shop\r\nte: trailers\r\ntrailer: x-sum\r\ntransfer-encoding: chunked\r\nconnection: close, te\r\n\r\n\
        5\r\nhello\r\n0\r\nx-sum: 5\r\n\r\n";
    let answer = rig.ask(request).await;
    assert!(answer.ends_with("5\r\nhello\r\n0\r\nx-sum: 5\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn chunks_flow_both_ways_at_once_over_http_1() {
    let rig = Rig::with_app(echo().await).await;
    let mut client = rig.connect().await;
    client.send("POST / HTTP/1.1\r\nhost: shop\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n").await;
    client.head().await;
    assert_eq!(client.exactly(10).await, "5\r\nfirst\r\n");
    for round in 0..50 {
        let chunk = format!("4\r\n{round:04}\r\n");
        client.send(&chunk).await;
        assert_eq!(client.exactly(chunk.len()).await, chunk);
    }
    client.send("0\r\n\r\n").await;
    assert_eq!(client.exactly(5).await, "0\r\n\r\n");
}

#[tokio::test]
async fn an_upgrade_carries_bytes_both_ways_and_holds_its_place() {
    let mut pod = RawApp::start().await;
    let rig = Rig::with_app(pod.address).await;
    let mut client = rig.connect().await;
    client
        .send("GET /ws HTTP/1.1\r\nhost: shop\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n")
        .await;
    let mut wire = pod.next().await;
    let head = wire.head().await;
    assert!(
        head.contains("connection: upgrade\r\n") && head.contains("upgrade: websocket\r\n") && head.contains("sec-websocket-key: k\r\n"),
        "{head}"
    );
    wire.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: a\r\n\r\nearly")
        .await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 101") && head.contains("sec-websocket-accept: a\r\n"), "{head}");
    assert_eq!(client.exactly(5).await, "early");
    for _ in 0..100 {
        client.send("ping").await;
        assert_eq!(wire.exactly(4).await, "ping");
        wire.send("pong!").await;
        assert_eq!(client.exactly(5).await, "pong!");
    }
    assert_eq!(rig.activator.in_flight("dev", "pod-1"), 1);
    drop(client);
    wire.closed().await;
    drop(wire);
    rig.emptied("pod-1").await;
}

#[tokio::test]
async fn a_refused_upgrade_is_an_ordinary_answer() {
    let rig = Rig::with_app(
        app(|_| async move {
            let mut no = text("no");
            *no.status_mut() = StatusCode::FORBIDDEN;
            no
        })
        .await,
    )
    .await;
    let answer = rig.ask("GET / HTTP/1.1\r\nhost: shop\r\nconnection: upgrade, close\r\nupgrade: websocket\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 403") && answer.ends_with("no"), "{answer}");
}

#[tokio::test]
async fn a_client_that_expects_100_is_asked_when_there_is_a_pod() {
    let mut pod = RawApp::start().await;
    let rig = Rig::start().await;
    rig.revision("shop-1", json!({}));
    rig.ingress("shop", one_host("shop", &[("shop-1", 100)])).await;
    let mut client = rig.connect().await;
    client.send("POST / HTTP/1.1\r\nhost: shop\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n").await;
    rig.pod("pod-1", "shop-1", pod.address);
    let mut wire = pod.next().await;
    let head = wire.head().await;
    assert!(!head.contains("expect"), "{head}");
    assert_eq!(client.head().await, "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("body").await;
    assert_eq!(wire.exactly(4).await, "body");
    wire.send("HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n").await;
    assert!(client.head().await.starts_with("HTTP/1.1 201"));
}

#[tokio::test]
async fn http_1_0_clients_get_http_1_0() {
    let mut pod = RawApp::start().await;
    let rig = Rig::with_app(pod.address).await;
    let mut client = rig.connect().await;
    client.send("GET / HTTP/1.0\r\nhost: shop\r\n\r\n").await;
    let mut wire = pod.next().await;
    assert!(wire.head().await.starts_with("GET / HTTP/1.1\r\n"));
    wire.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n").await;
    let answer = client.rest().await;
    assert!(answer.starts_with("HTTP/1.0 200") && answer.ends_with("\r\n\r\nhello"), "{answer}");
    assert!(!answer.contains("transfer-encoding"), "{answer}");
}

#[tokio::test]
async fn answers_without_a_body() {
    let mut pod = RawApp::start().await;
    let rig = Rig::with_app(pod.address).await;
    let mut client = rig.connect().await;
    let mut wire = None;
    for (method, answer, wanted) in [
        ("HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 1234\r\n\r\n", "content-length: 1234\r\n"),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 204"),
        ("GET", "HTTP/1.1 304 Not Modified\r\netag: \"x\"\r\n\r\n", "etag: \"x\"\r\n"),
        ("GET", "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", "content-length: 0\r\n"),
    ] {
        client.send(&format!("{method} / HTTP/1.1\r\nhost: shop\r\n\r\n")).await;
        let app = match &mut wire {
            Some(wire) => wire,
            None => wire.insert(pod.next().await),
        };
        assert!(app.head().await.starts_with(method), "all on one kept connection");
        app.send(answer).await;
        let head = client.head().await;
        assert!(head.contains(wanted), "{method}: {head}");
    }
}

#[tokio::test]
async fn large_bodies_pass_with_back_pressure() {
    let rig = Rig::with_app(echo().await).await;
    let mut client = rig.connect().await;
    let (size, piece) = (8 << 20, "x".repeat(64 << 10));
    client.send(&format!("POST / HTTP/1.1\r\nhost: shop\r\ncontent-length: {size}\r\nconnection: close\r\n\r\n")).await;
    let (mut reader, mut writer) = tokio::io::split(client.stream.into_inner());
    let sending = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        for _ in 0..size / piece.len() {
            writer.write_all(piece.as_bytes()).await.unwrap();
        }
        writer
    });
    let mut all = Vec::new();
    use tokio::io::AsyncReadExt;
    soon(reader.read_to_end(&mut all)).await.unwrap();
    soon(sending).await.unwrap();
    let start = all.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    assert_eq!(all.len() - start, size);
}

#[tokio::test]
async fn requests_in_a_row_on_one_connection() {
    let rig = Rig::with_app(app(|request| async move { text(request.uri().path()) }).await).await;
    let mut client = rig.connect().await;
    client.send("GET /1 HTTP/1.1\r\nhost: shop\r\n\r\nGET /2 HTTP/1.1\r\nhost: shop\r\n\r\nGET /3 HTTP/1.1\r\nhost: nobody\r\nconnection: close\r\n\r\n").await;
    client.head().await;
    assert_eq!(client.exactly(2).await, "/1");
    client.head().await;
    assert_eq!(client.exactly(2).await, "/2");
    assert!(client.rest().await.starts_with("HTTP/1.1 404"));
    assert!(rig.ask(&get("shop")).await.ends_with('/'));
}
