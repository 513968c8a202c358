//! How a rollout begins, moves and ends.
//!
//! This module must not read a clock: `now` is an argument, in nanoseconds since 1970.

use super::{ConfigurationRollout, RevisionRollout, Rollout, StepParams};
use std::time::Duration;

const SECOND: i64 = 1_000_000_000;

impl Rollout {
    /// The Ingress has taken over what this rollout says. A rollout that has just begun gets its steps now: how long the
    /// first percent took is how long a step must last at least.
    pub fn observe_ready(&mut self, now: i64, duration: Duration) {
        for rollout in &mut self.configurations {
            if rollout.step_params.step_duration == 0 && rollout.step_params.start_time > 0 {
                rollout.plan_steps(now, i64::try_from(duration.as_secs()).unwrap_or(i64::MAX / SECOND));
            }
        }
    }

    /// What is to be in force now: `self` says where everything is to go in the end, `previous` where it is. Revisions for
    /// which `exists` says no lose their share. Also tells when the next step is due.
    pub fn step(self, previous: Option<Self>, now: i64, exists: impl Fn(&str) -> bool) -> (Self, Option<i64>) {
        let previous = previous.unwrap_or_default();
        let step_one = |goal: ConfigurationRollout| match previous.of(&goal.tag, &goal.configuration_name) {
            // A share of one percent cannot be split, and what was not there before has nothing to move away from.
            Some(previous) if goal.percent > 1 => goal.stepped(previous.clone(), now, &exists),
            _ => goal,
        };
        let next = Self { configurations: self.configurations.into_iter().map(step_one).collect() };
        let due = next.configurations.iter().filter(|rollout| !rollout.is_done()).map(|rollout| rollout.step_params.next_step_time);
        let due = due.filter(|due| *due > 0).min();
        (next, due)
    }
}

impl ConfigurationRollout {
    /// `self` is the goal and has one Revision, the newest.
    fn stepped(self, mut previous: Self, now: i64, exists: &impl Fn(&str) -> bool) -> Self {
        let Some(newest) = self.revisions.first() else { return self };
        previous.revisions.retain(|revision| revision.percent > 0 && exists(&revision.revision_name));
        previous.fit(self.percent);
        let Some(last) = previous.revisions.last() else { return self };
        let mut next = if last.revision_name == newest.revision_name {
            previous.advance(now);
            previous
        } else {
            previous.begin(&newest.revision_name, now);
            previous
        };
        next.percent = self.percent;
        if next.is_done() { self } else { next }
    }

    /// Brings the shares to a new sum. What comes on top goes to the newest Revision; what is taken away is taken from the
    /// oldest ones.
    fn fit(&mut self, percent: i64) {
        let sum: i64 = self.revisions.iter().map(|revision| revision.percent).sum();
        let mut surplus = sum - percent;
        for revision in &mut self.revisions {
            let taken = surplus.clamp(0, revision.percent);
            revision.percent -= taken;
            surplus -= taken;
        }
        if let Some(newest) = self.revisions.last_mut() {
            newest.percent -= surplus.min(0);
        }
        self.revisions.retain(|revision| revision.percent > 0);
        self.percent = percent;
        // A step that is larger than the whole share would make no sense when it is read again.
        self.step_params.step_size = self.step_params.step_size.min(percent);
    }

    /// Another Revision is the newest now. It starts with one percent, taken from the newest before it, or with what it
    /// has already when it is an older one to which the Configuration was rolled back.
    fn begin(&mut self, newest: &str, now: i64) {
        let known = self.revisions.iter().position(|revision| revision.revision_name == newest);
        let next = match known {
            Some(at) => self.revisions.remove(at),
            None => {
                if let Some(from) = self.revisions.last_mut() {
                    from.percent -= 1;
                }
                self.revisions.retain(|revision| revision.percent > 0);
                RevisionRollout { revision_name: newest.to_owned(), percent: 1 }
            }
        };
        self.revisions.push(next);
        self.step_params = StepParams { start_time: now, ..StepParams::default() };
    }

    /// Steps, if a step is due.
    fn advance(&mut self, now: i64) {
        let StepParams { next_step_time, step_duration, step_size, .. } = self.step_params;
        if step_size == 0 || now < next_step_time {
            return;
        }
        let Some((newest, older)) = self.revisions.split_last_mut() else { return };
        let mut due = step_size;
        for revision in older.iter_mut().rev() {
            let taken = due.min(revision.percent);
            revision.percent -= taken;
            newest.percent += taken;
            due -= taken;
        }
        self.revisions.retain(|revision| revision.percent > 0);
        // Woken a little late, the next step is due when it always was. After a longer pause (nobody looked) it goes on from
        // here, step by step, rather than leap over what nobody watched.
        let as_planned = next_step_time.saturating_add(step_duration);
        self.step_params.next_step_time = if as_planned > now { as_planned } else { now.saturating_add(step_duration) };
    }

    /// Steps of equal size over what is left of the duration. Knative rounds their size, so that a rollout may take half as
    /// long again as it should; here sizes are rounded up and the time between them is made to fit, so it ends on time.
    fn plan_steps(&mut self, now: i64, duration_seconds: i64) {
        let first = now.saturating_sub(self.step_params.start_time).max(0);
        let shortest = (first.saturating_add(SECOND - 1) / SECOND).max(1);
        let left = duration_seconds.saturating_sub(shortest).max(1);
        let newest = self.revisions.last().map_or(0, |newest| newest.percent);
        let to_move = (self.percent - newest).max(1);
        let step_size = div_ceil(to_move.saturating_mul(shortest), left).clamp(1, to_move);
        let steps = div_ceil(to_move, step_size);
        let step_duration = (left.saturating_mul(SECOND) / steps).max(1);
        let next_step_time = now.saturating_add(step_duration);
        self.step_params = StepParams { next_step_time, step_duration, step_size, ..self.step_params };
    }
}

fn div_ceil(a: i64, b: i64) -> i64 {
    a.saturating_add(b - 1) / b.max(1)
}
