//! All objects of one resource: what is published, what is on its way, and what happened lately.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use serde_json::Value;
use tokio::sync::{Notify, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::history::{Event, History, TooOld, What};
use super::object::Object;
use super::rest::Rest;
use super::writer::{Row, StorageError};
use super::{Durability, Shared};
use crate::kinds::{Kind, Lasting};
use crate::value;

/// What the writer believes the object to be now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Not there.
    Absent,
    /// There, at this version.
    At(u64),
}

/// What is to become of the object. The store fills in the resourceVersion.
#[derive(Debug)]
pub enum Change {
    /// This is its new state.
    Put(Value),
    /// It goes; this is its last state.
    Remove(Value),
}

/// How a write began.
pub enum Begun {
    /// It is on its way; the receiver gets the object when it is published, or why it is not.
    Started(oneshot::Receiver<Result<Arc<Object>, StorageError>>),
    /// Another write to the same object is on its way: wait for it with [`Resource::settled`] and look again.
    Busy,
    /// The object is not what the writer believes.
    Stale,
}

type Published = Result<Arc<Object>, StorageError>;

/// A write on its way. Slots are in the order of their versions and leave in that order.
struct Slot {
    version: u64,
    key: Arc<str>,
    /// `None` while the disk is at work.
    outcome: Option<Result<Event, StorageError>>,
    answer: oneshot::Sender<Published>,
}

struct State {
    objects: BTreeMap<Arc<str>, Arc<Object>>,
    pending: VecDeque<Slot>,
    history: History,
    rest: Rest,
}

/// Objects of one state.
pub struct Cut {
    /// The version of the state: a watch from it misses nothing.
    pub version: u64,
    /// The objects, in the order of their keys.
    pub objects: Vec<Arc<Object>>,
    /// How many there are beyond those.
    pub more: usize,
}

impl Cut {
    fn take(&mut self, object: Option<&Arc<Object>>, at_most: usize) {
        match object {
            Some(object) if self.objects.len() < at_most => self.objects.push(object.clone()),
            Some(_) => self.more += 1,
            None => {}
        }
    }
}

/// How the keys of a namespace begin; those of all namespaces begin with anything.
pub fn prefix(namespace: &str) -> String {
    if namespace.is_empty() { String::new() } else { format!("{namespace}/") }
}

/// Called with every event in order, under the lock of the resource.
pub type Hook = Box<dyn Fn(&Event) + Send + Sync>;

/// One resource.
pub struct Resource {
    /// `PLURAL.GROUP`, or `PLURAL` for core.
    pub id: Arc<str>,
    kind: RwLock<Arc<Kind>>,
    state: Mutex<State>,
    shared: Arc<Shared>,
    changed: watch::Sender<u64>,
    settled: Notify,
    hook: Option<Hook>,
    /// Set at every publication, cleared by garbage collection.
    pub dirty: AtomicBool,
    /// Cancelled when the resource is no more; its watches end.
    pub retired: CancellationToken,
}

impl Resource {
    /// A resource with what the disk has of it.
    pub fn new(kind: Arc<Kind>, loaded: Vec<Object>, shared: Arc<Shared>, hook: Option<Hook>) -> Self {
        let floor = floor(&kind, shared.counter.last());
        let mut objects = loaded.into_iter().map(|object| (object.key.clone(), Arc::new(object))).collect();
        let rest = Rest::loaded(&mut objects);
        Self {
            id: kind.qualified().into(),
            kind: RwLock::new(kind),
            state: Mutex::new(State { objects, pending: VecDeque::new(), history: History::new(floor), rest }),
            shared,
            changed: watch::Sender::new(floor),
            settled: Notify::new(),
            hook,
            dirty: AtomicBool::new(true),
            retired: CancellationToken::new(),
        }
    }

    /// What the resource is a resource of.
    pub fn kind(&self) -> Arc<Kind> {
        self.kind.read().clone()
    }

    /// Replaces the definition; the objects stay.
    pub fn redefine(&self, kind: Arc<Kind>) {
        *self.kind.write() = kind;
    }

    /// Brings all objects into another shape. They keep their versions, and nobody is told: it is how they are seen from
    /// now on, not a change of theirs. The disk hears of it soon.
    pub fn reshape(&self, shape: impl Fn(&mut Value)) {
        let mut state = self.state.lock();
        let State { objects, rest, .. } = &mut *state;
        let mut reshaped_keys = Vec::new();
        for object in objects.values_mut() {
            let Ok(old) = object.value() else { continue };
            let mut new = old.clone();
            shape(&mut new);
            let reshaped = (new != old).then(|| Object::new(object.key.clone(), object.version, new.to_string().into()));
            if let Some(Ok(reshaped)) = reshaped {
                *object = Arc::new(reshaped);
                reshaped_keys.push(object.key.clone());
                self.shared.writer.soon(Row {
                    resource: self.id.clone(),
                    key: object.key.clone(),
                    version: object.version,
                    json: Some(object.json()),
                });
            }
        }
        reshaped_keys.iter().for_each(|key| rest.changed(key, objects));
    }

