//! The queue under paused time: what runs when, how often, and never twice at once.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::*;

type Answer = Result<After, &'static str>;

/// A queue whose reconciles are written down, take a while, and answer by script.
struct Rig {
    queue: WorkQueue<&'static str>,
    log: Arc<Mutex<Vec<(u128, &'static str)>>>,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), crate::BoxError>>,
}

impl Rig {
    /// `answer` gets the key and how often it ran before.
    fn new(concurrency: usize, takes: Duration, answer: impl Fn(&str, usize) -> Answer + Send + Sync + 'static) -> Self {
        let (queue, shutdown, log) = (WorkQueue::default(), CancellationToken::new(), Arc::new(Mutex::new(Vec::new())));
        let (running, written, stop, begin) = (queue.clone(), log.clone(), shutdown.clone(), Instant::now());
        let answer = Arc::new(answer);
        let task = tokio::spawn(async move {
            let reconcile = |key: &'static str| {
                let (written, answer) = (written.clone(), answer.clone());
                async move {
                    let before = written.lock().iter().filter(|(_, ran)| *ran == key).count();
                    written.lock().push((begin.elapsed().as_millis(), key));
                    sleep(takes).await;
                    answer(key, before)
                }
            };
            running.run("test", concurrency, stop, reconcile).await
        });
        Self { queue, log, shutdown, task }
    }

    fn settling(concurrency: usize, takes: Duration) -> Self {
        Self::new(concurrency, takes, |_, _| Ok(After::Settled))
    }

    /// Milliseconds since the start, and keys.
    async fn log_after(&self, wait: Duration) -> Vec<(u128, &'static str)> {
        sleep(wait).await;
        self.log.lock().clone()
    }
}

const NO_TIME: Duration = Duration::ZERO;
const MS_10: Duration = Duration::from_millis(10);
const LONG: Duration = Duration::from_secs(3600);

