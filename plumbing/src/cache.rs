//! A watch cache: all objects of one kind in memory, kept current by one watch, shared by everyone in the process.
//!
//! Hooks tell work queues that a key changed; they get the object only to find keys, never as the truth of the moment.
//! Objects that nobody asked for lately are kept packed: see [`shelf`].

mod shelf;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use kube::runtime::watcher::{self, DefaultBackoff, Event};
use kube::{Api, Resource, ResourceExt};
use parking_lot::RwLock;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shelf::{Found, Shelf};
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
    by_key: Shelf<K>,
    /// Word and key, sorted: one dense tree costs far less than a set per word.
    by_index: BTreeSet<(Arc<str>, Arc<Key>)>,
}

/// A list that is being read.
struct Listing<K> {
    objects: Objects<K>,
    /// Whether it is the first one, and how many hooks heard of its objects while it was read.
    first: Option<usize>,
}

struct Inner<K> {
    objects: RwLock<Objects<K>>,
    hooks: RwLock<Vec<Hook<K>>>,
    index: Option<Index<K>>,
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
        write!(f, "Cache<{}>", std::any::type_name::<K>())
    }
}

impl<K> Default for Cache<K>
where
    K: Resource<DynamicType = ()> + Clone + Debug + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    fn default() -> Self {
        Self::new(None)
    }
}

