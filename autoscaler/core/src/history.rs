//! What is remembered of a revision's traffic: buckets of one second, and averages over a window of them.
//!
//! A bucket holds *request-seconds* (concurrency times the time it lasted) and arrivals, so that looks of any length add
//! up, in any order and from any number of sources. For looks of one whole second this is Knative's arithmetic
//! (knative/serving `pkg/autoscaler/aggregation`): the linear average leaves out the gap since the last look, a young
//! history is divided by its age and not by the window, and results are cut after six digits.
//!
//! This module must not know targets or pods.

use std::collections::VecDeque;
use std::time::Duration;

use crate::moment::Moment;
use crate::spec::Algorithm;

const SECOND: Duration = Duration::from_secs(1);
/// Averages are cut here, so that 1.0000001 does not cost a pod.
const PRECISION: f64 = 1e6;
/// Share of the weight that the exponential average puts inside its window.
const WEIGHT_INSIDE: f64 = 0.9999;
/// The least weight of the newest second, so that long windows still react.
const LEAST_MULTIPLIER: f64 = 0.2;

/// Traffic of one second, or its average.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Traffic {
    /// In a bucket request-seconds, in an average requests at a time.
    pub concurrency: f64,
    /// In a bucket arrivals, in an average arrivals per second.
    pub requests: f64,
}

impl Traffic {
    fn add(&mut self, other: Self, share: f64) {
        self.concurrency += other.concurrency * share;
        self.requests += other.requests * share;
    }

    fn cut(self) -> Self {
        let cut = |value: f64| (value * PRECISION).floor() / PRECISION;
        Self { concurrency: cut(self.concurrency), requests: cut(self.requests) }
    }
}

/// Which of the two windows an average is over. Their beginnings are remembered apart, because a silence that empties
/// the short one leaves the long one as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// The stable window.
    Stable,
    /// The panic window.
    Panic,
    /// The last two seconds: the shortest stretch that always holds a whole look.
    Recent,
}

/// Lengths of the windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Windows {
    /// The stable window.
    pub stable: Duration,
    /// The panic window.
    pub panic: Duration,
}