#[tokio::test(start_paused = true)]
async fn a_key_that_is_added_often_runs_once() {
    let rig = Rig::settling(4, MS_10);
    for _ in 0..100 {
        rig.queue.add("a");
    }
    assert_eq!(rig.log_after(LONG).await, [(0, "a")]);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_added_while_it_runs_runs_again_after_that() {
    let rig = Rig::settling(4, MS_10);
    rig.queue.add("a");
    sleep(Duration::from_millis(4)).await;
    rig.queue.add("a");
    rig.queue.add("a");
    assert_eq!(rig.log_after(LONG).await, [(0, "a"), (10, "a")]);
}

#[tokio::test(start_paused = true)]
async fn different_keys_run_together_up_to_the_limit_and_in_order() {
    let rig = Rig::settling(2, MS_10);
    for key in ["a", "b", "c", "d"] {
        rig.queue.add(key);
    }
    assert_eq!(rig.log_after(LONG).await, [(0, "a"), (0, "b"), (10, "c"), (10, "d")]);
}

#[tokio::test(start_paused = true)]
async fn of_two_dates_the_earlier_one_holds() {
    let rig = Rig::settling(1, NO_TIME);
    rig.queue.add_after("a", Duration::from_millis(50));
    rig.queue.add_after("a", Duration::from_millis(20));
    rig.queue.add_after("a", Duration::from_millis(90));
    assert_eq!(rig.log_after(LONG).await, [(20, "a")]);
}

#[tokio::test(start_paused = true)]
async fn an_addition_takes_the_place_of_a_date() {
    let rig = Rig::settling(1, NO_TIME);
    rig.queue.add_after("a", Duration::from_millis(50));
    sleep(MS_10).await;
    rig.queue.add("a");
    assert_eq!(rig.log_after(LONG).await, [(10, "a")]);
}

#[tokio::test(start_paused = true)]
async fn a_date_that_is_set_while_the_key_runs_holds() {
    let rig = Rig::settling(1, MS_10);
    rig.queue.add("a");
    sleep(Duration::from_millis(2)).await;
    rig.queue.add_after("a", Duration::from_millis(30));
    assert_eq!(rig.log_after(LONG).await, [(0, "a"), (32, "a")]);
}

#[tokio::test(start_paused = true)]
async fn a_date_that_comes_while_the_key_runs_does_not_run_it_twice_at_once() {
    let rig = Rig::settling(4, MS_10);
    rig.queue.add("a");
    sleep(Duration::from_millis(1)).await;
    rig.queue.add_after("a", Duration::from_millis(3));
    assert_eq!(rig.log_after(LONG).await, [(0, "a"), (10, "a")]);
}

#[tokio::test(start_paused = true)]
async fn a_reconcile_may_ask_for_another_one() {
    let rig = Rig::new(1, NO_TIME, |_, before| Ok(if before < 2 { After::Again(Duration::from_secs(7)) } else { After::Settled }));
    rig.queue.add("a");
    assert_eq!(rig.log_after(LONG).await, [(0, "a"), (7_000, "a"), (14_000, "a")]);
}

#[tokio::test(start_paused = true)]
async fn a_failing_key_waits_longer_and_longer_and_nobody_else_does() {
    let rig = Rig::new(4, NO_TIME, |key, before| if key == "bad" && before < 5 { Err("no") } else { Ok(After::Settled) });
    rig.queue.add("bad");
    sleep(Duration::from_millis(60)).await;
    rig.queue.add("good");
    let log = rig.log_after(LONG).await;
    let times = |wanted: &str| log.iter().filter(|(_, key)| *key == wanted).map(|(at, _)| *at).collect::<Vec<_>>();
    assert_eq!(times("bad"), [0, 5, 15, 35, 75, 155]);
    assert_eq!(times("good"), [60]);
    assert!(rig.queue.0.0.lock().failures.is_empty(), "a success is a fresh start");
}

#[tokio::test(start_paused = true)]
async fn waits_after_failures_have_a_longest() {
    let rig = Rig::new(1, NO_TIME, |_, _| Err("no"));
    rig.queue.add("bad");
    let log = rig.log_after(LONG).await;
    let [.., (before, _), (last, _)] = log.as_slice() else { panic!("{log:?}") };
    assert_eq!(last - before, BACKOFF_MAX.as_millis());
    assert!(log.len() < 140, "two tries a minute: {}", log.len());
}

#[tokio::test(start_paused = true)]
async fn a_change_does_not_wait_for_the_end_of_a_back_off() {
    let rig = Rig::new(1, NO_TIME, |_, before| if before < 12 { Err("no") } else { Ok(After::Settled) });
    rig.queue.add("a");
    sleep(Duration::from_secs(15)).await;
    let before = rig.log.lock().len();
    rig.queue.add("a");
    sleep(Duration::from_millis(1)).await;
    assert_eq!(rig.log.lock().len(), before + 1);
}

#[tokio::test(start_paused = true)]
async fn what_runs_at_shutdown_ends_and_what_waits_does_not_begin() {
    let rig = Rig::settling(1, MS_10);
    rig.queue.add("a");
    rig.queue.add("b");
    rig.queue.add_after("c", MS_10);
    sleep(Duration::from_millis(3)).await;
    rig.shutdown.cancel();
    let begin = Instant::now();
    rig.task.await.unwrap().unwrap();
    assert_eq!(begin.elapsed(), Duration::from_millis(7), "it waits for what runs");
    assert_eq!(*rig.log.lock(), [(0, "a")]);
}

#[tokio::test(start_paused = true)]
async fn an_idle_queue_sets_no_timer_and_forgets_its_keys() {
    let rig = Rig::settling(4, MS_10);
    for key in ["a", "b", "c"] {
        rig.queue.add_after(key, MS_10);
    }
    rig.log_after(LONG).await;
    let state = rig.queue.0.0.lock();
    let left = [state.ready.len(), state.queued.len(), state.running.len(), state.again.len(), state.delayed.len(), state.due.len()];
    assert_eq!(left, [0; 6]);
}

/// Many writers on real threads: every key's last addition is followed by a run, and no key runs twice at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_addition_is_lost_and_no_key_runs_twice_at_once() {
    const KEYS: usize = 20;
    let queue = WorkQueue::<usize>::default();
    let wanted: Arc<Vec<Mutex<u32>>> = Arc::new((0..KEYS).map(|_| Mutex::new(0)).collect());
    let seen: Arc<Vec<Mutex<(u32, bool)>>> = Arc::new((0..KEYS).map(|_| Mutex::new((0, false))).collect());
    let shutdown = CancellationToken::new();
    let run = {
        let (queue, wanted, seen, shutdown) = (queue.clone(), wanted.clone(), seen.clone(), shutdown.clone());
        tokio::spawn(async move {
            let reconcile = |key: usize| {
                let (wanted, seen) = (wanted.clone(), seen.clone());
                async move {
                    assert!(!std::mem::replace(&mut seen[key].lock().1, true), "{key} runs twice at once");
                    let now = *wanted[key].lock();
                    tokio::task::yield_now().await;
                    *seen[key].lock() = (now, false);
                    Ok::<_, &str>(After::Settled)
                }
            };
            queue.run("test", 8, shutdown, reconcile).await
        })
    };
    let writers = (0..4).map(|_| {
        let (queue, wanted) = (queue.clone(), wanted.clone());
        tokio::task::spawn_blocking(move || {
            for round in 0..2_000 {
                let key = round % KEYS;
                *wanted[key].lock() += 1;
                queue.add(key);
            }
        })
    });
    futures::future::join_all(writers).await;
    let all_seen = async {
        while (0..KEYS).any(|key| seen[key].lock().0 != *wanted[key].lock()) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), all_seen).await.expect("every addition is followed by a run");
    shutdown.cancel();
    run.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn first_looks_wait_while_there_is_something_to_do() {
    let rig = Rig::settling(1, MS_10);
    for key in ["a", "b", "c"] {
        rig.queue.add(key);
    }
    sleep(Duration::from_millis(4)).await;
    for key in ["x", "c", "y"] {
        rig.queue.add(key);
    }
    assert_eq!(rig.log_after(LONG).await, [(0, "a"), (10, "x"), (20, "c"), (30, "y"), (40, "b")]);
}