    /// The published object of a key.
    pub fn get(&self, key: &str) -> Option<Arc<Object>> {
        self.state.lock().objects.get(key).cloned()
    }

    /// Number of published objects.
    pub fn count(&self) -> usize {
        self.state.lock().objects.len()
    }

    /// The objects of a namespace (all if it is empty) whose keys come after `after`, in order, and the version at which
    /// that is true: a watch from that version misses nothing.
    pub fn list(&self, namespace: &str, after: Option<&str>) -> (u64, Vec<Arc<Object>>) {
        let prefix = prefix(namespace);
        let state = self.state.lock();
        let from = match after {
            Some(key) if *key >= *prefix => Bound::Excluded(key),
            _ => Bound::Included(prefix.as_str()),
        };
        let range = state.objects.range::<str, _>((from, Bound::Unbounded));
        let found = range.take_while(|(key, _)| key.starts_with(&prefix)).map(|(_, object)| object.clone()).collect();
        (self.position(&state), found)
    }

    /// The objects of a namespace (all if it is empty) from a key on, as they were at a version, or as they are. At most
    /// so many; the others are counted.
    ///
    /// # Errors
    /// When the history does not reach back to the version.
    pub fn cut(&self, namespace: &str, from: &str, at: Option<u64>, at_most: usize) -> Result<Cut, TooOld> {
        let prefix = prefix(namespace);
        let state = self.state.lock();
        let undo = at.map(|version| state.history.undo(version)).transpose()?.unwrap_or_default();
        let from = if *from > *prefix { from } else { prefix.as_str() };
        let mut cut = Cut { version: at.unwrap_or_else(|| self.position(&state)), objects: Vec::new(), more: 0 };
        let mut undone = undo.range::<str, _>((Bound::Included(from), Bound::Unbounded)).peekable();
        let present = state.objects.range::<str, _>((Bound::Included(from), Bound::Unbounded));
        for (key, object) in present.take_while(|(key, _)| key.starts_with(&prefix)) {
            while let Some((_, before)) = undone.next_if(|(other, _)| *other < key) {
                cut.take(before.as_ref(), at_most);
            }
            match undone.next_if(|(other, _)| *other == key) {
                Some((_, before)) => cut.take(before.as_ref(), at_most),
                None => cut.take(Some(object), at_most),
            }
        }
        undone.filter(|(key, _)| key.starts_with(&prefix)).for_each(|(_, before)| cut.take(before.as_ref(), at_most));
        Ok(cut)
    }

    /// Waits until everything up to a version is published, if it has been handed out at all. `Err` has the version up to
    /// which everything is published.
    pub async fn fresh(&self, version: u64) -> Result<(), u64> {
        loop {
            let mut settled = std::pin::pin!(self.settled.notified());
            settled.as_mut().enable();
            let position = self.position(&self.state.lock());
            if version <= position {
                return Ok(());
            }
            if version > self.shared.counter.last() {
                return Err(position);
            }
            settled.await;
        }
    }

