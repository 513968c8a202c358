//! What the autoscaler hears, and what the metrics say.

use std::time::Duration;

use ebb_activator_core::Failure;
use ebb_api::observation::Observation;
use prometheus_client::encoding::text::encode;
use tokio::time::Instant;

use super::kit::*;

fn short(seen: &Observation) -> (f64, u64, u32, u32, bool) {
    (seen.concurrency, seen.requests, seen.in_flight, seen.queued, seen.poke)
}

#[tokio::test(start_paused = true)]
async fn traffic_is_told_every_second_then_its_end_then_nothing() {
    let mut room = room();
    let line = room.revision(0);
    room.apply(pod("a", 1));
    let began = Instant::now();
    let place = line.acquire(late(), 0).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    drop(line.acquire(late(), 0).await.unwrap());
    let first = room.heard().await;
    assert_eq!((short(&first), first.over), ((1.0, 2, 1, 0, false), Duration::from_secs(1)));
    assert_eq!(began.elapsed(), Duration::from_secs(1));
    assert_eq!(short(&room.heard().await), (1.0, 0, 1, 0, false));
    tokio::time::sleep(Duration::from_millis(250)).await;
    drop(place);
    assert_eq!(short(&room.heard().await), (0.25, 0, 0, 0, false));
    assert_eq!(short(&room.heard().await), (0.0, 0, 0, 0, false));
    tokio::time::sleep(Duration::from_secs(3600)).await;
    room.heard_nothing();
    // It starts again with the next request, and the hour of silence is no part of the mean.
    let _place = line.acquire(late(), 0).await.unwrap();
    let next = room.heard().await;
    assert_eq!((short(&next), next.over), ((1.0, 1, 1, 0, false), Duration::from_secs(1)));
}

#[tokio::test(start_paused = true)]
async fn while_somebody_waits_without_a_pod_the_poke_is_repeated_every_second() {
    let mut room = room();
    let line = room.revision(1);
    let waiting = request(&line);
    assert!(room.heard().await.poke);
    for _ in 0..5 {
        let began = Instant::now();
        let report = room.heard().await;
        assert_eq!((short(&report), began.elapsed()), ((1.0, u64::from(report.requests == 1), 0, 1, false), Duration::from_secs(1)));
        assert_eq!(short(&room.heard().await), (1.0, 0, 0, 1, true));
    }
    waiting.abort();
}

#[tokio::test(start_paused = true)]
async fn when_the_last_pod_vanishes_those_who_wait_poke_again() {
    let mut room = room();
    let line = room.revision(1);
    room.apply(pod("a", 1));
    let _place = line.acquire(late(), 0).await.unwrap();
    let _waiting = request(&line);
    assert_eq!(short(&room.heard().await), (2.0, 0, 1, 1, true));
    room.heard_nothing();
    let began = Instant::now();
    room.delete(&pod("a", 1));
    assert_eq!(short(&room.heard().await), (2.0, 0, 1, 1, true));
    assert_eq!(Instant::now(), began);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_lost_the_only_pod_pokes() {
    let mut room = room();
    let line = room.revision(1);
    room.apply(pod("a", 1));
    let place = line.acquire(late(), 0).await.unwrap();
    let crate::Next::Again(again) = place.failed(Failure::PodGone, false) else { panic!("it was not sent") };
    let retry = tokio::spawn(again.acquire(late()));
    assert_eq!(short(&room.heard().await), (1.0, 0, 0, 1, true));
    retry.abort();
}

#[tokio::test(start_paused = true)]
async fn a_burst_pokes_each_time_the_line_has_doubled() {
    let mut room = room();
    let line = room.revision(1);
    let waiting: Vec<_> = (0..100).map(|_| request(&line)).collect();
    settle().await;
    let mut queued = Vec::new();
    while let Ok(poke) = room.observations.try_recv() {
        queued.push(poke.queued);
    }
    assert_eq!(queued, [1, 2, 4, 8, 16, 32, 64]);
    waiting.iter().for_each(|request| request.abort());
}

#[tokio::test(start_paused = true)]
async fn a_poke_that_finds_the_channel_full_is_sent_when_there_is_room() {
    let mut room = room_with_channel(1);
    let names = ["r0", "r1", "r2", "r3", "r4"];
    let began = Instant::now();
    let mut waiting = Vec::new();
    for name in names {
        room.activator.directory().apply_revision(&revision(name, 1));
        let line = room.activator.revision(&key(name)).unwrap();
        for _ in 0..4 {
            waiting.push(request(&line));
        }
    }
    settle().await;
    let mut told = std::collections::BTreeMap::new();
    while told.len() < names.len() {
        let poke = room.heard().await;
        assert!(poke.poke);
        told.insert(poke.revision.name.to_string(), poke.queued);
    }
    assert_eq!(Instant::now(), began);
    // The late ones carry the line as it is when they are sent.
    assert!(told.values().filter(|queued| **queued == 4).count() >= 4, "{told:?}");
    waiting.iter().for_each(|request| request.abort());
}

#[tokio::test(start_paused = true)]
async fn metrics_are_those_of_the_revisions_that_exist() {
    let room = room();
    let line = room.revision(1);
    let waiting = request(&line);
    tokio::time::sleep(Duration::from_millis(8)).await;
    room.apply(pod("a", 1));
    let _place = waiting.await.unwrap().unwrap();
    let _behind = request(&line);
    settle().await;
    let mut text = String::new();
    encode(&mut text, &room.registry).unwrap();
    let labels = r#"namespace_name="dev",service_name="shop",configuration_name="shop",revision_name="r""#;
    for want in [
        format!("activator_request_concurrency{{{labels}}} 2"),
        format!("activator_queue_depth{{{labels}}} 1"),
        format!("activator_queue_bytes{{{labels}}} 100"),
        format!("activator_usable_pods{{{labels}}} 1"),
        format!("activator_request_count_total{{{labels}}} 2"),
        format!("activator_queue_wait_seconds_count{{{labels},start=\"cold\"}} 1"),
        format!("activator_queue_wait_seconds_count{{{labels},start=\"warm\"}} 0"),
    ] {
        assert!(text.lines().any(|line| line == want), "{want}\nis not in\n{text}");
    }
    room.activator.directory().delete_revision(&key("r"));
    text.clear();
    encode(&mut text, &room.registry).unwrap();
    assert!(!text.contains("activator"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn shutdown_ends_every_task() {
    let room = room();
    let line = room.revision(1);
    room.apply(pod("a", 1));
    let place = line.acquire(late(), 0).await.unwrap();
    drop(place.failed(Failure::ConnectRefused, false));
    tokio::time::timeout(Duration::from_secs(1), room.supervisor.drain()).await.expect("all tasks end");
}
