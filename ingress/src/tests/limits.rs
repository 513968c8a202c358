//! containerConcurrency, seen from the app.

use serde_json::json;

use super::kit::{RawApp, Rig, get, one_host, soon};

/// Serves one connection after the other, as the simplest of apps do. It would never see a request on a second
/// connection while the first is open.
fn one_connection_after_the_other(mut pod: RawApp) {
    tokio::spawn(async move {
        while let Some(mut wire) = pod.connections.recv().await {
            loop {
                let head = wire.head().await;
                if head.is_empty() {
                    break;
                }
                wire.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
            }
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_with_one_place_never_sees_two_connections() {
    let pod = RawApp::start().await;
    let rig = Rig::start_with(2).await;
    rig.revision("shop-1", json!({"containerConcurrency": 1}));
    rig.pod("pod-1", "shop-1", pod.address);
    rig.ingress("shop", one_host("shop", &[("shop-1", 100)])).await;
    one_connection_after_the_other(pod);
    for _ in 0..5 {
        let gets = (0..20).map(|_| async { rig.ask(&get("shop")).await });
        let posts =
            (0..20).map(|_| async { rig.ask("POST / HTTP/1.1\r\nhost: shop\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await });
        for answer in soon(futures::future::join(futures::future::join_all(gets), futures::future::join_all(posts))).await.0 {
            assert!(answer.ends_with("ok"), "{answer}");
        }
    }
}
