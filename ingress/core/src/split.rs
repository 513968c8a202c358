//! Exact splits: in every 100 consecutive requests each backend gets exactly its percent, interleaved.
//!
//! The order is computed once: a sequence of 100 slots in which each backend has as many slots as it has percent.
//! A request takes the slot of the next number of one counter. Any 100 consecutive numbers meet every slot once, so
//! the split is exact in every window of 100, whichever threads the requests are on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Slots of the sequence: percents are whole numbers that sum to 100 (Knative's Ingress: "splits sum to 100").
const SLOTS: usize = 100;

/// Why percents are no split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSplit {
    /// They do not sum to 100.
    #[error("traffic split percentages must total to 100, but they total to {0}")]
    Sum(i64),
    /// One of them is below 0 or above 100.
    #[error("a traffic split percentage must be between 0 and 100, but one is {0}")]
    Percent(i64),
}

/// Chooses among some backends. Cheap to share; the choice is one atomic increment, or none with one backend.
#[derive(Debug)]
pub struct Split {
    /// Index of the backend, by slot. Empty when only one backend has a share.
    sequence: Box<[u8]>,
    /// The backend when there is only one.
    only: usize,
    next: Arc<AtomicUsize>,
}

impl Split {
    /// A split of these percents; a backend's index is its place in the list.
    ///
    /// # Errors
    /// When the percents do not sum to 100, or one is out of range.
    pub fn new(percents: &[i64]) -> Result<Self, BadSplit> {
        if let Some(bad) = percents.iter().find(|percent| !(0..=100).contains(*percent)) {
            return Err(BadSplit::Percent(*bad));
        }
        let sum = percents.iter().fold(0_i64, |sum, percent| sum.saturating_add(*percent));
        if sum != 100 {
            return Err(BadSplit::Sum(sum));
        }
        let next = Arc::new(AtomicUsize::new(0));
        match percents.iter().position(|percent| *percent == 100) {
            Some(only) => Ok(Self { sequence: Box::default(), only, next }),
            None => Ok(Self { sequence: smooth(percents), only: 0, next }),
        }
    }

    /// The backend of the next request.
    pub fn pick(&self) -> usize {
        if self.sequence.is_empty() {
            return self.only;
        }
        let slot = self.next.fetch_add(1, Ordering::Relaxed) % SLOTS;
        self.sequence.get(slot).map_or(self.only, |index| usize::from(*index))
    }

    /// Continues where `old` is, if it is the same split: an update elsewhere in an Ingress must not bend this split.
    pub(crate) fn continue_from(&mut self, old: &Self) {
        if self.sequence == old.sequence {
            self.next = Arc::clone(&old.next);
        }
    }
}

/// Smooth weighted round robin: each backend gains its percent per slot, the richest takes the slot and pays 100.
/// After 100 slots all are back at zero, so each has taken exactly its percent, spread as evenly as whole slots allow.
fn smooth(percents: &[i64]) -> Box<[u8]> {
    // At most 100 backends have a share, but the list may hold more; those beyond 255 could only be named by wider
    // indices, and `compile` leaves backends without a share out.
    let mut credit = vec![0_i64; percents.len()];
    let mut sequence = Vec::with_capacity(SLOTS);
    for _ in 0..SLOTS {
        for (credit, percent) in credit.iter_mut().zip(percents) {
            *credit += percent;
        }
        let mut best = 0;
        for (index, value) in credit.iter().enumerate() {
            if *value > credit.get(best).copied().unwrap_or(i64::MIN) {
                best = index;
            }
        }
        if let Some(credit) = credit.get_mut(best) {
            *credit -= 100;
        }
        sequence.push(u8::try_from(best).unwrap_or(u8::MAX));
    }
    sequence.into()
}

#[cfg(test)]
mod tests;
