//! Where objects live: in memory for readers and watchers, on disk for what must last.
//!
//! A write reserves its resourceVersion, is made to last if it must, and is published; within a resource in the order of
//! resourceVersions, so that a watcher misses nothing. No lock is held while anybody waits for the disk. The store knows
//! no rule of the API beyond that.

pub mod counter;
pub mod disk;
pub mod history;
pub mod lock;
pub mod object;
pub mod resource;
mod rest;
pub mod writer;

use std::sync::Arc;

pub use counter::Counter;
pub use history::{Event, TooOld, What};
pub use object::{Object, Owner};
pub use resource::{Begun, Change, Cut, Expected, Resource};
pub use writer::{StorageError, Writer};

/// How long a write must last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Until the process ends.
    Memory,
    /// On disk soon; nobody waits for it.
    Soon,
    /// On disk before anybody hears of it.
    Now,
}

/// What all resources share: the counter of versions and the disk.
pub struct Shared {
    /// Hands out resourceVersions.
    pub counter: Counter,
    /// Writes to disk.
    pub writer: Arc<Writer>,
    /// Told after every publication of any resource; garbage collection waits for it.
    pub published: tokio::sync::Notify,
}

#[cfg(test)]
mod tests;
