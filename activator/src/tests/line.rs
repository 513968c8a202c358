//! Who goes, who waits, who leaves.

use std::pin::pin;
use std::time::Duration;

use ebb_activator_core::{Capacity, Refused};
use futures::FutureExt;
use tokio::time::Instant;

use super::kit::*;

#[tokio::test(start_paused = true)]
async fn a_free_place_is_given_without_waiting_and_is_free_again_when_dropped() {
    let mut room = room();
    let line = room.revision(1);
    room.apply(pod("a", 1));
    let place = line.acquire(late(), 0).now_or_never().unwrap().unwrap();
    assert_eq!(place.addr().port(), 1);
    assert_eq!((place.pod().name(), place.pod().uid()), ("a", "uid-of-a"));
    assert_eq!((place.waited(), place.cold(), place.enqueued_at()), (Duration::ZERO, false, None));
    assert_eq!((line.in_flight(), room.activator.in_flight("dev", "a")), (1, 1));
    assert!(line.acquire(late(), 0).now_or_never().is_none());
    drop(place);
    assert_eq!(line.in_flight(), 0);
    assert!(line.acquire(late(), 0).now_or_never().is_some());
    // The only request that had to wait poked.
    assert!(room.heard().await.poke);
    assert!(!room.heard().await.poke);
}

#[tokio::test(start_paused = true)]
async fn a_cold_start_pokes_at_once_and_binds_when_the_pod_comes() {
    let mut room = room();
    let line = room.revision(0);
    let began = Instant::now();
    let waiting = request(&line);
    let poke = room.heard().await;
    assert_eq!(Instant::now(), began);
    assert_eq!((poke.poke, poke.queued, poke.in_flight, poke.over), (true, 1, 0, Duration::ZERO));
    assert_eq!(poke.revision, key("r"));
    tokio::time::sleep(Duration::from_millis(12)).await;
    room.apply(pod("a", 1));
    let place = waiting.await.unwrap().unwrap();
    assert_eq!((place.cold(), place.waited()), (true, Duration::from_millis(12)));
    assert_eq!((place.enqueued_at(), place.poked_at()), (Some(began), Some(began)));
    assert_eq!(place.bound_at(), began + Duration::from_millis(12));
}

