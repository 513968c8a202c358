//! Many threads, clients that leave early, pods that come and go: the limits are exact and nothing is lost.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use ebb_activator_core::{Capacity, Failure};
use tokio::time::Instant;

use super::kit::*;
use crate::{Next, Place, RevisionHandle};

const CLIENTS: u64 = 64;
const ROUNDS: u64 = 150;
const PODS: u16 = 8;

/// Counts the requests in every pod, as the app would.
struct Books {
    limit: u32,
    pods: HashMap<u16, AtomicU32>,
    served: AtomicU64,
    left: AtomicU64,
}

impl Books {
    /// A request that is served, with a place whose count is checked on entry.
    async fn serve(&self, place: Place, pause: u64) {
        let inside = &self.pods[&place.addr().port()];
        let now_inside = inside.fetch_add(1, Ordering::SeqCst) + 1;
        assert!(self.limit == 0 || now_inside <= self.limit, "{now_inside} requests in a pod that has {} places", self.limit);
        for _ in 0..pause {
            tokio::task::yield_now().await;
        }
        inside.fetch_sub(1, Ordering::SeqCst);
        drop(place);
        self.served.fetch_add(1, Ordering::SeqCst);
    }
}

async fn client(line: Arc<RevisionHandle>, books: Arc<Books>, number: u64) {
    for round in 0..ROUNDS {
        let deadline = Instant::now() + Duration::from_secs(60);
        let luck = (number * 7919 + round * 104_729) % 97;
        let asked = line.acquire(deadline, 100);
        // A third of the clients leave early: some before they waited, some in the line, some just when their turn comes.
        let patience = if luck.is_multiple_of(3) { Duration::from_micros(luck * 10) } else { Duration::from_secs(60) };
        match tokio::time::timeout(patience, asked).await {
            Err(_) => {
                books.left.fetch_add(1, Ordering::SeqCst);
            }
            Ok(place) => {
                let mut place = place.unwrap();
                // Now and then the pod seems to be gone, and the request takes another place.
                if luck.is_multiple_of(11) {
                    match place.failed(Failure::StaleConnection, true) {
                        Next::Again(again) => place = again.acquire(deadline).await.unwrap(),
                        Next::GiveUp(refused) => panic!("{refused}"),
                    }
                }
                books.serve(place, luck % 5).await;
            }
        }
    }
}

/// Looks at the line as often as it can: while somebody waits, all places must be taken.
fn watch(line: Arc<RevisionHandle>, over: Arc<AtomicBool>) -> std::thread::JoinHandle<u64> {
    std::thread::spawn(move || {
        let mut looks = 0;
        while !over.load(Ordering::SeqCst) {
            let (queued, in_flight, capacity) = line.read(|state| (state.line.queued(), state.line.in_flight(), state.line.capacity()));
            match capacity {
                Capacity::Places(places) => {
                    assert!(queued == 0 || u64::from(in_flight) >= places, "{in_flight} of {places} while {queued} wait")
                }
                Capacity::Unlimited => assert_eq!(queued, 0),
            }
            looks += 1;
            std::thread::yield_now();
        }
        looks
    })
}

async fn storm(limit: u32) {
    let room = room();
    let line = room.revision(limit.into());
    let books = Arc::new(Books {
        limit,
        pods: (0..PODS).map(|port| (port, AtomicU32::new(0))).collect(),
        served: AtomicU64::new(0),
        left: AtomicU64::new(0),
    });
    let over = Arc::new(AtomicBool::new(false));
    let watcher = watch(line.clone(), over.clone());
    let clients: Vec<_> = (0..CLIENTS).map(|number| tokio::spawn(client(line.clone(), books.clone(), number))).collect();
    // Pods come and go all the while; each life is a pod of its own, at the address of the one before, after that was drained.
    let stop = Arc::new(AtomicBool::new(false));
    let churn = tokio::spawn({
        let (activator, stop) = (room.activator.clone(), stop.clone());
        async move {
            let life = |port: u16, life: u32| pod(&format!("p{port}-{life}"), port);
            (0..PODS).for_each(|port| activator.directory().apply_pod(life(port, 0)));
            for round in 0.. {
                // In turns: one after the other, and all at once, so that for a moment there is none.
                let group = if round % 2 == 0 { 1 } else { PODS };
                for first in (0..PODS).step_by(group.into()) {
                    let ports = first..first + group;
                    for port in ports.clone() {
                        let old = life(port, round);
                        activator.drain("dev", &old.key.name).await;
                        activator.directory().delete_pod(&old.key, &old.uid);
                    }
                    ports.for_each(|port| activator.directory().apply_pod(life(port, round + 1)));
                }
                if round >= 3 && stop.load(Ordering::SeqCst) {
                    return round;
                }
                tokio::task::yield_now().await;
            }
            0
        }
    });
    for client in clients {
        client.await.unwrap();
    }
    stop.store(true, Ordering::SeqCst);
    let rounds = tokio::time::timeout(Duration::from_secs(60), churn).await.unwrap().unwrap();
    over.store(true, Ordering::SeqCst);
    let looks = watcher.join().unwrap();
    let (served, left) = (books.served.load(Ordering::SeqCst), books.left.load(Ordering::SeqCst));
    assert_eq!(served + left, CLIENTS * ROUNDS);
    // Without a limit a request waits only in the moments without any pod.
    assert!((left > 0 || limit == 0) && looks > 0 && rounds > 0, "{left} left, {looks} looks, {rounds} rounds");
    assert_eq!((line.in_flight(), line.queued()), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn one_place_per_pod() {
    storm(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn three_places_per_pod() {
    storm(3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn seven_places_per_pod() {
    storm(7).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 8)]
async fn no_limit() {
    storm(0).await;
}

#[test]
fn a_line_is_shared_by_several_runtimes() {
    let own = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let room = own.block_on(async { room() });
    let line = room.revision(1);
    let threads: Vec<_> = (0..4_u64)
        .map(|_| {
            let line = line.clone();
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    for _ in 0..500 {
                        let place = line.acquire(Instant::now() + Duration::from_secs(60), 0).await.unwrap();
                        tokio::task::yield_now().await;
                        drop(place);
                    }
                });
            })
        })
        .collect();
    own.block_on(async { room.apply(pod("a", 1)) });
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!((line.in_flight(), line.queued()), (0, 0));
}
