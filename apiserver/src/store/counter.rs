//! Hands out resourceVersions, so that none is ever handed out twice, not even by the process after this one.

use std::sync::atomic::{AtomicU64, Ordering};

/// How many versions are reserved on disk at a time. A version costs at least some microseconds of work, so that a block of
/// a million lasts for seconds at the very least, and the next block is reserved when half of it is used: no write ever
/// waits for a reservation, although a process that was killed skips what was left of its block.
pub const BLOCK: u64 = 1 << 20;

/// Stands in the place of the last version when no more are handed out.
const SEALED: u64 = u64::MAX;

/// The counter.
pub struct Counter {
    last: AtomicU64,
    /// The highest version that the disk knows to be reserved.
    reserved: AtomicU64,
    sealed_at: AtomicU64,
}

impl Counter {
    /// A counter that goes on after `last`, with everything up to `reserved` reserved.
    pub fn new(last: u64, reserved: u64) -> Self {
        Self { last: AtomicU64::new(last), reserved: AtomicU64::new(reserved), sealed_at: AtomicU64::new(last) }
    }

    /// The next version, or `None` when all reserved ones are used, because the disk does not take reservations, or when
    /// the counter is sealed. Callers hold the lock of their resource, so that versions are in order within a resource.
    pub fn next(&self) -> Option<u64> {
        let reserved = self.reserved.load(Ordering::Acquire);
        let step = |last: u64| (last < reserved).then(|| last + 1);
        self.last.fetch_update(Ordering::AcqRel, Ordering::Acquire, step).ok().map(|last| last + 1)
    }

    /// The last version that was handed out.
    pub fn last(&self) -> u64 {
        match self.last.load(Ordering::Acquire) {
            SEALED => self.sealed_at.load(Ordering::Acquire),
            last => last,
        }
    }

    /// Hands out no more, and says which was the last.
    pub fn seal(&self) -> u64 {
        self.sealed_at.store(self.last(), Ordering::Release);
        let last = self.last.swap(SEALED, Ordering::AcqRel);
        if last != SEALED {
            self.sealed_at.store(last, Ordering::Release);
        }
        self.last()
    }

    /// The block to reserve now, if it is time.
    pub fn wanted(&self) -> Option<u64> {
        let (last, reserved) = (self.last(), self.reserved.load(Ordering::Acquire));
        (reserved.saturating_sub(last) < BLOCK / 2).then(|| last + BLOCK)
    }

    /// Says that the disk knows the reservation.
    pub fn reserved(&self, up_to: u64) {
        self.reserved.fetch_max(up_to, Ordering::AcqRel);
    }
}
