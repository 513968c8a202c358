//! Pods that leave, fail, and come back.

use std::time::Duration;

use ebb_activator_core::{Failure, Refused};
use futures::FutureExt;
use k8s_openapi::jiff::Timestamp;
use tokio::time::Instant;

use super::kit::*;
use crate::{Again, Next, Place};

fn again(next: Next) -> Again {
    match next {
        Next::Again(again) => again,
        Next::GiveUp(refused) => panic!("gave up: {refused}"),
    }
}

fn at(addr: &Place) -> u16 {
    addr.addr().port()
}

#[tokio::test(start_paused = true)]
async fn a_drained_pod_keeps_its_requests_and_gets_no_more() {
    let room = room();
    let line = room.revision(0);
    room.apply(pod("a", 1));
    let place = line.acquire(late(), 0).await.unwrap();
    let mut drained = room.activator.drain("dev", "a");
    assert!(drained.as_mut().now_or_never().is_none());
    // An older event comes late.
    room.apply(pod("a", 1));
    let waiting = request(&line);
    settle().await;
    assert_eq!((line.queued(), room.activator.in_flight("dev", "a")), (1, 1));
    assert!(drained.as_mut().now_or_never().is_none());
    drop(place);
    drained.await;
    room.apply(pod("a", 1));
    settle().await;
    assert_eq!(line.queued(), 1);
    room.apply(pod("b", 2));
    assert_eq!(at(&waiting.await.unwrap().unwrap()), 2);
}

#[tokio::test(start_paused = true)]
async fn a_pod_with_a_deletion_timestamp_is_left_alone() {
    let room = room();
    let line = room.revision(1);
    room.apply(pod("a", 1));
    let mut going = pod("a", 1);
    going.leaving = true;
    room.apply(going.clone());
    assert!(line.acquire(late(), 0).now_or_never().is_none());
    room.apply(pod("a", 1));
    assert!(line.acquire(late(), 0).now_or_never().is_none());
    room.delete(&going);
    room.activator.drain("dev", "a").await;
}

#[tokio::test(start_paused = true)]
async fn a_pod_drained_before_it_was_seen_never_gets_a_request() {
    let room = room();
    let line = room.revision(1);
    room.activator.drain("dev", "a").await;
    room.apply(pod("a", 1));
    room.apply(pod("a", 1));
    assert!(line.acquire(late(), 0).now_or_never().is_none());
    // The name comes again with another uid: another pod.
    let mut other = pod("a", 3);
    other.uid = "another".into();
    room.apply(other);
    assert_eq!(at(&line.acquire(late(), 0).await.unwrap()), 3);
}

