//! A queue of keys to reconcile: each key at most once in the queue, never twice at the same time, with delays and
//! exponential back-off. Its length is bounded by the number of keys that exist.
//!
//! Reconciles step aside: each time the queue's task runs, one of them goes on until it next waits, and then whoever else has
//! work runs first. Otherwise a burst of them would hold back the caches, and decide by what is no longer true.
//!
//! What was added before the queue runs is looked at for the first time, because a process began: nothing has happened to it.
//! It waits until there is nothing else to do. With ten thousand services that is seconds of work, and a request that comes
//! meanwhile must not wait for it.

mod turn;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::fmt::Display;
use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::FuturesUnordered;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use turn::{Running, Turn};

/// First wait after a failure. In one process most failures are lost races with another writer, over in milliseconds.
const BACKOFF_FIRST: Duration = Duration::from_millis(5);
/// Longest wait after failures: a broken object costs two tries a minute.
const BACKOFF_MAX: Duration = Duration::from_secs(30);
/// Failures that go on for longer are for a person to look at. Lost races are over when the watch has brought what another wrote,
/// which takes milliseconds, on a busy machine some hundred; how many tries fall into that time says nothing.
const TROUBLE: Duration = Duration::from_secs(1);

/// First looks at a time. They need no more: most find everything as it should be, and those that write share commits.
const FIRST_LOOKS: usize = 16;
/// Places of an empty queue that are kept for what comes.
const KEPT_PLACES: usize = 256;

/// Failures in a row.
#[derive(Clone, Copy)]
struct Failing {
    count: u32,
    since: Instant,
}

/// What a reconcile wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Nothing until the next change.
    Settled,
    /// To be called again, even if nothing changes.
    Again(Duration),
}

struct State<K> {
    ready: VecDeque<K>,
    queued: HashSet<K>,
    /// What is to be looked at for the first time, in order. Those that are not in `first` any more are skipped.
    line: VecDeque<K>,
    first: HashSet<K>,
    running: HashSet<K>,
    /// Those of the running that are first looks.
    looking: HashSet<K>,
    /// Became dirty while running.
    again: HashSet<K>,
    delayed: BTreeMap<(Instant, u64), K>,
    due: HashMap<K, (Instant, u64)>,
    failures: HashMap<K, Failing>,
    sequence: u64,
}

/// The queue. Cheap to clone.
pub struct WorkQueue<K>(Arc<(Mutex<State<K>>, Notify)>);

impl<K> Clone for WorkQueue<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K: Hash + Eq + Clone> Default for WorkQueue<K> {
    fn default() -> Self {
        let state = State {
            ready: VecDeque::new(),
            queued: HashSet::new(),
            line: VecDeque::new(),
            first: HashSet::new(),
            running: HashSet::new(),
            looking: HashSet::new(),
            again: HashSet::new(),
            delayed: BTreeMap::new(),
            due: HashMap::new(),
            failures: HashMap::new(),
            sequence: 0,
        };
        Self(Arc::new((Mutex::new(state), Notify::new())))
    }
}

impl<K: Hash + Eq + Clone> State<K> {
    fn add(&mut self, key: K) {
        if let Some(at) = self.due.remove(&key) {
            self.delayed.remove(&at);
        }
        if self.running.contains(&key) {
            self.again.insert(key);
        } else if self.queued.insert(key.clone()) {
            self.first.remove(&key);
            self.ready.push_back(key);
        }
    }

    /// Makes everything that is queued a first look.
    fn put_off(&mut self) {
        self.queued.clear();
        self.line = std::mem::take(&mut self.ready);
        self.first = self.line.iter().cloned().collect();
    }

    /// Keeps the earlier of two dates. A key that is queued anyway needs no date.
    fn add_at(&mut self, key: K, at: Instant) {
        if self.queued.contains(&key) || self.due.get(&key).is_some_and(|due| due.0 <= at) {
            return;
        }
        if let Some(later) = self.due.remove(&key) {
            self.delayed.remove(&later);
        }
        self.sequence += 1;
        self.delayed.insert((at, self.sequence), key.clone());
        self.due.insert(key, (at, self.sequence));
    }

    fn take_due(&mut self, now: Instant) {
        while let Some(entry) = self.delayed.first_entry() {
            if entry.key().0 > now {
                return;
            }
            let key = entry.get().clone();
            self.add(key);
        }
    }

