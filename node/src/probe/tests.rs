//! Probes: how they are read, what each check says, and how a container fares by them, on virtual time.

use std::sync::Mutex;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::check::{Commands, once};
use super::health::{Crowd, Listener, watch};
use super::*;

const DEADLINE: Duration = Duration::from_secs(20);

fn container(value: serde_json::Value) -> Container {
    let mut merged =
        json!({"name": "c", "ports": [{"name": "user-port", "containerPort": 20_001}, {"name": "admin", "containerPort": 9_000}]});
    merged.as_object_mut().unwrap().extend(value.as_object().unwrap().clone());
    serde_json::from_value(merged).unwrap()
}

fn readiness(value: serde_json::Value) -> Result<Check, String> {
    read(&container(json!({"readinessProbe": value})), false).map(|probes| probes.readiness.unwrap().check)
}

#[test]
fn probes_are_read() {
    let tcp = |port| Ok(Check::Tcp { port });
    assert_eq!(readiness(json!({"tcpSocket": {"port": "user-port"}})), tcp(20_001));
    assert_eq!(readiness(json!({"tcpSocket": {"port": 0}})), tcp(20_001));
    assert_eq!(readiness(json!({"tcpSocket": {"port": "admin"}})), tcp(9_000));
    assert_eq!(readiness(json!({"tcpSocket": {"port": "81"}})), tcp(81));
    assert_eq!(readiness(json!({})), tcp(20_001));
    assert_eq!(readiness(json!({"grpc": {"port": 0, "service": "s"}})), Ok(Check::Grpc { port: 20_001, service: "s".into() }));
    assert_eq!(readiness(json!({"exec": {"command": ["true"]}})), Ok(Check::Exec { command: vec!["true".into()] }));
    let http = Check::Http { host: None, port: 20_001, path: "/ok".into(), headers: vec![("A".into(), "b".into())], h2c: false };
    let get = json!({"httpGet": {"port": "user-port", "path": "ok", "httpHeaders": [{"name": "A", "value": "b"}]}});
    assert_eq!(readiness(get), Ok(http));
    for (probe, want) in [
        (json!({"tcpSocket": {"port": "nope"}}), r#"readinessProbe of container "c": the container has no port named "nope""#),
        (json!({"tcpSocket": {"port": 70_000}}), r#"readinessProbe of container "c": 70000 is not a port"#),
        (
            json!({"httpGet": {"port": 1, "scheme": "HTTPS"}}),
            r#"readinessProbe of container "c": scheme HTTPS is not supported for a process on this machine; probe with HTTP, tcpSocket or exec"#,
        ),
    ] {
        assert_eq!(readiness(probe).unwrap_err(), want);
    }
}

#[test]
fn times_have_kubernetes_defaults_but_readiness_may_lack_a_period() {
    let probe = json!({"tcpSocket": {"port": 1}});
    let probes = read(&container(json!({"readinessProbe": probe, "livenessProbe": probe, "startupProbe": probe})), false).unwrap();
    let readiness = probes.readiness.unwrap();
    assert_eq!((readiness.period, readiness.timeout, readiness.successes, readiness.failures), (None, seconds(1), 1, 3));
    assert_eq!((probes.liveness.unwrap().period, probes.startup.unwrap().period), (Some(seconds(10)), Some(seconds(10))));
}

struct NoCommands;

impl Commands for NoCommands {
    async fn run(&self, command: &[String]) -> Result<(), String> {
        if command == ["true"] { Ok(()) } else { Err("exited with code 1".into()) }
    }
}

/// Answers every connection with `answer` after it has read something, and reports what it read.
async fn server(answer: &'static str) -> (u16, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (heard, hears) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4_096];
            let read = stream.read(&mut request).await.unwrap();
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = heard.send(String::from_utf8_lossy(&request[..read]).into_owned());
        }
    });
    (port, hears)
}

