//! When a Service counts as ready or failed: a state machine over what a watch shows, without the watch.
//!
//! A failure must last for a while to count, because conditions may pass through False on their way to True. This module
//! must not look at a clock; times are lengths since the wait began.

use std::time::Duration;

use ebb_api::serving::Service;

use crate::args::wait::Limits;
use crate::print::conditions;

/// A wait in progress.
#[derive(Clone, Debug, PartialEq)]
pub struct Wait {
    name: String,
    limits: Limits,
    failing: Option<Failing>,
    last_message: Option<String>,
}

/// A failure that does not count yet.
#[derive(Clone, Debug, PartialEq)]
struct Failing {
    counts_at: Duration,
    why: String,
}

/// What an observation amounts to.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// It is ready.
    Ready,
    /// It is not; if there is something to say, this is it.
    Waiting(Option<String>),
}

impl Wait {
    /// A wait for a Service of that name.
    #[must_use]
    pub fn new(name: &str, limits: Limits) -> Self {
        Self { name: name.to_owned(), limits, failing: None, last_message: None }
    }

    /// Takes in one state of the Service. What does not speak of the newest generation says nothing.
    pub fn observe(&mut self, elapsed: Duration, service: &Service) -> Seen {
        let Some(status) = service.status.as_ref() else { return Seen::Waiting(None) };
        if status.observed_generation.is_none() || status.observed_generation != service.metadata.generation {
            return Seen::Waiting(None);
        }
        let Some(ready) = conditions::ready(&status.conditions) else { return Seen::Waiting(None) };
        match ready.status.as_str() {
            "True" => return Seen::Ready,
            "False" => {
                let why = format!("{}: {}", ready.reason, ready.message);
                self.failing.get_or_insert(Failing { counts_at: elapsed + self.limits.window, why });
            }
            _ => self.failing = None,
        }
        Seen::Waiting(self.say(&ready.message))
    }

    /// A message that repeats the last one is shown as dots.
    fn say(&mut self, message: &str) -> Option<String> {
        if message.is_empty() {
            return None;
        }
        let repeated = self.last_message.replace(message.to_owned()).is_some_and(|last| last == message);
        Some(if repeated { "...".to_owned() } else { message.to_owned() })
    }

    /// When [`Wait::give_up`] will have something to say, if nothing is observed until then.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.failing.as_ref().map_or(self.limits.timeout, |failing| failing.counts_at.min(self.limits.timeout))
    }

    /// Why the wait is over without success, once it is.
    #[must_use]
    pub fn give_up(&self, elapsed: Duration) -> Option<String> {
        if let Some(failing) = self.failing.as_ref().filter(|failing| elapsed >= failing.counts_at) {
            return Some(failing.why.clone());
        }
        let Limits { timeout, .. } = self.limits;
        (elapsed >= timeout).then(|| format!("timeout: service '{}' not ready after {} seconds", self.name, timeout.as_secs()))
    }
}

#[cfg(test)]
mod tests;