    /// The objects of a namespace (all if it is empty) that a test picks.
    pub fn find(&self, namespace: &str, test: impl Fn(&Object) -> bool) -> Vec<Arc<Object>> {
        let prefix = prefix(namespace);
        let state = self.state.lock();
        let range = state.objects.range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded));
        let objects = range.take_while(|(key, _)| key.starts_with(&prefix)).map(|(_, object)| object);
        objects.filter(|object| test(object)).cloned().collect()
    }

    /// The first `at_most` events after a version, and the version up to which a watcher that has them has seen everything
    /// if there are fewer.
    pub fn events(&self, after: u64, at_most: usize) -> Result<(Vec<Event>, u64), TooOld> {
        let state = self.state.lock();
        Ok((state.history.after(after, at_most)?, self.position(&state)))
    }

    /// Whether a watch can begin at a version.
    ///
    /// # Errors
    /// When the version is older than the history, or was never handed out (by this data directory).
    pub fn reaches(&self, version: u64) -> Result<(), TooOld> {
        let newest = self.shared.counter.last();
        if version > newest { Err(TooOld { oldest: newest }) } else { self.state.lock().history.reaches(version) }
    }

    /// A receiver that is told of every publication.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Waits until no write to a key is on its way.
    pub async fn settled(&self, key: &str) {
        loop {
            let mut settled = std::pin::pin!(self.settled.notified());
            settled.as_mut().enable();
            if !self.state.lock().is_busy(key) {
                return;
            }
            settled.await;
        }
    }

    /// The version up to which everything is published. Versions that are handed out later, by this resource, are higher,
    /// because the lock is held.
    fn position(&self, state: &State) -> u64 {
        state.pending.front().map_or_else(|| self.shared.counter.last(), |slot| slot.version - 1)
    }

    /// Begins a write. It goes on by itself, whether or not anybody waits for it.
    ///
    /// # Errors
    /// When no version can be reserved, because the disk takes nothing.
    pub fn begin(self: &Arc<Self>, key: &Arc<str>, expected: Expected, change: Change, how: Durability) -> Result<Begun, StorageError> {
        let (answer, published) = oneshot::channel();
        let (version, previous) = {
            let mut state = self.state.lock();
            if state.is_busy(key) {
                return Ok(Begun::Busy);
            }
            let previous = state.objects.get(key).cloned();
            let found = previous.as_ref().map_or(Expected::Absent, |object| Expected::At(object.version));
            if found != expected {
                return Ok(Begun::Stale);
            }
            let version = self.shared.counter.next().ok_or_else(StorageError::no_versions)?;
            state.pending.push_back(Slot { version, key: key.clone(), outcome: None, answer });
            (version, previous)
        };
        match event(key, version, change, previous) {
            Ok(event) => self.make_it_last(event, how),
            Err(error) => self.settle(version, Err(StorageError::unfit(&error))),
        }
        Ok(Begun::Started(published))
    }

    fn make_it_last(self: &Arc<Self>, event: Event, how: Durability) {
        let version = event.object.version;
        if let Some(up_to) = self.shared.counter.wanted() {
            let shared = self.shared.clone();
            self.shared.writer.reserve(up_to, Box::new(move |up_to| shared.counter.reserved(up_to)));
        }
        let row = || Row {
            resource: self.id.clone(),
            key: event.object.key.clone(),
            version,
            json: (event.what != What::Deleted).then(|| event.object.json()),
        };
        match how {
            Durability::Memory => self.settle(version, Ok(event)),
            Durability::Soon => {
                self.shared.writer.soon(row());
                self.settle(version, Ok(event));
            }
            Durability::Now => {
                let (row, this) = (row(), self.clone());
                self.shared.writer.now(row, Box::new(move |result| this.settle(version, result.map(|()| event))));
            }
        }
    }

    /// Notes how a write ended, and publishes whatever is now at the head of the line.
    fn settle(&self, version: u64, outcome: Result<Event, StorageError>) {
        let mut answers = Vec::new();
        {
            let mut state = self.state.lock();
            if let Some(slot) = state.pending.iter_mut().find(|slot| slot.version == version) {
                slot.outcome = Some(outcome);
            }
            while let Some((answer, outcome)) = state.next_settled() {
                if let Ok(event) = &outcome {
                    state.publish(event);
                    if let Some(hook) = &self.hook {
                        hook(event);
                    }
                }
                answers.push((answer, outcome.map(|event| event.object)));
            }
        }
        self.tell(answers);
    }

    fn tell(&self, answers: Vec<(oneshot::Sender<Published>, Published)>) {
        if answers.is_empty() {
            return;
        }
        if let Some(newest) = answers.iter().filter_map(|(_, outcome)| outcome.as_ref().ok()).map(|object| object.version).max() {
            self.changed.send_replace(newest);
            self.dirty.store(true, Ordering::Release);
            self.shared.published.notify_one();
        }
        self.settled.notify_waiters();
        for (answer, outcome) in answers {
            // Nobody waits if the client went away; the write stands all the same.
            let _ = answer.send(outcome);
        }
    }
}

/// From which version on the history of a resource knows everything. What ended with the process before had no deletions,
/// so a client that knows of it must list again: its version, which at most is the one before `first`, is too old. What
/// lasts is as that client knows it.
fn floor(kind: &Kind, first: u64) -> u64 {
    match kind.lasting {
        Lasting::Process => first,
        Lasting::Derived | Lasting::Durable => first.saturating_sub(1),
    }
}

impl State {
    fn is_busy(&self, key: &str) -> bool {
        self.pending.iter().any(|slot| *slot.key == *key)
    }

    fn next_settled(&mut self) -> Option<(oneshot::Sender<Published>, Result<Event, StorageError>)> {
        self.pending.front()?.outcome.as_ref()?;
        let Slot { outcome, answer, .. } = self.pending.pop_front()?;
        Some((answer, outcome?))
    }

    fn publish(&mut self, event: &Event) {
        let object = &event.object;
        match event.what {
            What::Added | What::Modified => self.objects.insert(object.key.clone(), object.clone()),
            What::Deleted => self.objects.remove(&object.key),
        };
        self.history.push(event.clone());
        if event.what != What::Deleted {
            self.rest.changed(&object.key, &mut self.objects);
        }
    }
}

/// The event of a change, with the version written into the object.
fn event(key: &Arc<str>, version: u64, change: Change, previous: Option<Arc<Object>>) -> Result<Event, serde_json::Error> {
    let (mut value, what) = match change {
        Change::Put(value) => (value, if previous.is_some() { What::Modified } else { What::Added }),
        Change::Remove(value) => (value, What::Deleted),
    };
    value::metadata(&mut value).insert("resourceVersion".into(), version.to_string().into());
    let json = Bytes::from(serde_json::to_vec(&value)?.into_boxed_slice());
    Ok(Event { what, object: Arc::new(Object::new(key.clone(), version, json)?), previous })
}
