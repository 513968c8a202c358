//! The shell over an API server in this process: what it writes, in which order, and what it survives.

use std::time::Duration;

use ebb_api::autoscaling::{PodAutoscaler, PodAutoscalerStatus};
use ebb_api::conditions::{Conditioned, kind};
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::json;

use harness::{NAMESPACE, Running, World};
use tap::Tap;

mod harness;
mod tap;

fn is_active(status: &PodAutoscalerStatus) -> bool {
    status.is_true(kind::ACTIVE)
}

fn reason(status: &PodAutoscalerStatus) -> &str {
    status.condition(kind::ACTIVE).map_or("", |active| active.reason.as_str())
}

#[tokio::test]
async fn a_poke_at_zero_sets_the_scale_first_and_the_status_after() {
    let world = World::new();
    world.sleeping("shop").await;
    let running = Running::start(&world).await;
    world.until_status("shop", "a whole status", |status| status.is_true(kind::SKS_READY)).await;
    let before = running.tap.writes().len();

    running.poke("shop", 1).await;
    world.until_scale("shop", 1).await;
    world.until_status("shop", "queued", |status| reason(status) == "Queued" && status.desired_scale == Some(1)).await;
    world.ready_pods("shop", 0..1).await;
    world.until_status("shop", "active", |status| is_active(status) && status.actual_scale == Some(1)).await;

    let writes = running.tap.writes().split_off(before);
    assert_eq!(writes[0], format!("PATCH /apis/apps/v1/namespaces/{NAMESPACE}/deployments/shop-deployment/scale"));
    assert!(writes[1..].iter().all(|write| write.ends_with("podautoscalers/shop/status")), "{writes:?}");
    running.stop().await;
}

#[tokio::test]
async fn waiting_requests_get_their_pods_in_one_write() {
    let world = World::new();
    world.sleeping("shop").await;
    let running = Running::start(&world).await;
    running.poke("shop", 40).await;
    world.until_scale("shop", 40).await;
    assert_eq!(running.tap.count("/scale"), 1);
    running.stop().await;
}

#[tokio::test]
async fn a_hundred_revisions_do_not_wait_for_one_slow_write() {
    let world = World::new();
    let name = |number: u32| format!("shop-{number}");
    for number in 0..100 {
        world.sleeping(&name(number)).await;
    }
    let tap = Tap::default();
    let release = tap.hold("shop-0-deployment/scale");
    let running = Running::start_with(&world, tap).await;
    for number in 0..100 {
        running.poke(&name(number), 1).await;
    }
    for number in 1..100 {
        world.until_scale(&name(number), 1).await;
    }
    assert_eq!(world.scale("shop-0").await, Some(0), "the held write is still under way");
    release.send(true).unwrap();
    world.until_scale("shop-0", 1).await;
    running.stop().await;
}

#[tokio::test]
async fn a_refused_scale_is_tried_again() {
    let world = World::new();
    world.sleeping("shop").await;
    let tap = Tap::default();
    tap.refuse("/scale", 3);
    let running = Running::start_with(&world, tap).await;
    running.poke("shop", 2).await;
    world.until_scale("shop", 2).await;
    assert_eq!(running.tap.count("/scale"), 4);
    assert!(running.metrics().contains("autoscaler_scale_writes_failed_total 3"), "{}", running.metrics());
    running.stop().await;
}

#[tokio::test]
async fn a_poke_before_the_revision_is_known_is_not_lost() {
    let world = World::new();
    let running = Running::start(&world).await;
    running.poke("early", 3).await;
    world.autoscaler("early", &[], Some("NoTraffic")).await;
    world.deployment("early", 0).await;
    world.until_scale("early", 3).await;

    // The other order of the two.
    running.poke("late", 3).await;
    world.deployment("late", 0).await;
    world.autoscaler("late", &[], Some("NoTraffic")).await;
    world.until_scale("late", 3).await;
    running.stop().await;
}

#[tokio::test]
async fn a_new_revision_becomes_initialized_and_active() {
    let world = World::new();
    world.revision("shop", 1, &[]).await;
    let running = Running::start(&world).await;
    world.until_status("shop", "queued", |status| reason(status) == "Queued" && !status.is_true(kind::SCALE_TARGET_INITIALIZED)).await;
    world.ready_pods("shop", 0..1).await;
    world.until_status("shop", "ready", |status| status.is_ready_at(Some(1)) && status.is_true(kind::SCALE_TARGET_INITIALIZED)).await;
    assert_eq!(running.tap.count("/scale"), 0, "the initial scale stands already");
    running.stop().await;
}