#[tokio::test(start_paused = true)]
async fn a_pod_deleted_with_requests_is_known_until_they_have_ended() {
    let room = room();
    let line = room.revision(2);
    let gone = pod("a", 1);
    room.apply(gone.clone());
    let place = line.acquire(late(), 0).await.unwrap();
    room.delete(&gone);
    assert_eq!(room.activator.in_flight("dev", "a"), 1);
    let mut drained = room.activator.drain("dev", "a");
    assert!(drained.as_mut().now_or_never().is_none());
    drop(place);
    drained.await;
    assert_eq!(room.activator.in_flight("dev", "a"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_is_not_ready_waits_for_its_next_ready() {
    let room = room();
    let line = room.revision(1);
    let mut unready = pod("a", 1);
    unready.ready = false;
    room.apply(unready.clone());
    assert!(line.acquire(late(), 0).now_or_never().is_none());
    room.apply(pod("a", 1));
    assert!(line.acquire(late(), 0).now_or_never().is_some());
    room.apply(unready);
    assert!(line.acquire(late(), 0).now_or_never().is_none());
    // It comes back at another address.
    room.apply(pod("a", 7));
    assert_eq!(at(&line.acquire(late(), 0).await.unwrap()), 7);
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_refuses_is_out_until_it_accepts_and_its_request_goes_first() {
    let room = room();
    let line = room.revision(1);
    room.apply(pod("a", 1));
    let place = line.acquire(late(), 0).await.unwrap();
    let behind = request(&line);
    settle().await;
    room.door.write([false, false, true]);
    let retry = again(place.failed(Failure::ConnectRefused, false));
    // Nobody is bound to the dead pod, and the old news that it is ready does not help it.
    room.apply(pod("a", 1));
    assert_eq!((line.in_flight(), line.queued()), (0, 1));
    let began = Instant::now();
    let place = retry.acquire(late()).await.unwrap();
    // Looked at after 10, 20 and 40 ms.
    assert_eq!(began.elapsed(), Duration::from_millis(70));
    assert_eq!((room.door.left(), place.tries(), line.queued()), (0, 1, 1));
    drop(place);
    drop(behind.await.unwrap().unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_suspect_comes_back_with_its_next_ready() {
    let room = room();
    let line = room.revision(1);
    let restarted = |restarts| {
        let mut facts = pod("a", 1);
        facts.epoch = (Some(Timestamp::UNIX_EPOCH), restarts);
        facts
    };
    room.apply(restarted(0));
    drop(again(line.acquire(late(), 0).await.unwrap().failed(Failure::ConnectRefused, false)));
    room.apply(restarted(0));
    assert!(line.acquire(late(), 0).now_or_never().is_none());
    room.apply(restarted(1));
    assert!(line.acquire(late(), 0).now_or_never().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_lost_its_pod_takes_another_at_once() {
    let room = room();
    let line = room.revision(1);
    room.apply(pod("a", 1));
    room.apply(pod("b", 2));
    let place = line.acquire(late(), 0).await.unwrap();
    assert_eq!(at(&place), 1);
    let place = again(place.failed(Failure::PodGone, false)).acquire(late()).now_or_never().unwrap().unwrap();
    assert_eq!((at(&place), place.tries()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_repeated_is_given_up_and_its_place_is_free() {
    let room = room();
    let line = room.revision(1);
    room.apply(pod("a", 1));
    let place = line.acquire(late(), 0).await.unwrap();
    let next = place.failed(Failure::ClosedBeforeAnswer, false);
    assert!(matches!(next, Next::GiveUp(Refused::ClosedBeforeAnswer)));
    // A closed connection does not make a suspect.
    assert!(line.acquire(late(), 0).now_or_never().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_refuses_again_and_again_is_given_up() {
    let room = room();
    let line = room.revision(1);
    room.apply(pod("a", 1));
    room.door.write(std::iter::repeat_n(true, 20));
    let mut place = line.acquire(late(), 0).await.unwrap();
    let mut tries = 1;
    let refused = loop {
        match place.failed(Failure::ConnectRefused, true) {
            Next::Again(again) => place = again.acquire(late()).await.unwrap(),
            Next::GiveUp(refused) => break refused,
        }
        tries += 1;
    };
    assert_eq!((refused, tries), (Refused::ConnectFailed, 8));
    assert_eq!((line.in_flight(), line.queued()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_comes_again_does_not_answer_from_the_pods_of_the_first() {
    let room = room();
    let of = |uid: &str| crate::objects::RevisionFacts { uid: uid.into(), ..revision("r", 0) };
    let pod_of = |uid: &str, name: &str, port| crate::objects::PodFacts { revision_uid: uid.into(), ..pod(name, port) };
    let directory = room.activator.directory();
    directory.apply_revision(&of("first"));
    let line = room.activator.revision(&key("r")).unwrap();
    room.apply(pod_of("first", "a", 1));
    let place = line.acquire(late(), 0).await.unwrap();
    directory.delete_revision(&key("r"));
    directory.apply_revision(&of("second"));
    // The pods of the first are still there, and one is only now heard of.
    room.apply(pod_of("first", "a", 1));
    room.apply(pod_of("first", "b", 2));
    let waiting = request(&line);
    settle().await;
    assert_eq!((line.queued(), room.activator.in_flight("dev", "a")), (1, 1));
    room.apply(pod_of("second", "c", 3));
    assert_eq!(at(&waiting.await.unwrap().unwrap()), 3);
    drop(place);
    // The watch may have missed the deletion.
    directory.apply_revision(&of("third"));
    assert!(line.acquire(late(), 0).now_or_never().is_none());
    room.apply(pod_of("third", "d", 4));
    assert_eq!(at(&line.acquire(late(), 0).await.unwrap()), 4);
}
