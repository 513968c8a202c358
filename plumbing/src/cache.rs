//! A watch cache: all objects of one kind in memory, kept current by one watch, shared by everyone in the process.
//!
//! Hooks tell work queues that a key changed; they get the object only to find keys, never as the truth of the moment.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use kube::runtime::watcher::{self, DefaultBackoff, Event};
use kube::{Api, Resource, ResourceExt};
use parking_lot::RwLock;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Namespace (empty for cluster-scoped kinds) and name of an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Namespace, or empty.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl Key {
    /// A key from its parts.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }

    /// The key of an object.
    pub fn of<K: Resource>(object: &K) -> Self {
        Self::new(object.namespace().unwrap_or_default(), object.name_any())
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.namespace.is_empty() { f.write_str(&self.name) } else { write!(f, "{}/{}", self.namespace, self.name) }
    }
}

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is there, new or changed.
    Applied,
    /// It is gone; the object given is its last known state.
    Deleted,
}

type Hook<K> = Box<dyn Fn(&Arc<K>, Change) + Send + Sync>;
type Index<K> = fn(&K) -> Vec<String>;

struct Objects<K> {
    by_key: HashMap<Key, Arc<K>>,
    by_index: HashMap<String, BTreeSet<Key>>,
}

struct Inner<K> {
    objects: RwLock<Objects<K>>,
    hooks: RwLock<Vec<Hook<K>>>,
    index: Index<K>,
    ready: watch::Sender<bool>,
}

/// All objects of a kind. Cheap to clone.
pub struct Cache<K>(Arc<Inner<K>>);

impl<K> Clone for Cache<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K> Debug for Cache<K> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cache<{}>({})", std::any::type_name::<K>(), self.0.objects.read().by_key.len())
    }
}

impl<K> Default for Cache<K>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    fn default() -> Self {
        Self::indexed(|_| Vec::new())
    }
}

