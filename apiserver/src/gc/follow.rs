//! Follows everything that is published and says which objects to look at. It remembers only who has which owners.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use ebb_plumbing::{CancellationToken, WorkQueue};

use super::Item;
use crate::kinds::{Registry, builtin};
use crate::store::{Event, Object, Owner, Resource, What, object};
use crate::write::Core;

/// At most so many events under one lock of a resource.
const BATCH: usize = 256;

/// What is remembered.
#[derive(Default)]
struct Follower {
    dependents: Dependents,
    /// By resource, the version up to which it was followed.
    cursors: HashMap<Arc<str>, u64>,
}

/// Who depends on whom, by a hash of the owner's uid: two owners of one hash only make somebody look in vain. One set for
/// all, because most owners have one dependent or two.
#[derive(Default)]
struct Dependents {
    edges: BTreeSet<(u64, Item)>,
    hashes: RandomState,
}

impl Dependents {
    fn add(&mut self, owner: &str, item: Item) {
        self.edges.insert((self.hashes.hash_one(owner), item));
    }

    fn remove(&mut self, owner: &str, item: &Item) {
        self.edges.remove(&(self.hashes.hash_one(owner), item.clone()));
    }

    fn of(&self, owner: &str) -> impl Iterator<Item = &Item> {
        let owner = self.hashes.hash_one(owner);
        let first = Item { resource: Arc::default(), key: Arc::default() };
        self.edges.range((owner, first)..).take_while(move |(hash, _)| *hash == owner).map(|(_, item)| item)
    }

    fn all(&self) -> impl Iterator<Item = &Item> {
        self.edges.iter().map(|(_, item)| item)
    }
}

/// Follows until shutdown.
pub async fn run(core: Arc<Core>, queue: WorkQueue<Item>, shutdown: CancellationToken) {
    let mut follower = Follower::default();
    loop {
        for resource in core.registry.all() {
            if resource.dirty.swap(false, Ordering::AcqRel) {
                follower.catch_up(&core.registry, &resource, &queue);
            }
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = core.shared.published.notified() => {}
        }
    }
}

/// The object that an owner reference means, if its kind is known. It may not exist.
pub fn owner_item(registry: &Registry, dependent: &Object, owner: &Owner) -> Option<(Arc<Resource>, Item)> {
    let resource = registry.find_kind(&owner.api_version, &owner.kind)?;
    let namespace = if resource.kind().namespaced { dependent.namespace() } else { "" };
    let item = Item { resource: resource.id.clone(), key: object::key(namespace, &owner.name) };
    Some((resource, item))
}

/// Whatever is on its way out may wait for something that went unseen.
fn add_leaving(registry: &Registry, queue: &WorkQueue<Item>) {
    for resource in registry.all() {
        for object in resource.find("", |object| object.deleting) {
            queue.add(Item { resource: resource.id.clone(), key: object.key.clone() });
        }
    }
}

impl Follower {
    fn catch_up(&mut self, registry: &Registry, resource: &Arc<Resource>, queue: &WorkQueue<Item>) {
        loop {
            let Some(cursor) = self.cursors.get(&resource.id).copied() else {
                self.begin(resource, queue);
                return;
            };
            match resource.events(cursor, BATCH) {
                Ok((events, position)) => {
                    let newest = events.last().map_or(position, |event| event.object.version);
                    self.cursors.insert(resource.id.clone(), newest);
                    events.iter().for_each(|event| self.note(registry, resource, event, queue));
                    if events.is_empty() {
                        return;
                    }
                }
                // Too far behind: look at everything again.
                Err(_) => {
                    self.cursors.remove(&resource.id);
                    self.dependents.all().for_each(|item| queue.add(item.clone()));
                    add_leaving(registry, queue);
                }
            }
        }
    }

    fn begin(&mut self, resource: &Arc<Resource>, queue: &WorkQueue<Item>) {
        let (version, objects) = resource.list("", None);
        for object in objects {
            let item = Item { resource: resource.id.clone(), key: object.key.clone() };
            for owner in &object.owners {
                self.dependents.add(&owner.uid, item.clone());
            }
            if object.deleting || !object.owners.is_empty() {
                queue.add(item);
            }
        }
        self.cursors.insert(resource.id.clone(), version);
    }

    fn note(&mut self, registry: &Registry, resource: &Arc<Resource>, event: &Event, queue: &WorkQueue<Item>) {
        let Event { what, object, previous } = event;
        let item = Item { resource: resource.id.clone(), key: object.key.clone() };
        let no_owners: &[Owner] = &[];
        let before = previous.as_ref().map_or(no_owners, |previous| &previous.owners);
        let now = if *what == What::Deleted { no_owners } else { &object.owners };
        let changed = before != now;
        if changed {
            self.forget(registry, &item, object, before, queue);
            for owner in now {
                self.dependents.add(&owner.uid, item.clone());
            }
        }
        match what {
            What::Deleted => self.gone(registry, resource, object, queue),
            What::Added | What::Modified => {
                if object.deleting || (changed && !now.is_empty()) {
                    queue.add(item);
                }
            }
        }
    }

    /// A dependent no longer has these owners: one of them may have waited for that.
    fn forget(&mut self, registry: &Registry, item: &Item, object: &Object, owners: &[Owner], queue: &WorkQueue<Item>) {
        for owner in owners {
            self.dependents.remove(&owner.uid, item);
            if let Some((resource, item)) = owner_item(registry, object, owner)
                && resource.get(&item.key).is_some_and(|owner| owner.deleting)
            {
                queue.add(item);
            }
        }
    }

    /// An object is gone: its dependents, its namespace and its kind may have waited for that.
    fn gone(&mut self, registry: &Registry, resource: &Arc<Resource>, object: &Object, queue: &WorkQueue<Item>) {
        self.dependents.of(&object.uid).for_each(|item| queue.add(item.clone()));
        let namespace = object.namespace();
        if !namespace.is_empty() && registry.namespace(namespace) == Some(true) {
            queue.add(Item { resource: builtin::NAMESPACES.into(), key: object::key("", namespace) });
        }
        if *resource.id == *builtin::DEFINITIONS {
            // Its names are free for others.
            let others = resource.find("", |_| true);
            others.into_iter().for_each(|other| queue.add(Item { resource: resource.id.clone(), key: other.key.clone() }));
        }
        if resource.kind().custom {
            queue.add(Item { resource: builtin::DEFINITIONS.into(), key: object::key("", &resource.id) });
        }
    }
}