impl Windows {
    fn length(self, over: Over) -> Duration {
        match over {
            Over::Stable => self.stable,
            Over::Panic => self.panic,
            Over::Recent => 2 * SECOND,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Known {
    stable_from: Moment,
    panic_from: Moment,
    until: Moment,
}

/// The buckets. Bounded by the stable window: one bucket per second of it and two for its ragged ends.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    buckets: VecDeque<Traffic>,
    /// The second of the last bucket.
    newest: u64,
    known: Option<Known>,
    /// Nothing was left to do at the last look, so the silence since then is known to be zeros and is no gap.
    quiet: bool,
}

impl History {
    /// Writes down a look at the `over` that ended at `at`. `quiet` says whether the latest look, in order of time, saw
    /// that nothing is left to do.
    pub fn record(&mut self, at: Moment, over: Duration, mean: Traffic, quiet: bool, windows: Windows) {
        let over = over.min(windows.stable);
        let start = at.minus(over);
        self.extend_known(start, at, windows);
        self.quiet = quiet;
        if over.is_zero() {
            let arrived = Traffic { concurrency: 0.0, requests: mean.requests };
            self.add(at.second(), arrived, windows);
            return;
        }
        let mut from = start;
        while from < at {
            let second = from.second();
            let to = Moment::at_second(second + 1).min(at);
            let part = to.since(from).as_secs_f64();
            let share = part / over.as_secs_f64();
            self.add(second, Traffic { concurrency: mean.concurrency * part, requests: mean.requests * share }, windows);
            from = to;
        }
    }

    fn extend_known(&mut self, start: Moment, end: Moment, windows: Windows) {
        let fresh = Known { stable_from: start, panic_from: start, until: end };
        let Some(known) = &mut self.known else {
            self.known = Some(fresh);
            return;
        };
        // Counted in whole seconds, so that looks within one second may come in any order.
        let gap = if self.quiet { 0 } else { end.second().saturating_sub(known.until.second()) };
        if gap >= windows.stable.as_secs() {
            self.buckets.clear();
            *known = fresh;
            return;
        }
        known.panic_from = if gap >= windows.panic.as_secs() { start } else { known.panic_from.min(start) };
        known.stable_from = known.stable_from.min(start);
        known.until = known.until.max(end);
    }

    fn add(&mut self, second: u64, traffic: Traffic, windows: Windows) {
        let most = windows.stable.as_secs() + 2;
        if self.buckets.is_empty() || second > self.newest.saturating_add(most) {
            self.buckets.clear();
            self.buckets.push_back(Traffic::default());
            self.newest = second;
        }
        while self.newest < second {
            self.buckets.push_back(Traffic::default());
            self.newest += 1;
        }
        let age = self.newest - second;
        if age >= most {
            return;
        }
        let (Ok(age), Ok(most)) = (usize::try_from(age), usize::try_from(most)) else { return };
        while self.buckets.len() <= age {
            self.buckets.push_front(Traffic::default());
        }
        let at = self.buckets.len() - 1 - age;
        self.buckets[at].add(traffic, 1.0);
        let surplus = self.buckets.len().saturating_sub(most);
        self.buckets.drain(..surplus);
    }

    /// The average over a window that ends now.
    #[must_use]
    pub fn average(&self, algorithm: Algorithm, over: Over, windows: Windows, now: Moment) -> Traffic {
        let Some(known) = self.known else { return Traffic::default() };
        let until = if self.quiet { known.until.max(now) } else { known.until };
        let length = windows.length(over);
        if now.since(until) >= length {
            return Traffic::default();
        }
        let from = if over == Over::Stable { known.stable_from } else { known.panic_from };
        let edge = now.minus(length);
        match algorithm {
            Algorithm::Linear => self.linear(edge, from, until),
            Algorithm::WeightedExponential => self.weighted(edge, until, length),
        }
        .cut()
    }

    /// The sum of what lies inside the window over the time that is known of it, but at least a second.
    fn linear(&self, edge: Moment, from: Moment, until: Moment) -> Traffic {
        let mut sum = Traffic::default();
        for (start, bucket) in self.newest_first() {
            let end = start.plus(SECOND);
            if end <= edge {
                break;
            }
            sum.add(*bucket, end.since(edge).min(SECOND).as_secs_f64());
        }
        let span = until.since(from.max(edge)).max(SECOND).as_secs_f64();
        Traffic { concurrency: sum.concurrency / span, requests: sum.requests / span }
    }

    /// Each second weighs `1 - m` of the next younger one. A newest second that has not ended weighs as much as the part
    /// of it that has passed, so that the average does not jump when a second begins.
    fn weighted(&self, edge: Moment, until: Moment, length: Duration) -> Traffic {
        let multiplier = (1.0 - (1.0 - WEIGHT_INSIDE).powf(1.0 / length.as_secs_f64().max(1.0))).max(LEAST_MULTIPLIER);
        let keep = 1.0 - multiplier;
        let newest = until.second() - u64::from(until == Moment::at_second(until.second()) && until > Moment::ORIGIN);
        let passed = until.since(Moment::at_second(newest)).as_secs_f64();
        let mut sum = Traffic::default();
        for (start, bucket) in self.newest_first() {
            let age = newest.saturating_sub(start.second());
            if start.plus(SECOND) <= edge {
                break;
            }
            if age == 0 {
                let weight = match passed {
                    whole if whole >= 1.0 => multiplier,
                    part if part > 0.0 => (1.0 - keep.powf(part)) / part,
                    _ => 0.0,
                };
                sum.add(*bucket, weight);
            } else {
                sum.add(*bucket, multiplier * keep.powf(passed + crate::number::real(age - 1)));
            }
        }
        sum
    }

    fn newest_first(&self) -> impl Iterator<Item = (Moment, &Traffic)> {
        (0..).map(|age| Moment::at_second(self.newest.saturating_sub(age))).zip(self.buckets.iter().rev())
    }

    /// Whether a window still holds traffic, so that an average may change as time passes.
    #[must_use]
    pub fn is_sliding(&self, windows: Windows, now: Moment) -> bool {
        let edge = now.minus(windows.stable);
        self.newest_first()
            .take_while(|(start, _)| start.plus(SECOND) > edge)
            .any(|(_, bucket)| bucket.concurrency > 0.0 || bucket.requests > 0.0)
    }
}

#[cfg(test)]
mod tests;
