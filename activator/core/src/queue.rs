//! The one line before a revision: first come, first served, bounded in number and in bytes.
//!
//! A place in the line is a [`Ticket`], given on arrival. A request that lost its pod and comes back has kept its ticket, so
//! it stands before everyone who came after it.

use std::collections::BTreeMap;

/// Order of arrival at one revision. Smaller is older.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// How long the line may get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Requests that wait.
    pub waiting: usize,
    /// Bytes that those requests hold.
    pub bytes: usize,
}

impl Default for Bounds {
    /// 10,000 requests wait, besides as many as there are places: Knative's depth of 10,000 plus capacity. Each may hold 10 KiB
    /// on average before the bytes are what refuses: 10,000 × 10 KiB = 100 MiB.
    fn default() -> Self {
        Self { waiting: 10_000, bytes: 10_000 * 10 * 1024 }
    }
}

/// Which bound refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// Too many wait.
    Waiting,
    /// Those who wait hold too many bytes.
    Bytes,
}

#[derive(Debug)]
struct Entry<W> {
    bytes: usize,
    waiter: W,
}

/// The line. `W` is whatever the caller needs to wake a waiter.
#[derive(Debug)]
pub struct Queue<W> {
    waiting: BTreeMap<Ticket, Entry<W>>,
    bytes: usize,
    bounds: Bounds,
}

impl<W> Queue<W> {
    /// An empty line.
    pub fn new(bounds: Bounds) -> Self {
        Self { waiting: BTreeMap::new(), bytes: 0, bounds }
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The bytes that those who wait hold.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether one more request with so many bytes may join.
    ///
    /// # Errors
    /// The bound that refuses it.
    pub fn has_room(&self, bytes: usize) -> Result<(), Full> {
        if self.waiting.len() >= self.bounds.waiting {
            Err(Full::Waiting)
        } else if self.bytes.saturating_add(bytes) > self.bounds.bytes {
            Err(Full::Bytes)
        } else {
            Ok(())
        }
    }

    /// Adds a waiter at the place that its ticket gives it. Does not look at the bounds: a request that was admitted once is
    /// not refused later, so there may be as many more in the line as there were in pods.
    pub fn insert(&mut self, ticket: Ticket, bytes: usize, waiter: W) {
        self.bytes += bytes;
        if let Some(replaced) = self.waiting.insert(ticket, Entry { bytes, waiter }) {
            self.bytes -= replaced.bytes;
        }
    }

    /// Takes out the waiter that came first.
    pub fn pop_first(&mut self) -> Option<(Ticket, W)> {
        let (ticket, entry) = self.waiting.pop_first()?;
        self.bytes -= entry.bytes;
        Some((ticket, entry.waiter))
    }

    /// Takes out the waiter with this ticket.
    pub fn remove(&mut self, ticket: Ticket) -> Option<W> {
        let entry = self.waiting.remove(&ticket)?;
        self.bytes -= entry.bytes;
        Some(entry.waiter)
    }

    /// The waiter with this ticket.
    pub fn get_mut(&mut self, ticket: Ticket) -> Option<&mut W> {
        self.waiting.get_mut(&ticket).map(|entry| &mut entry.waiter)
    }
}

#[cfg(test)]
mod tests;
