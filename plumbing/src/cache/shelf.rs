//! Where a cache keeps its objects: those that were asked for lately as they are, the others packed. A service that sleeps costs
//! some hundred bytes per object then, not the five to ten KB that a decoded object takes.
//!
//! It must not know of watches, hooks or locks.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kube::Resource;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Key;
use crate::pack::Packer;

/// So many objects of a kind are kept as they are: 1 MB per kind, and more than are busy at a time on most machines. A
/// machine with more busy ones pays some 20 µs each time that an object comes back.
pub const WARM_MAX: usize = 256;
/// So many objects make the dictionary: kinds like core Services come in two or three sorts.
const SAMPLES: usize = 4;

/// Which state of which object it is: equal for equal uid and resourceVersion, both known.
type Stamp = Option<u64>;

struct Entry<K> {
    /// The object as it is. At least one of this and `packed` is there.
    warm: Option<Arc<K>>,
    /// The object packed, once it has been: what did not change since need not be packed again.
    packed: Option<Box<[u8]>>,
    /// Whether it was asked for since it was last looked at.
    asked: AtomicBool,
    stamp: Stamp,
}

/// The objects of one kind by key.
pub struct Shelf<K> {
    entries: HashMap<Arc<Key>, Entry<K>>,
    /// The warm ones, in the order in which they are looked at when one must be packed. Keys that are gone or packed already
    /// are skipped.
    warm: VecDeque<Arc<Key>>,
    packer: Option<Packer>,
    stamps: std::hash::RandomState,
}

/// An object that was found.
pub enum Found<K> {
    /// It was at hand.
    Warm(Arc<K>),
    /// It had to be unpacked; [`Shelf::warm_up`] saves the next one that.
    Unpacked(Arc<K>),
}

impl<K> Found<K> {
    /// The object.
    pub fn object(self) -> Arc<K> {
        match self {
            Self::Warm(object) | Self::Unpacked(object) => object,
        }
    }
}

impl<K: Resource + Serialize + DeserializeOwned> Shelf<K> {
    /// An empty shelf that stamps like `other`, so that the two can be compared.
    pub fn like(other: &Self) -> Self {
        Self { entries: HashMap::new(), warm: VecDeque::new(), packer: None, stamps: other.stamps.clone() }
    }

    /// The keys of all objects, in no order.
    pub fn keys(&self) -> impl Iterator<Item = &Arc<Key>> {
        self.entries.keys()
    }

    /// The key as it is kept here.
    pub fn kept(&self, key: &Key) -> Option<Arc<Key>> {
        self.entries.get_key_value(key).map(|(key, _)| key.clone())
    }

    /// The object of a key.
    pub fn get(&self, key: &Key) -> Option<Found<K>> {
        let entry = self.entries.get(key)?;
        if let Some(object) = &entry.warm {
            entry.asked.store(true, Ordering::Relaxed);
            return Some(Found::Warm(object.clone()));
        }
        match self.packer.as_ref()?.unpack_object(entry.packed.as_deref()?) {
            Ok(object) => Some(Found::Unpacked(Arc::new(object))),
            Err(error) => {
                tracing::error!(%key, %error, "an object in memory cannot be read; memory or a type's JSON is broken");
                None
            }
        }
    }

    /// Whether the shelf has the same state of the same object.
    pub fn has(&self, key: &Key, object: &K) -> bool {
        let stamp = self.stamp(object);
        stamp.is_some() && self.entries.get(key).is_some_and(|entry| entry.stamp == stamp)
    }

    /// Puts an object in, in place of an earlier state of it. Gives the key as it is kept.
    pub fn put(&mut self, key: Key, object: Arc<K>) -> Arc<Key> {
        let key = self.kept(&key).unwrap_or_else(|| Arc::new(key));
        let stamp = self.stamp(&object);
        let entry = Entry { warm: Some(object), packed: None, asked: AtomicBool::new(false), stamp };
        let before = self.entries.insert(key.clone(), entry);
        if before.is_none_or(|before| before.warm.is_none()) {
            self.warm.push_back(key.clone());
            self.make_room();
        }
        key
    }

    /// Keeps an object that had to be unpacked as it is, if it is still that state.
    pub fn warm_up(&mut self, key: &Key, object: &Arc<K>) {
        let stamp = self.stamp(object);
        let Some(key) = self.kept(key) else { return };
        let Some(entry) = self.entries.get_mut(&key) else { return };
        if entry.stamp == stamp && stamp.is_some() && entry.warm.is_none() {
            entry.warm = Some(object.clone());
            self.warm.push_back(key);
            self.make_room();
        }
    }

    /// Takes an object out.
    pub fn remove(&mut self, key: &Key) {
        self.entries.remove(key);
        if self.entries.is_empty() {
            self.warm.clear();
        }
    }

    /// Packs the objects that nobody asked for lately, until as few are warm as may be.
    fn make_room(&mut self) {
        // One round at most, in which everybody had been asked for; the next one is packed all the same.
        let mut mercies = self.warm.len();
        while self.warm.len() > WARM_MAX {
            let Some(key) = self.warm.pop_front() else { return };
            let Some(entry) = self.entries.get(&key) else { continue };
            let Some(object) = entry.warm.clone() else { continue };
            if mercies > 0 && entry.asked.swap(false, Ordering::Relaxed) {
                mercies -= 1;
                self.warm.push_back(key);
                continue;
            }
            let packed = if entry.packed.is_some() { None } else { Some(self.pack(&object)) };
            let Some(entry) = self.entries.get_mut(&key) else { continue };
            match packed {
                None => entry.warm = None,
                Some(Ok(packed)) => (entry.warm, entry.packed) = (None, Some(packed)),
                Some(Err(error)) => {
                    tracing::error!(%key, %error, "an object cannot be packed and stays as it is; its type's JSON is broken");
                    return;
                }
            }
        }
    }

    fn pack(&mut self, object: &K) -> std::io::Result<Box<[u8]>> {
        let packer = match self.packer.take() {
            Some(packer) => packer,
            None => Packer::like(self.samples().iter().map(AsRef::as_ref))?,
        };
        let packed = packer.pack_object(object);
        self.packer = Some(packer);
        packed
    }

    /// Some of the warm objects: what they have in common, most of the kind will have.
    fn samples(&self) -> Vec<Arc<K>> {
        let warm = self.warm.iter().step_by(WARM_MAX / SAMPLES).filter_map(|key| self.entries.get(key)?.warm.clone());
        warm.take(SAMPLES).collect()
    }

    fn stamp(&self, object: &K) -> Stamp {
        let meta = object.meta();
        let version = meta.resource_version.as_deref().filter(|version| !version.is_empty())?;
        let mut hasher = self.stamps.build_hasher();
        hasher.write(version.as_bytes());
        hasher.write_u8(0);
        hasher.write(meta.uid.as_deref().unwrap_or_default().as_bytes());
        Some(hasher.finish())
    }
}

impl<K> Default for Shelf<K> {
    fn default() -> Self {
        Self { entries: HashMap::new(), warm: VecDeque::new(), packer: None, stamps: std::hash::RandomState::new() }
    }
}
