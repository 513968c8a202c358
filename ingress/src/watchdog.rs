//! The three timeouts of a revision on one timer per request.
//!
//! The timer is set once, to the earliest of them. With the default settings that is the end of the whole request, so
//! nothing is reset while bytes flow; the idle timeout only notes when the last byte went, and the timer looks at that
//! note when it goes off.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ebb_activator::{Refused, Settings};
use tokio::time::{Duration, Instant, Sleep};

/// Watches one request.
#[derive(Debug)]
pub(crate) struct Watchdog {
    limits: Limits,
    /// Made when somebody first waits; a request that is refused before that costs no timer.
    timer: Option<Pin<Box<Sleep>>>,
}

/// The dates that a request has to keep.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    total: Instant,
    start: Option<Instant>,
    idle: Option<Duration>,
    last: Instant,
}

impl Limits {
    /// The dates of a request that came at `arrived`.
    pub fn new(settings: &Settings, arrived: Instant) -> Self {
        let start = settings.response_start.map(|start| arrived + start);
        Self { total: arrived + settings.timeout, start, idle: settings.idle, last: arrived }
    }

    /// The next date.
    pub fn next(&self) -> Instant {
        let idle = self.idle.map(|idle| self.last + idle);
        [self.start, idle].into_iter().flatten().fold(self.total, Instant::min)
    }

    /// Which of the dates has passed at `now`, the one that bounds the most first.
    fn passed(&self, now: Instant) -> Option<Refused> {
        if self.total <= now {
            Some(Refused::RequestTimeout)
        } else if self.start.is_some_and(|start| start <= now) {
            Some(Refused::ResponseStartTimeout)
        } else if self.idle.is_some_and(|idle| self.last + idle <= now) {
            Some(Refused::IdleTimeout)
        } else {
            None
        }
    }
}

impl Watchdog {
    /// A watchdog over these dates.
    pub fn new(limits: Limits) -> Self {
        Self { limits, timer: None }
    }

    /// The answer has begun.
    pub fn started(&mut self) {
        self.limits.start = None;
        self.touch();
    }

    /// A byte went by.
    pub fn touch(&mut self) {
        if self.limits.idle.is_some() {
            self.limits.last = Instant::now();
        }
    }

    /// The next date.
    pub fn next(&self) -> Instant {
        self.limits.next()
    }

    /// Which date has passed, if one has.
    pub fn passed(&self) -> Option<Refused> {
        self.limits.passed(Instant::now())
    }

    /// Ready when a date has passed.
    pub fn poll_expired(&mut self, context: &mut Context<'_>) -> Poll<Refused> {
        loop {
            let next = self.limits.next();
            let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(next)));
            // A date that has moved away is only looked at when the timer goes off; one that came closer never happens.
            ready!(timer.as_mut().poll(context));
            if let Some(refused) = self.limits.passed(timer.deadline()) {
                return Poll::Ready(refused);
            }
            timer.as_mut().reset(next);
        }
    }

    /// Awaits `work`, but not past a date.
    ///
    /// # Errors
    /// The date that has passed.
    pub async fn guard<T>(&mut self, work: impl Future<Output = T>) -> Result<T, Refused> {
        let mut work = std::pin::pin!(work);
        std::future::poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Ok(done)),
            Poll::Pending => self.poll_expired(context).map(Err),
        })
        .await
    }
}

#[cfg(test)]
mod tests;