impl<K> Cache<K>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    /// An empty cache that can also be asked by the words that `index` gives an object (owner uids, label values).
    pub fn indexed(index: Index<K>) -> Self {
        let objects = Objects { by_key: HashMap::new(), by_index: HashMap::new() };
        Self(Arc::new(Inner { objects: RwLock::new(objects), hooks: RwLock::default(), index, ready: watch::Sender::new(false) }))
    }

    /// Calls `hook` after every change, in order. Hooks are quick and do not block: they add keys to queues.
    /// Objects that are already there are told at once.
    pub fn on_change(&self, hook: impl Fn(&Arc<K>, Change) + Send + Sync + 'static) {
        let mut hooks = self.0.hooks.write();
        for object in self.list() {
            hook(&object, Change::Applied);
        }
        hooks.push(Box::new(hook));
    }

    /// The object, if it is known.
    pub fn get(&self, namespace: &str, name: &str) -> Option<Arc<K>> {
        self.0.objects.read().by_key.get(&Key::new(namespace, name)).cloned()
    }

    /// The object of a key, if it is known.
    pub fn find(&self, key: &Key) -> Option<Arc<K>> {
        self.0.objects.read().by_key.get(key).cloned()
    }

    /// All objects, in no order.
    pub fn list(&self) -> Vec<Arc<K>> {
        self.0.objects.read().by_key.values().cloned().collect()
    }

    /// The objects that the index filed under `word`, by key.
    pub fn by_index(&self, word: &str) -> Vec<Arc<K>> {
        let objects = self.0.objects.read();
        let keys = objects.by_index.get(word).into_iter().flatten();
        keys.filter_map(|key| objects.by_key.get(key).cloned()).collect()
    }

    /// Waits until the first list is complete.
    pub async fn ready(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.0.ready.subscribe().wait_for(|ready| *ready).await;
    }

    /// Keeps the cache current until shutdown. Watch errors are logged and retried with back-off; a watch that fell behind
    /// the server's history begins again at once, because a cache is blind until then.
    pub async fn run(self, api: Api<K>, config: watcher::Config, shutdown: CancellationToken) -> Result<(), crate::BoxError> {
        let mut events = std::pin::pin!(watcher::watcher(api, config));
        let mut fresh: Option<HashMap<Key, Arc<K>>> = None;
        let mut patience = Patience::default();
        loop {
            let event = tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                event = events.try_next() => event,
            };
            match event {
                Ok(Some(event)) => self.take(event, &mut fresh),
                Ok(None) => return Err("the watch stream ended".into()),
                Err(error) => {
                    let wait = patience.after(&error, Instant::now());
                    if wait.is_zero() {
                        tracing::debug!(kind = %K::kind(&()), %error, "watch fell behind; everything is listed again");
                    } else {
                        tracing::warn!(kind = %K::kind(&()), %error, "watch failed; it is tried again");
                    }
                    tokio::select! {
                        () = shutdown.cancelled() => return Ok(()),
                        () = tokio::time::sleep(wait) => {}
                    }
                }
            }
        }
    }

    fn take(&self, event: Event<K>, fresh: &mut Option<HashMap<Key, Arc<K>>>) {
        match event {
            Event::Init => *fresh = Some(HashMap::new()),
            Event::InitApply(object) => {
                let object = self.slim(object);
                if let Some(fresh) = fresh {
                    fresh.insert(Key::of(object.as_ref()), object);
                }
            }
            Event::InitDone => self.replace(fresh.take().unwrap_or_default()),
            Event::Apply(object) => self.apply(self.slim(object)),
            Event::Delete(object) => self.delete(&Key::of(&object)),
        }
    }

    /// Nobody here reads managedFields, and they are often half of an object.
    fn slim(&self, mut object: K) -> Arc<K> {
        object.managed_fields_mut().clear();
        Arc::new(object)
    }

    /// Takes a complete list in place of what is known. What is missing in it was deleted while no watch was open, and so
    /// was what has another uid now. What is as it was is no news.
    fn replace(&self, fresh: HashMap<Key, Arc<K>>) {
        let is_gone = |key: &Key, known: &K| fresh.get(key).is_none_or(|object| object.meta().uid != known.meta().uid);
        let gone: Vec<Key> = {
            let objects = self.0.objects.read();
            objects.by_key.iter().filter(|(key, known)| is_gone(key, known)).map(|(key, _)| key.clone()).collect()
        };
        gone.iter().for_each(|key| self.delete(key));
        for (key, object) in fresh {
            if !self.find(&key).is_some_and(|known| is_same(known.as_ref(), object.as_ref())) {
                self.apply(object);
            }
        }
        self.0.ready.send_replace(true);
    }

    fn apply(&self, object: Arc<K>) {
        let key = Key::of(object.as_ref());
        let mut objects = self.0.objects.write();
        objects.unfile(&key, self.0.index);
        for word in (self.0.index)(&object) {
            objects.by_index.entry(word).or_default().insert(key.clone());
        }
        objects.by_key.insert(key, object.clone());
        drop(objects);
        self.tell(&object, Change::Applied);
    }

    fn delete(&self, key: &Key) {
        let mut objects = self.0.objects.write();
        objects.unfile(key, self.0.index);
        let gone = objects.by_key.remove(key);
        drop(objects);
        if let Some(object) = gone {
            self.tell(&object, Change::Deleted);
        }
    }

    fn tell(&self, object: &Arc<K>, change: Change) {
        self.0.hooks.read().iter().for_each(|hook| hook(object, change));
    }
}

/// Whether two objects are the same state of the same object.
fn is_same<K: Resource>(a: &K, b: &K) -> bool {
    let version = |object: &K| object.meta().resource_version.clone().filter(|version| !version.is_empty());
    version(a).is_some() && version(a) == version(b)
}

/// A watch that keeps falling behind within this time is too slow for what happens: it gets the waits of a failing one, so
/// that listing everything again and again does not slow down the rest.
const BEHIND_AGAIN: Duration = Duration::from_secs(5);

/// How long to wait after an error.
#[derive(Default)]
struct Patience {
    failing: DefaultBackoff,
    behind: Option<Instant>,
}

impl Patience {
    fn after(&mut self, error: &watcher::Error, now: Instant) -> Duration {
        let is_behind = matches!(error, watcher::Error::WatchError(status) if status.code == 410);
        let again = self.behind.is_some_and(|before| now.duration_since(before) < BEHIND_AGAIN);
        if is_behind {
            self.behind = Some(now);
        }
        if is_behind && !again {
            return Duration::ZERO;
        }
        self.failing.next().unwrap_or(BEHIND_AGAIN)
    }
}

impl<K> Objects<K> {
    /// Takes the object's words out of the index.
    fn unfile(&mut self, key: &Key, index: Index<K>) {
        let Some(object) = self.by_key.get(key) else { return };
        for word in index(object) {
            if let Some(keys) = self.by_index.get_mut(&word) {
                keys.remove(key);
                if keys.is_empty() {
                    self.by_index.remove(&word);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
