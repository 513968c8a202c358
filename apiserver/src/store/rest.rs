//! Which objects of a resource are kept as they are, and which packed: those that changed lately are read most. Reading a packed
//! one costs a microsecond or two, and its 2 KB take 200 bytes.
//!
//! It must not change what an object says.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;

use ebb_plumbing::pack::Packer;

use super::object::Object;

/// So many objects of a resource are kept as they are: half a megabyte for each of the ten busiest kinds.
const PLAIN_MAX: usize = 256;
/// So many objects make the dictionary: kinds like Service come in two or three sorts.
const SAMPLES: usize = 4;
/// So many are looked at per change, so that the surplus shrinks and no change pays for all of it. One that is still in the history, or in
/// somebody's hands, comes to its turn again.
const TRIES: usize = 2;

type Objects = BTreeMap<Arc<str>, Arc<Object>>;

/// The order in which objects come to rest.
#[derive(Default)]
pub struct Rest {
    plain: VecDeque<Arc<str>>,
    /// The same keys: none stands in line twice.
    waiting: HashSet<Arc<str>>,
    packer: Option<Arc<Packer>>,
}

impl Rest {
    /// Takes note of objects that nobody has in hands yet.
    pub fn loaded(objects: &mut Objects) -> Self {
        let mut this = Self { plain: objects.keys().cloned().collect(), waiting: objects.keys().cloned().collect(), packer: None };
        while this.plain.len() > PLAIN_MAX {
            this.pack_next(objects);
        }
        this.plain.shrink_to_fit();
        this.waiting.shrink_to_fit();
        this
    }

    /// Takes note of a change of an object.
    pub fn changed(&mut self, key: &Arc<str>, objects: &mut Objects) {
        if self.waiting.insert(key.clone()) {
            self.plain.push_back(key.clone());
        }
        for _ in 0..TRIES {
            if self.plain.len() > PLAIN_MAX {
                self.pack_next(objects);
            }
        }
    }

    fn pack_next(&mut self, objects: &mut Objects) {
        let packer = self.packer(objects);
        let Some(key) = self.plain.pop_front() else { return };
        match objects.get_mut(&key).map(Arc::get_mut) {
            // Somebody has it in hands.
            Some(None) => return self.plain.push_back(key),
            Some(Some(object)) => object.pack(&packer),
            None => {}
        }
        self.waiting.remove(&key);
    }

    fn packer(&mut self, objects: &Objects) -> Arc<Packer> {
        let plain = &self.plain;
        let samples = || {
            let keys = plain.iter().step_by(PLAIN_MAX / SAMPLES).take(SAMPLES);
            keys.filter_map(|key| objects.get(key)).flat_map(|object| object.json()).collect::<Vec<u8>>()
        };
        self.packer.get_or_insert_with(|| Arc::new(Packer::new(&samples()))).clone()
    }
}

#[cfg(test)]
mod tests;
