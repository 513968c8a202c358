//! Ingress objects in force: splits, visibility, status, updates under load.

use serde_json::json;

use super::api::INGRESSES;
use super::kit::{Rig, Wire, get, named, one_host, soon, split};

#[tokio::test]
async fn a_split_is_exact_in_every_hundred() {
    let rig = Rig::start().await;
    for (revision, name) in [("shop-1", "A"), ("shop-2", "B")] {
        rig.revision(revision, json!({}));
        rig.pod(&format!("pod-{revision}"), revision, named(name).await);
    }
    rig.ingress("shop", one_host("shop", &[("shop-1", 20), ("shop-2", 80)])).await;
    let mut client = rig.connect().await;
    let mut taken = String::new();
    for _ in 0..200 {
        client.send("GET / HTTP/1.1\r\nhost: shop\r\n\r\n").await;
        client.head().await;
        taken.push_str(&client.exactly(1).await);
    }
    for window in taken.as_bytes().windows(100) {
        assert_eq!(window.iter().filter(|byte| **byte == b'A').count(), 20);
    }
}

#[tokio::test]
async fn cluster_local_hosts_answer_inside_only() {
    let rig = Rig::start().await;
    rig.revision("shop-1", json!({}));
    rig.pod("pod-1", "shop-1", named("inside").await);
    let spec =
        json!({"rules": [{"hosts": ["shop.dev"], "visibility": "ClusterLocal", "http": {"paths": [{"splits": [split("shop-1", 100)]}]}}]});
    rig.ingress("shop", spec).await;
    assert!(rig.ask(&get("shop.dev")).await.starts_with("HTTP/1.1 404"));
    let mut client = Wire::connect(rig.internal).await;
    client.send(&get("shop.dev")).await;
    assert!(client.rest().await.ends_with("inside"));
}

#[tokio::test]
async fn the_status_says_what_is_in_force_and_is_written_once() {
    let rig = Rig::with_app(named("app").await).await;
    let object = rig.cluster.get(INGRESSES, "shop");
    let status = &object["status"];
    assert_eq!(status["observedGeneration"], object["metadata"]["generation"]);
    let conditions: Vec<_> =
        status["conditions"].as_array().unwrap().iter().map(|c| (c["type"].as_str().unwrap(), c["status"].as_str().unwrap())).collect();
    assert_eq!(conditions, [("LoadBalancerReady", "True"), ("NetworkConfigured", "True"), ("Ready", "True")]);
    for balancer in ["publicLoadBalancer", "privateLoadBalancer"] {
        assert!(status[balancer]["ingress"][0]["domainInternal"].as_str().unwrap().ends_with(".cluster.local"));
    }
    // Another object's round trip proves that the first one's own event was handled.
    rig.ingress("other", one_host("other", &[("shop-1", 100)])).await;
    assert_eq!(rig.cluster.patches_of("shop"), 1);
}

#[tokio::test]
async fn problems_are_told_and_blind_nobody() {
    let rig = Rig::with_app(named("app").await).await;
    rig.ingress("thief", one_host("shop", &[("shop-1", 100)])).await;
    rig.ingress("broken", one_host("broken", &[("shop-1", 99)])).await;
    for (name, reason, message) in [
        ("thief", "HostTaken", "host \"shop\" is already held by the older Ingress dev/shop"),
        ("broken", "InvalidSplit", "path \"\": traffic split percentages must total to 100, but they total to 99"),
    ] {
        let ready = rig.cluster.get(INGRESSES, name)["status"]["conditions"][2].clone();
        assert_eq!((&ready["type"], &ready["status"]), (&json!("Ready"), &json!("False")));
        assert_eq!((&ready["reason"], &ready["message"]), (&json!(reason), &json!(message)));
    }
    assert!(rig.ask(&get("shop")).await.ends_with("app"));
    rig.cluster.delete(INGRESSES, "shop");
    rig.cluster.until(INGRESSES, "thief", |object| object["status"]["conditions"][2]["status"] == "True").await;
}

#[tokio::test]
async fn other_classes_are_left_untouched() {
    let rig = Rig::with_app(named("app").await).await;
    for (name, class) in [("istio", "istio.ingress.networking.knative.dev"), ("none", "")] {
        rig.put_ingress(name, one_host(name, &[("shop-1", 100)]), class);
    }
    rig.ingress("other", one_host("other", &[("shop-1", 100)])).await;
    for name in ["istio", "none"] {
        assert!(rig.cluster.get(INGRESSES, name).get("status").is_none());
        assert!(rig.ask(&get(name)).await.starts_with("HTTP/1.1 404"));
    }
}

#[tokio::test]
async fn an_update_is_in_force_when_it_is_ready_and_loses_nothing() {
    let rig = Rig::start().await;
    rig.revision("shop-1", json!({}));
    let echo = super::kit::app(|request| async move { super::kit::text(request.headers()["x-version"].to_str().unwrap()) }).await;
    rig.pod("pod-1", "shop-1", echo);
    let spec = |version: usize| {
        let mut spec = one_host("shop", &[("shop-1", 100)]);
        spec["rules"][0]["http"]["paths"][0]["appendHeaders"] = json!({"X-Version": version.to_string()});
        spec
    };
    rig.ingress("shop", spec(0)).await;
    let address = rig.address;
    let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
    let load = tokio::spawn(async move {
        let mut answered = 0;
        while stopped.try_recv().is_err() {
            let mut client = Wire::connect(address).await;
            client.send(&get("shop")).await;
            let answer = client.rest().await;
            assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            answered += 1;
        }
        answered
    });
    for version in 1..20 {
        rig.ingress("shop", spec(version)).await;
        assert!(rig.ask(&get("shop")).await.ends_with(&format!("\r\n\r\n{version}")));
    }
    stop.send(()).unwrap();
    assert!(soon(load).await.unwrap() > 0);
}

#[tokio::test]
async fn a_redirected_ingress_sends_clients_to_https() {
    let rig = Rig::with_app(named("app").await).await;
    let mut spec = one_host("safe", &[("shop-1", 100)]);
    spec["httpOption"] = json!("Redirected");
    rig.ingress("safe", spec).await;
    let answer = rig.ask("GET /a?b=c HTTP/1.1\r\nhost: safe:8080\r\nconnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 301") && answer.contains("location: https://safe/a?b=c\r\n"), "{answer}");
}

#[tokio::test]
async fn worker_threads_serve_the_same_table() {
    let rig = Rig::start_with(2).await;
    rig.revision("shop-1", json!({"containerConcurrency": 1}));
    rig.pod("pod-1", "shop-1", named("app").await);
    rig.ingress("shop", one_host("shop", &[("shop-1", 100)])).await;
    let asks = (0..40).map(|_| async { rig.ask(&get("shop")).await });
    for answer in futures::future::join_all(asks).await {
        assert!(answer.ends_with("\r\n\r\napp"), "{answer}");
    }
    soon(rig.supervisor.drain()).await;
}