#[tokio::test]
async fn annotations_and_settings_are_live() {
    let world = World::new();
    world.revision("shop", 1, &[("min-scale", "2")]).await;
    world.sleeping("bar").await;
    let running = Running::start(&world).await;
    world.until_scale("shop", 2).await;
    let annotations = json!({"metadata": {"annotations": {"autoscaling.knative.dev/min-scale": "3"}}});
    world.api::<PodAutoscaler>().patch("shop", &PatchParams::default(), &Patch::Merge(annotations)).await.unwrap();
    world.until_scale("shop", 3).await;

    world.configure(json!({"min-scale": "1"})).await;
    world.until_scale("bar", 1).await;
    // What makes no sense changes nothing, and what makes sense again does.
    world.configure(json!({"min-scale": "-7"})).await;
    world.configure(json!({"min-scale": "4"})).await;
    world.until_scale("bar", 4).await;
    assert_eq!(world.scale("shop").await, Some(3));
    running.stop().await;
}

#[tokio::test]
async fn a_foreign_class_is_left_alone() {
    let world = World::new();
    world.revision("foreign", 1, &[("class", "hpa.autoscaling.knative.dev"), ("min-scale", "5")]).await;
    world.revision("ours", 1, &[("min-scale", "5")]).await;
    let running = Running::start(&world).await;
    running.poke("foreign", 9).await;
    world.until_scale("ours", 5).await;
    world.until_status("ours", "a status", |status| reason(status) == "Queued").await;
    assert_eq!(running.tap.count("foreign"), 0, "{:?}", running.tap.writes());
    running.stop().await;
}

#[tokio::test]
async fn traffic_ends_and_everything_goes_to_sleep() {
    let world = World::new();
    world.sleeping("shop").await;
    let running = Running::start(&world).await;
    tokio::time::pause();
    running.poke("shop", 4).await;
    world.until_scale("shop", 4).await;
    world.ready_pods("shop", 0..4).await;
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        running.look("shop", 4, 0).await;
    }
    running.look("shop", 0, 0).await;
    let began = tokio::time::Instant::now();
    // At most half of the pods go in one step.
    world.until_scale("shop", 2).await;
    world.delete_pods("shop", 2..4).await;
    world.until_scale("shop", 1).await;
    world.delete_pods("shop", 1..2).await;
    world.until_scale("shop", 0).await;
    let passed = began.elapsed();
    assert!((Duration::from_secs(59)..Duration::from_secs(75)).contains(&passed), "{passed:?}");
    world.until_status("shop", "asleep", |status| reason(status) == "NoTraffic" && status.desired_scale == Some(0)).await;
    running.stop().await;
}

#[tokio::test]
async fn a_restart_takes_nothing_away_before_a_stable_window_has_passed() {
    let world = World::new();
    world.deployment("shop", 5).await;
    world.autoscaler("shop", &[], Some("")).await;
    let running = Running::start(&world).await;
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    // The pods of the last run are still coming back.
    world.ready_pods("shop", 0..5).await;
    world.until_scale("shop", 2).await;
    assert!(began.elapsed() > Duration::from_secs(58), "{:?}", began.elapsed());
    running.stop().await;
}

#[tokio::test]
async fn a_revision_at_zero_has_no_timer() {
    let world = World::new();
    world.sleeping("shop").await;
    let running = Running::start(&world).await;
    world.until_status("shop", "a whole status", |status| status.is_true(kind::SKS_READY)).await;
    let before = running.tap.writes().len();
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(3_600)).await;
    assert_eq!(running.tap.writes().len(), before);
    running.stop().await;
}

#[tokio::test]
async fn gauges_come_and_go_with_their_revision() {
    let world = World::new();
    world.sleeping("shop").await;
    let running = Running::start(&world).await;
    running.poke("shop", 2).await;
    world.until_scale("shop", 2).await;
    let labels = r#"{namespace_name="default",revision_name="shop"}"#;
    let text = running.metrics();
    for gauge in ["desired_pods", "actual_pods", "panic_mode", "target_concurrency_per_pod", "stable_request_concurrency"] {
        assert!(text.contains(&format!("\nautoscaler_{gauge}{labels} ")), "{gauge} is missing in\n{text}");
    }
    assert!(text.contains(&format!("\nautoscaler_desired_pods{labels} 2.0\n")), "{text}");
    assert!(text.contains("autoscaler_scale_changes_total{because=\"Waiting\"} 1"), "{text}");
    assert!(text.contains("autoscaler_poke_to_scale_seconds_count 1"), "{text}");

    world.api::<PodAutoscaler>().delete("shop", &DeleteParams::default()).await.unwrap();
    // A later revision is scaled, so the deletion has been seen.
    world.revision("next", 1, &[("min-scale", "2")]).await;
    world.until_scale("next", 2).await;
    assert!(!running.metrics().contains("revision_name=\"shop\""), "{}", running.metrics());
    running.stop().await;
}