    fn start(&mut self) -> Option<K> {
        let key = match self.ready.pop_front() {
            Some(key) => key,
            None => self.first_look()?,
        };
        self.queued.remove(&key);
        if self.ready.is_empty() && self.ready.capacity() > KEPT_PLACES {
            // At a start every object is queued once; that much room is not needed again soon.
            self.ready.shrink_to(KEPT_PLACES);
            self.queued.shrink_to(KEPT_PLACES);
        }
        self.running.insert(key.clone());
        Some(key)
    }

    fn first_look(&mut self) -> Option<K> {
        if self.looking.len() == FIRST_LOOKS {
            return None;
        }
        let key = loop {
            let key = self.line.pop_front()?;
            if self.first.remove(&key) {
                break key;
            }
        };
        if self.line.is_empty() {
            // They were as long as all objects of a kind.
            (self.line, self.first) = (VecDeque::new(), HashSet::new());
        }
        self.looking.insert(key.clone());
        Some(key)
    }

    fn finish(&mut self, key: &K) {
        self.running.remove(key);
        self.looking.remove(key);
        if self.again.remove(key) {
            self.add(key.clone());
        }
    }

    /// Counts a failure, and says how long to wait after it.
    fn backoff(&mut self, key: &K) -> (Failing, Duration) {
        let failing = self.failures.entry(key.clone()).or_insert_with(|| Failing { count: 0, since: Instant::now() });
        let wait = BACKOFF_FIRST.saturating_mul(1 << failing.count.min(16));
        failing.count += 1;
        (*failing, wait.min(BACKOFF_MAX))
    }
}

impl<K: Hash + Eq + Clone + Display> WorkQueue<K> {
    /// Asks for a reconcile of `key` as soon as possible.
    pub fn add(&self, key: K) {
        self.0.0.lock().add(key);
        self.0.1.notify_one();
    }

    /// Asks for a reconcile of `key` after `delay`, or at an earlier date that is already set.
    pub fn add_after(&self, key: K, delay: Duration) {
        self.0.0.lock().add_at(key, Instant::now() + delay);
        self.0.1.notify_one();
    }

    /// Reconciles keys, at most `concurrency` at a time, until shutdown; then waits for those that run.
    /// A failed key is logged and tried again with exponential back-off.
    pub async fn run<F, Fut, E>(
        &self,
        name: &'static str,
        concurrency: usize,
        shutdown: CancellationToken,
        reconcile: F,
    ) -> Result<(), crate::BoxError>
    where
        F: Fn(K) -> Fut,
        Fut: Future<Output = Result<After, E>>,
        E: Display,
    {
        let mut running = FuturesUnordered::new();
        let turn = Turn::default();
        self.0.0.lock().put_off();
        let mut open = true;
        loop {
            let next_due = self.fill(&mut running, if open { concurrency } else { 0 }, |key| turn.of(key.clone(), reconcile(key)));
            if !open && running.is_empty() {
                return Ok(());
            }
            tokio::select! {
                // News first: after a step nothing else must bring on another one before everybody has run.
                biased;
                () = shutdown.cancelled(), if open => open = false,
                () = self.0.1.notified(), if open => {}
                () = sleep_until(next_due), if open => {}
                Some((key, result)) = turn.next(&mut running) => {
                    self.settle(name, key, result);
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    /// Starts what is ready and says when the next delayed key is due.
    fn fill<Fut>(
        &self,
        running: &mut FuturesUnordered<Running<K, Fut>>,
        concurrency: usize,
        begin: impl Fn(K) -> Running<K, Fut>,
    ) -> Option<Instant> {
        let mut state = self.0.0.lock();
        state.take_due(Instant::now());
        while running.len() < concurrency {
            let Some(key) = state.start() else { break };
            running.push(begin(key));
        }
        state.delayed.first_key_value().map(|((at, _), _)| *at)
    }

    fn settle<E: Display>(&self, name: &'static str, key: K, result: Result<After, E>) {
        let mut state = self.0.0.lock();
        state.finish(&key);
        match result {
            Ok(after) => {
                state.failures.remove(&key);
                if let After::Again(delay) = after {
                    state.add_at(key, Instant::now() + delay);
                }
            }
            Err(error) => {
                let (Failing { count: failures, since }, wait) = state.backoff(&key);
                if since.elapsed() > TROUBLE {
                    tracing::warn!(queue = name, key = %key, %error, failures, retry_ms = wait.as_millis(), "reconcile keeps failing");
                } else {
                    tracing::debug!(queue = name, key = %key, %error, "reconcile failed; it is tried again");
                }
                state.add_at(key, Instant::now() + wait);
            }
        }
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