#[tokio::test(start_paused = true)]
async fn a_first_look_keeps_its_date() {
    let rig = Rig::settling(1, MS_10);
    for key in ["a", "b", "c"] {
        rig.queue.add(key);
    }
    sleep(Duration::from_millis(4)).await;
    rig.queue.add_after("c", Duration::from_millis(2));
    assert_eq!(rig.log_after(LONG).await, [(0, "a"), (10, "c"), (20, "b")]);
}

#[tokio::test(start_paused = true)]
async fn first_looks_leave_places_to_what_happens() {
    const NAMES: [&str; 20] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "s", "t"];
    let rig = Rig::settling(FIRST_LOOKS + 1, MS_10);
    NAMES.iter().for_each(|name| rig.queue.add(name));
    sleep(Duration::from_millis(4)).await;
    rig.queue.add("live");
    let log = rig.log_after(LONG).await;
    let at = |when: u128| log.iter().filter(|(at, _)| *at == when).map(|(_, key)| *key).collect::<BTreeSet<_>>();
    assert_eq!((at(0), at(4)), (NAMES[..FIRST_LOOKS].iter().copied().collect(), BTreeSet::from(["live"])));
    assert_eq!(at(10), NAMES[FIRST_LOOKS..].iter().copied().collect());
}

/// A cache that hears of every write, if it gets to run.
struct Ear {
    writes: watch::Sender<u32>,
    heard: Arc<AtomicU32>,
}

impl Ear {
    fn new() -> Self {
        let (writes, heard) = (watch::Sender::new(0), Arc::new(AtomicU32::new(0)));
        let (mut news, note) = (writes.subscribe(), heard.clone());
        tokio::spawn(async move {
            while news.changed().await.is_ok() {
                note.store(*news.borrow_and_update(), Ordering::Relaxed);
            }
        });
        Self { writes, heard }
    }

    /// How many writes it has not heard of.
    fn is_behind_by(&self) -> u32 {
        *self.writes.borrow() - self.heard.load(Ordering::Relaxed)
    }
}

const KEYS: u32 = 40;
const STEPS: u32 = 3;

#[tokio::test]
async fn between_the_steps_of_reconciles_whoever_heard_of_them_runs() {
    let (queue, shutdown, behind) = (WorkQueue::default(), CancellationToken::new(), Arc::new(Mutex::new(Vec::new())));
    (0..KEYS).for_each(|key| queue.add(key));
    let (noted, stop) = (behind.clone(), shutdown.clone());
    let task = tokio::spawn(async move {
        let ear = Ear::new();
        let reconcile = async |_: u32| {
            for step in 0..STEPS {
                if step > 0 {
                    tokio::task::yield_now().await;
                }
                noted.lock().push(ear.is_behind_by());
                ear.writes.send_modify(|writes| *writes += 1);
            }
            if noted.lock().len() == (KEYS * STEPS) as usize {
                shutdown.cancel();
            }
            Answer::Ok(After::Settled)
        };
        queue.run("test", 16, stop, reconcile).await
    });
    task.await.unwrap().unwrap();
    assert_eq!(*behind.lock(), vec![0; (KEYS * STEPS) as usize]);
}