impl<K> Cache<K>
where
    K: Resource<DynamicType = ()> + Clone + Debug + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    /// An empty cache that can also be asked by the words that `index` gives an object (owner uids, label values).
    pub fn indexed(index: Index<K>) -> Self {
        Self::new(Some(index))
    }

    fn new(index: Option<Index<K>>) -> Self {
        let objects = Objects { by_key: Shelf::default(), by_index: BTreeSet::new() };
        Self(Arc::new(Inner { objects: RwLock::new(objects), hooks: RwLock::default(), index, ready: watch::Sender::new(false) }))
    }

    /// Calls `hook` after every change, in order. Hooks are quick and do not block: they add keys to queues.
    /// Objects that are already there are told at once.
    pub fn on_change(&self, hook: impl Fn(&Arc<K>, Change) + Send + Sync + 'static) {
        let mut hooks = self.0.hooks.write();
        self.each(|object| hook(&object, Change::Applied));
        hooks.push(Box::new(hook));
    }

    /// The object, if it is known.
    pub fn get(&self, namespace: &str, name: &str) -> Option<Arc<K>> {
        self.find(&Key::new(namespace, name))
    }

    /// The object of a key, if it is known.
    pub fn find(&self, key: &Key) -> Option<Arc<K>> {
        // The read lock ends with the statement.
        let found = self.0.objects.read().by_key.get(key);
        match found? {
            Found::Warm(object) => Some(object),
            Found::Unpacked(object) => {
                self.0.objects.write().by_key.warm_up(key, &object);
                Some(object)
            }
        }
    }

    /// All objects, in no order. With thousands of them, [`Cache::keys`] and [`Cache::each`] need far less memory.
    pub fn list(&self) -> Vec<Arc<K>> {
        let mut all = Vec::new();
        self.each(|object| all.push(object));
        all
    }

    /// The keys of all objects, in no order.
    pub fn keys(&self) -> Vec<Arc<Key>> {
        self.0.objects.read().by_key.keys().cloned().collect()
    }

    /// Looks at all objects, one after another, in no order. None of them is kept at hand for that.
    pub fn each(&self, mut look: impl FnMut(Arc<K>)) {
        for key in self.keys() {
            let found = self.0.objects.read().by_key.get(&key);
            found.map(Found::object).into_iter().for_each(&mut look);
        }
    }

    /// The objects that the index filed under `word`, by key.
    pub fn by_index(&self, word: &str) -> Vec<Arc<K>> {
        let keys = self.0.objects.read().filed(word);
        keys.iter().filter_map(|key| self.find(key)).collect()
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
        let mut listing: Option<Listing<K>> = None;
        let mut patience = Patience::default();
        loop {
            let event = tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                event = events.try_next() => event,
            };
            match event {
                Ok(Some(event)) => self.take(event, &mut listing),
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

    fn take(&self, event: Event<K>, listing: &mut Option<Listing<K>>) {
        match event {
            Event::Init => *listing = Some(self.begin()),
            Event::InitApply(object) => {
                if let Some(listing) = listing {
                    self.read(listing, self.slim(object));
                }
            }
            Event::InitDone => {
                if let Some(listing) = listing.take() {
                    self.replace(listing);
                }
            }
            Event::Apply(object) => self.apply(self.slim(object)),
            Event::Delete(object) => self.delete(&Key::of(&object)),
        }
    }

    fn begin(&self) -> Listing<K> {
        let first = (!*self.0.ready.borrow()).then(|| self.0.hooks.read().len());
        let by_key = Shelf::like(&self.0.objects.read().by_key);
        Listing { objects: Objects { by_key, by_index: BTreeSet::new() }, first }
    }

    /// One object of a list. Of a first list the hooks hear at once, while the object is at hand: until the cache is ready
    /// nobody acts on what they note, and unpacking ten thousand objects for them would cost a restart a second.
    fn read(&self, listing: &mut Listing<K>, object: Arc<K>) {
        if let Some(hooks) = listing.first {
            self.0.hooks.read().iter().take(hooks).for_each(|hook| hook(&object, Change::Applied));
        }
        listing.objects.put(Key::of(object.as_ref()), object, self.0.index);
    }

    /// Nobody here reads managedFields, and they are often half of an object.
    fn slim(&self, mut object: K) -> Arc<K> {
        object.meta_mut().managed_fields = None;
        Arc::new(object)
    }

    /// Takes a complete list in place of what is known. What is missing in it was deleted while no watch was open, and so
    /// was what has another uid now. What is as it was is no news.
    fn replace(&self, listing: Listing<K>) {
        match listing.first {
            Some(heard) => self.replace_nothing(listing.objects, heard),
            None => self.replace_known(&listing.objects.by_key),
        }
        self.0.ready.send_replace(true);
    }

    fn replace_nothing(&self, objects: Objects<K>, heard: usize) {
        let hooks = self.0.hooks.read();
        *self.0.objects.write() = objects;
        let late: Vec<&Hook<K>> = hooks.iter().skip(heard).collect();
        if !late.is_empty() {
            self.each(|object| late.iter().for_each(|hook| hook(&object, Change::Applied)));
        }
    }

    fn replace_known(&self, fresh: &Shelf<K>) {
        let news: Vec<Arc<K>> = fresh
            .keys()
            .filter_map(|key| {
                let object = fresh.get(key)?.object();
                (!self.0.objects.read().by_key.has(key, &object)).then_some(object)
            })
            .collect();
        let gone: Vec<Arc<Key>> = self.keys().into_iter().filter(|key| fresh.kept(key).is_none()).collect();
        let made_anew =
            news.iter().filter(|object| self.find(&Key::of(object.as_ref())).is_some_and(|known| known.meta().uid != object.meta().uid));
        let gone = gone.into_iter().chain(made_anew.map(|object| Arc::new(Key::of(object.as_ref()))));
        gone.collect::<Vec<_>>().iter().for_each(|key| self.delete(key));
        news.into_iter().for_each(|object| self.apply(object));
    }

    fn apply(&self, object: Arc<K>) {
        self.0.objects.write().put(Key::of(object.as_ref()), object.clone(), self.0.index);
        self.tell(&object, Change::Applied);
    }

    fn delete(&self, key: &Key) {
        let mut objects = self.0.objects.write();
        objects.unfile(key, self.0.index);
        let gone = objects.by_key.get(key).map(Found::object);
        objects.by_key.remove(key);
        drop(objects);
        if let Some(object) = gone {
            self.tell(&object, Change::Deleted);
        }
    }

    fn tell(&self, object: &Arc<K>, change: Change) {
        self.0.hooks.read().iter().for_each(|hook| hook(object, change));
    }
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

impl<K: Resource + Serialize + DeserializeOwned> Objects<K> {
    /// Puts an object in, in place of an earlier state of it.
    fn put(&mut self, key: Key, object: Arc<K>, index: Option<Index<K>>) {
        self.unfile(&key, index);
        let words = index.map(|index| index(&object)).unwrap_or_default();
        let kept = self.by_key.put(key, object);
        self.by_index.extend(words.into_iter().map(|word| (word.into(), kept.clone())));
    }

    /// Takes the object's words out of the index.
    fn unfile(&mut self, key: &Key, index: Option<Index<K>>) {
        let Some((index, kept)) = index.zip(self.by_key.kept(key)) else { return };
        let object = self.by_key.get(key).map(Found::object);
        for word in object.iter().flat_map(|object| index(object)) {
            self.by_index.remove(&(word.into(), kept.clone()));
        }
    }

    fn filed(&self, word: &str) -> Vec<Arc<Key>> {
        let from: (Arc<str>, Arc<Key>) = (word.into(), Arc::new(Key::new("", "")));
        self.by_index.range(from..).take_while(|(filed, _)| **filed == *word).map(|(_, key)| key.clone()).collect()
    }
}

#[cfg(test)]
mod tests;