#[tokio::test(start_paused = true)]
async fn who_came_first_goes_first() {
    let room = room();
    let line = room.revision(1);
    room.apply(pod("a", 1));
    let first = line.acquire(late(), 0).await.unwrap();
    let (sender, mut order) = tokio::sync::mpsc::unbounded_channel();
    for number in 0..50 {
        let (line, sender) = (line.clone(), sender.clone());
        tokio::spawn(async move {
            let place = line.acquire(late(), 0).await.unwrap();
            sender.send(number).unwrap();
            drop(place);
        });
        settle().await;
    }
    drop((first, sender));
    let mut seen = Vec::new();
    while let Some(number) = order.recv().await {
        seen.push(number);
    }
    assert_eq!(seen, (0..50).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_leaves_the_line_at_once() {
    let room = room();
    let line = room.revision(0);
    {
        let mut waiting = pin!(line.acquire(late(), 100));
        assert!(futures::poll!(waiting.as_mut()).is_pending());
        assert_eq!(line.queued(), 1);
    }
    assert_eq!(line.queued(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_place_assigned_to_a_client_that_left_goes_to_the_next() {
    let room = room();
    let line = room.revision(1);
    let next = {
        let mut leaving = pin!(line.acquire(late(), 0));
        assert!(futures::poll!(leaving.as_mut()).is_pending());
        let next = request(&line);
        settle().await;
        // The first in line is bound, but its task does not run any more.
        room.apply(pod("a", 1));
        assert_eq!((line.in_flight(), line.queued()), (1, 1));
        next
    };
    let place = next.await.unwrap().unwrap();
    assert_eq!((line.in_flight(), line.queued()), (1, 0));
    drop(place);
    assert_eq!(line.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_says_what_was_missing() {
    let room = room();
    let line = room.revision(1);
    let began = Instant::now();
    let deadline = began + Duration::from_secs(5);
    assert_eq!(line.acquire(deadline, 0).await.unwrap_err(), Refused::NoPodInTime);
    assert_eq!(Instant::now(), deadline);
    room.apply(pod("a", 1));
    let _busy = line.acquire(late(), 0).await.unwrap();
    let deadline = Instant::now() + Duration::from_secs(1);
    assert_eq!(line.acquire(deadline, 0).await.unwrap_err(), Refused::NoPlaceInTime);
    assert_eq!(Instant::now(), deadline);
    assert_eq!(line.queued(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_line_is_bounded_in_number_and_in_bytes() {
    let room = room();
    let line = room.revision(1);
    let huge = 200 << 20;
    assert_eq!(line.acquire(late(), huge).await.unwrap_err(), Refused::QueueBytesFull);
    let waiting: Vec<_> = (0..10_000).map(|_| request(&line)).collect();
    until(|| line.queued() == 10_000).await;
    assert_eq!(line.acquire(late(), 0).await.unwrap_err(), Refused::QueueFull);
    waiting.iter().for_each(|request| request.abort());
    until(|| line.queued() == 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_waiting_request_costs_little_memory() {
    let room = room();
    let line = room.revision(1);
    let future = line.acquire(late(), 0);
    assert!(size_of_val(&future) <= 1024, "{} bytes", size_of_val(&future));
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_who_wait_at_zero_all_go_when_the_pod_comes() {
    let room = room();
    let line = room.revision(0);
    let waiting: Vec<_> = (0..10_000).map(|_| request(&line)).collect();
    until(|| line.queued() == 10_000).await;
    room.apply(pod("a", 1));
    let mut places = Vec::new();
    for request in waiting {
        places.push(request.await.unwrap().unwrap());
    }
    assert_eq!(line.in_flight(), 10_000);
    drop(places);
    assert_eq!(room.activator.in_flight("dev", "a"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_revision_refuses_and_one_of_the_same_name_serves_again() {
    let room = room();
    let line = room.revision(1);
    let waiting = request(&line);
    settle().await;
    room.activator.directory().delete_revision(&key("r"));
    assert_eq!(waiting.await.unwrap().unwrap_err(), Refused::Gone);
    assert_eq!(line.acquire(late(), 0).await.unwrap_err(), Refused::Gone);
    assert!(line.is_gone() && room.activator.revision(&key("r")).is_none());
    room.revision(1);
    room.apply(pod("a", 1));
    assert_eq!(line.acquire(late(), 0).await.unwrap().addr().port(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_handle_taken_before_the_revision_was_seen_fills_in_later() {
    let room = room();
    let line = room.activator.handle(&key("r"));
    assert!(room.activator.revision(&key("r")).is_none());
    assert_eq!(line.capacity(), Capacity::Places(0));
    // Its pod may be seen first; nobody goes before the limit is known.
    room.apply(pod("a", 1));
    let waiting = request(&line);
    settle().await;
    assert_eq!((line.queued(), line.in_flight()), (1, 0));
    assert!(std::sync::Arc::ptr_eq(&line, &room.revision(1)));
    assert_eq!(waiting.await.unwrap().unwrap().addr().port(), 1);
    assert_eq!(line.capacity(), Capacity::Places(1));
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_nobody_has_seen_does_not_exist_after_a_moment() {
    let room = room();
    let began = Instant::now();
    let line = room.activator.handle(&key("never"));
    assert_eq!(line.acquire(late(), 0).await.unwrap_err(), Refused::Gone);
    assert_eq!(began.elapsed(), Duration::from_secs(2));
    // One that is seen within the moment may take its time.
    let line = room.activator.handle(&key("r"));
    let waiting = request(&line);
    tokio::time::sleep(Duration::from_secs(1)).await;
    room.revision(1);
    tokio::time::sleep(Duration::from_secs(60)).await;
    room.apply(pod("a", 1));
    assert_eq!(waiting.await.unwrap().unwrap().waited(), Duration::from_secs(61));
}

#[tokio::test(start_paused = true)]
async fn the_problem_of_a_pod_that_does_not_start_is_told() {
    let room = room();
    let line = room.revision(1);
    assert_eq!(line.problem(), None);
    let mut failing = pod("a", 1);
    (failing.ready, failing.problem) = (false, Some("CrashLoopBackOff: exit code 1".into()));
    room.apply(failing);
    assert_eq!(line.problem().as_deref(), Some("CrashLoopBackOff: exit code 1"));
    room.apply(pod("a", 1));
    assert_eq!(line.problem(), None);
    let mut failed = revision("r", 1);
    failed.problem = Some("ExitCode1: Container failed with: no".into());
    room.activator.directory().apply_revision(&failed);
    assert_eq!(line.problem().as_deref(), Some("ExitCode1: Container failed with: no"));
}
