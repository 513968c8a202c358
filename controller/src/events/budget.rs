//! How many Events may be told about one object: a burst, and then one now and then. The idea and the figures are those of
//! the spam filter in Kubernetes' own recorder (client-go, `tools/record/events_cache.go`, `EventSourceObjectSpamFilter`).
//!
//! This module must not know what an Event says. It reads the time from the clock that it is given.

use std::collections::HashMap;
use std::num::NonZeroU32;

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::{Quota, RateLimiter};
use k8s_openapi::api::core::v1::ObjectReference;
use parking_lot::Mutex;

/// Events about one object that may be told at once. An object's whole life from its creation until it is ready is five to
/// ten of them.
const BURST: NonZeroU32 = NonZeroU32::new(25).unwrap();
/// Events per hour after that, which is one in five minutes: an object that fails for days is still heard of, and no
/// reader of its Events has to page.
const PER_HOUR: NonZeroU32 = NonZeroU32::new(12).unwrap();
/// Objects that are remembered: the four kinds of a thousand Services. With some 100 bytes each that is 400 kB.
const OBJECTS: usize = 4096;

/// What may still be told about each object.
#[derive(Debug)]
pub struct Budgets<C: Clock = MonotonicClock>(RateLimiter<String, Spent, C, NoOpMiddleware<C::Instant>>);

impl<C: Clock> Budgets<C> {
    /// Full budgets for all objects.
    pub fn new(clock: C) -> Self {
        Self(RateLimiter::new(Quota::per_hour(PER_HOUR).allow_burst(BURST), Spent::default(), clock))
    }

    /// Takes one Event from the budget of an object. False when there is nothing left of it.
    pub fn take(&self, about: &ObjectReference) -> bool {
        // Whatever a server stores has a uid, which no other object ever has.
        about.uid.as_ref().is_none_or(|uid| self.0.check_key(uid).is_ok())
    }
}

/// When the budget of each object will be full again, by uid. Of those that are not in it, it is full now.
#[derive(Debug, Default)]
struct Spent(Mutex<HashMap<String, Nanos>>);

impl StateStore for Spent {
    type Key = String;

    fn measure_and_replace<T, F, E>(&self, uid: &String, take: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut spent = self.0.lock();
        let (taken, full_at) = take(spent.get(uid).copied())?;
        if let Some(known) = spent.get_mut(uid) {
            *known = full_at;
            return Ok(taken);
        }
        if spent.len() >= OBJECTS {
            forget_half(&mut spent);
        }
        spent.insert(uid.clone(), full_at);
        Ok(taken)
    }
}

/// Forgets those whose budgets are full or will be the soonest, so that whoever told the most stays known. Half of them at
/// once, so that this costs next to nothing per Event.
fn forget_half(spent: &mut HashMap<String, Nanos>) {
    let mut times: Vec<Nanos> = spent.values().copied().collect();
    let middle = times.len() / 2;
    let (_, &mut middle, _) = times.select_nth_unstable(middle);
    spent.retain(|_, full_at| *full_at > middle);
}

#[cfg(test)]
mod tests;
