//! What the app sees, and what the client gets back.

use serde_json::json;

use super::kit::{RawApp, Rig, app, get, named, one_host, soon, split, text};

#[tokio::test]
async fn the_app_sees_the_head_as_knative_describes_it() {
    let seen = app(|request| async move {
        let mut lines: Vec<String> = request.headers().iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        lines.sort();
        text(format!("{} {} {:?}\n{}", request.method(), request.uri(), request.version(), lines.join("\n")))
    })
    .await;
    let rig = Rig::with_app(seen).await;
    let answer = rig
        .ask(
            "POST /a/b%20c?d=e HTTP/1.1\r\nHost: Shop:8080\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nX-Forwarded-For: 9.9.9.9\r\n\
             Knative-Serving-Revision: other\r\nK-Original-Host: evil\r\nK-Proxy-Request: me\r\nKeep-Alive: 5\r\n\
             traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nContent-Length: 2\r\n\r\nhi",
        )
        .await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("server-timing: ebb;desc="), "{head}");
    assert_eq!(
        body.lines().collect::<Vec<_>>(),
        [
            "POST /a/b%20c?d=e HTTP/1.1",
            "content-length: 2",
            "forwarded: for=9.9.9.9;host=\"Shop:8080\";proto=http, for=127.0.0.1",
            "host: Shop:8080",
            "k-proxy-request: activator",
            "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "x-forwarded-for: 9.9.9.9, 127.0.0.1",
            "x-forwarded-host: Shop:8080",
            "x-forwarded-proto: http",
        ]
    );
}

#[tokio::test]
async fn a_request_without_a_trace_gets_one() {
    let echo = app(|request| async move { text(request.headers()["traceparent"].to_str().unwrap()) }).await;
    let rig = Rig::with_app(echo).await;
    let traces = [rig.ask(&get("shop")).await, rig.ask(&get("shop")).await];
    for trace in &traces {
        let trace = trace.rsplit("\r\n\r\n").next().unwrap();
        assert!(trace.starts_with("00-") && trace.ends_with("-01") && trace.len() == 55, "{trace}");
    }
    assert_ne!(traces[0], traces[1]);
}

#[tokio::test]
async fn the_answers_hop_by_hop_headers_end_here() {
    let mut pod = RawApp::start().await;
    let rig = Rig::with_app(pod.address).await;
    let mut client = rig.connect().await;
    client.send("GET / HTTP/1.1\r\nhost: shop\r\n\r\n").await;
    let mut wire = pod.next().await;
    wire.head().await;
    wire.send("HTTP/1.1 200 Fine\r\nconnection: x-own\r\nx-own: 1\r\nkeep-alive: timeout=5\r\nx-app: 2\r\ncontent-length: 0\r\n\r\n").await;
    let head = client.head().await;
    assert!(head.starts_with("HTTP/1.1 200 Fine\r\n"), "the reason phrase is the app's: {head}");
    assert!(head.contains("x-app: 2\r\n") && !head.contains("x-own") && !head.contains("timeout=5"), "{head}");
}

#[tokio::test]
async fn a_warm_answer_says_so_and_a_cold_one_says_what_took_time() {
    let rig = Rig::start().await;
    rig.revision("shop-1", json!({}));
    rig.ingress("shop", one_host("shop", &[("shop-1", 100)])).await;
    let mut client = rig.connect().await;
    client.send("GET / HTTP/1.1\r\nhost: shop\r\n\r\n").await;
    let mut observations = rig.observations;
    while !soon(observations.recv()).await.unwrap().poke {}
    rig.cluster.put(
        super::api::PODS,
        json!({"metadata": {"namespace": "dev", "name": "p", "uid": "u", "labels": {"serving.knative.dev/revision": "shop-1"}},
            "spec": {"containers": [{"name": "c", "ports": [{"name": "user-port", "containerPort": named("hello").await.port()}]}]},
            "status": {"podIP": "127.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]}}),
    );
    let head = client.head().await;
    assert!(head.contains("server-timing: ebb;desc=\"cold\", queue;dur="), "{head}");
    assert!(head.contains(", connect;dur="), "{head}");
    assert_eq!(client.exactly(5).await, "hello");
    client.send("GET / HTTP/1.1\r\nhost: shop\r\n\r\n").await;
    assert!(client.head().await.contains("server-timing: ebb;desc=\"warm\"\r\n"));
}

#[tokio::test]
async fn probes_are_answered_here() {
    let rig = Rig::with_app(named("app").await).await;
    let probe = |lines: &str| format!("GET / HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n{lines}\r\n");
    let answer = rig.ask(&probe("k-network-probe: probe\r\nk-network-hash: abc\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("k-network-hash: abc\r\n"), "{answer}");
    let answer = rig.ask(&probe("k-network-probe: probe\r\nk-network-hash: override\r\n")).await;
    let hash = answer.split("k-network-hash: ").nth(1).unwrap().split("\r\n").next().unwrap();
    assert!(hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
    let answer = rig.ask(&probe("k-network-probe: probe\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(answer.ends_with("\r\n\r\na probe request must contain a non-empty \"K-Network-Hash\" header\n"), "{answer}");
    let answer = rig.ask(&probe("k-network-probe: queue\r\n")).await;
    assert!(answer.ends_with("unexpected probe header value: \"queue\"\n"), "{answer}");
    assert!(rig.ask(&probe("k-network-probe: activator\r\n")).await.ends_with("\r\n\r\nactivator"));
}

#[tokio::test]
async fn a_mapped_domain_reaches_the_service_and_keeps_its_host() {
    let echo = app(|request| async move {
        let seen = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
        text(format!("{} {} [{}]", seen("host"), seen("x-from"), seen("k-original-host")))
    })
    .await;
    let rig = Rig::start().await;
    rig.revision("shop-1", json!({}));
    rig.pod("pod-1", "shop-1", echo);
    let local = json!({"rules": [{"hosts": ["shop.dev.svc.cluster.local"], "visibility": "ClusterLocal", "http": {"paths": [{"splits": [split("shop-1", 100)]}]}}]});
    rig.ingress("shop", local).await;
    let mapping = json!({"rules": [{"hosts": ["shop.example"], "http": {"paths": [{
        "rewriteHost": "shop.dev.svc.cluster.local", "appendHeaders": {"K-Original-Host": "shop.example", "X-From": "mapping"},
        "splits": [{"serviceNamespace": "dev", "serviceName": "shop", "servicePort": 80, "percent": 100}]}]}}]});
    rig.ingress("mapping", mapping).await;
    assert!(rig.ask(&get("shop.example")).await.ends_with("shop.example mapping []"));
}