#[tokio::test]
async fn a_tcp_check_connects_and_leaves_in_order() {
    let (port, mut heard) = server("").await;
    once(&Check::Tcp { port }, DEADLINE, &NoCommands).await.unwrap();
    // The server's read returned nothing, and no error (such as a reset).
    assert_eq!(heard.recv().await.unwrap(), "");
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let error = once(&Check::Tcp { port: closed }, DEADLINE, &NoCommands).await.unwrap_err();
    assert_eq!(error, format!("port {closed}: nothing listens on 127.0.0.1:{closed} (connection refused)"));
}

#[tokio::test]
async fn an_http_check_judges_the_status() {
    let check = |port| Check::Http { host: None, port, path: "/ok?x".into(), headers: vec![("X-A".into(), "b".into())], h2c: false };
    let (port, mut heard) = server("HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n").await;
    once(&check(port), DEADLINE, &NoCommands).await.unwrap();
    let request = heard.recv().await.unwrap();
    for want in ["GET /ok?x HTTP/1.1\r\n", "user-agent: kube-probe/ebb\r\n", "connection: close\r\n", "x-a: b\r\n"] {
        assert!(request.contains(want), "{request}");
    }
    assert!(request.contains(&format!("host: 127.0.0.1:{port}\r\n")), "{request}");
    let (port, _heard) = server("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n").await;
    let error = once(&check(port), DEADLINE, &NoCommands).await.unwrap_err();
    assert_eq!(error, format!("port {port}: GET /ok?x: answered 503 Service Unavailable"));
    let (port, _heard) = server("nonsense\r\n\r\n").await;
    let error = once(&check(port), DEADLINE, &NoCommands).await.unwrap_err();
    assert!(error.starts_with(&format!("port {port}: GET /ok?x: ")), "{error}");
}

#[tokio::test]
async fn a_check_that_hangs_fails_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let check = Check::Http { host: None, port, path: "/".into(), headers: vec![], h2c: false };
    let error = once(&check, Duration::from_millis(20), &NoCommands).await.unwrap_err();
    assert_eq!(error, format!("port {port} did not answer within 20ms"));
}

/// A gRPC server that answers every call with one message.
async fn grpc_server(message: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = hyper::service::service_fn(move |request: ::http::Request<hyper::body::Incoming>| async move {
                assert_eq!(request.uri().path(), "/grpc.health.v1.Health/Check");
                let body = http_body_util::Full::new(bytes::Bytes::from_static(message));
                let mut trailers = ::http::HeaderMap::new();
                trailers.insert("grpc-status", ::http::HeaderValue::from_static("0"));
                let body = http_body_util::BodyExt::with_trailers(body, async move { Some(Ok(trailers)) });
                Ok::<_, std::convert::Infallible>(::http::Response::new(body))
            });
            let executor = hyper_util::rt::TokioExecutor::new();
            tokio::spawn(
                hyper::server::conn::http2::Builder::new(executor).serve_connection(hyper_util::rt::TokioIo::new(stream), service),
            );
        }
    });
    port
}

#[tokio::test]
async fn a_grpc_check_asks_the_health_service() {
    let check = |port| Check::Grpc { port, service: "shop".into() };
    once(&check(grpc_server(&[0, 0, 0, 0, 2, 8, 1]).await), DEADLINE, &NoCommands).await.unwrap();
    let port = grpc_server(&[0, 0, 0, 0, 2, 8, 2]).await;
    let error = once(&check(port), DEADLINE, &NoCommands).await.unwrap_err();
    assert_eq!(error, format!("port {port}: gRPC health check: NOT_SERVING"));
}

#[tokio::test]
async fn an_h2c_port_is_asked_over_http2() {
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let service = hyper::service::service_fn(|_| async {
                Ok::<_, std::convert::Infallible>(::http::Response::new(http_body_util::Empty::<bytes::Bytes>::new()))
            });
            let executor = hyper_util::rt::TokioExecutor::new();
            let _ =
                hyper::server::conn::http2::Builder::new(executor).serve_connection(hyper_util::rt::TokioIo::new(stream), service).await;
        });
        port
    };
    let check = Check::Http { host: None, port, path: "/".into(), headers: vec![], h2c: true };
    once(&check, DEADLINE, &NoCommands).await.unwrap();
}

/// Answers from a script, which must be used up, and remembers what it heard.
#[derive(Default)]
struct Script {
    answers: Mutex<Vec<bool>>,
    heard: Mutex<Vec<String>>,
}

impl Commands for Script {
    async fn run(&self, _command: &[String]) -> Result<(), String> {
        let next = self.answers.lock().unwrap().pop();
        match next {
            Some(true) => Ok(()),
            Some(false) => Err("exited with code 1".into()),
            None => std::future::pending().await,
        }
    }
}

impl Listener for Script {
    fn started(&self) {
        self.heard.lock().unwrap().push("started".into());
    }
    fn ready(&self) {
        self.heard.lock().unwrap().push("ready".into());
    }
    fn unready(&self, why: &str) {
        self.heard.lock().unwrap().push(format!("unready: {why}"));
    }
    fn doubtful(&self, why: &str) {
        self.heard.lock().unwrap().push(format!("doubtful: {why}"));
    }
}

/// Plays `answers` (first to last), then lets `for_seconds` pass; what was heard, and how it ended.
async fn play(probes: Probes, answers: &[bool], for_seconds: u64) -> (Vec<String>, Option<String>) {
    let script = Script { answers: Mutex::new(answers.iter().rev().copied().collect()), ..Script::default() };
    let ended = tokio::time::timeout(Duration::from_secs(for_seconds), watch(&probes, &Crowd::default(), &script, &script)).await.ok();
    assert_eq!(*script.answers.lock().unwrap(), Vec::<bool>::new(), "the script was not used up");
    (script.heard.into_inner().unwrap(), ended)
}

fn exec(period: Option<u64>) -> Probe {
    let check = Check::Exec { command: vec!["x".into()] };
    let period = period.map(Duration::from_secs);
    Probe { check, initial_delay: Duration::ZERO, period, timeout: Duration::from_secs(100), successes: 1, failures: 3 }
}

#[tokio::test(start_paused = true)]
async fn readiness_comes_and_goes() {
    let probes = Probes { readiness: Some(exec(None)), ..Probes::default() };
    let answers = [false, true, true, false, true, false, false, false, true];
    let (heard, ended) = play(probes, &answers, 60).await;
    let failing = "unready: readiness probe: exited with code 1";
    assert_eq!(heard, ["started", failing, "ready", failing, "ready"]);
    assert_eq!(ended, None);
}

#[tokio::test(start_paused = true)]
async fn without_probes_a_container_is_ready_at_once() {
    let (heard, ended) = play(Probes::default(), &[], 60).await;
    assert_eq!((heard, ended), (vec!["started".to_owned(), "ready".into()], None));
}

#[tokio::test(start_paused = true)]
async fn liveness_kills_after_its_threshold() {
    let probes = Probes { liveness: Some(exec(Some(5))), ..Probes::default() };
    let (heard, ended) = play(probes, &[true, false, true, false, false, false], 60).await;
    assert_eq!(heard.iter().filter(|heard| heard.starts_with("doubtful")).count(), 4);
    assert_eq!(ended.unwrap(), "liveness probe failed 3 times: exited with code 1");
}

#[tokio::test(start_paused = true)]
async fn startup_holds_the_others_back_and_has_a_budget() {
    let probes = Probes { startup: Some(exec(Some(1))), ..Probes::default() };
    let (heard, _) = play(probes.clone(), &[false, true], 60).await;
    assert_eq!(heard, ["unready: startup probe: exited with code 1", "started", "ready"]);
    let script = Script { answers: Mutex::new(vec![false; 10_000]), ..Script::default() };
    let why = tokio::time::timeout(DEADLINE, watch(&probes, &Crowd::default(), &script, &script)).await.unwrap();
    assert_eq!(why, "startup probe failed for 3 s: exited with code 1");
}
