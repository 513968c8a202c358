//! Which pods to make and which to remove.
//!
//! Pure: facts in, a plan out, with its reason.

use super::facts::{PodFacts, Pods};
use super::rollout::Wanted;

/// Why a plan is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// There are as many pods as are wanted, all of the current template.
    AsWanted,
    /// Too few pods.
    ScaleUp,
    /// Too many pods.
    ScaleDown,
    /// Pods of an older template are being replaced.
    Rollout,
    /// A rollout waits for new pods to become available, or for old ones to end.
    RolloutWaits,
    /// Pods that failed for good are being replaced.
    Failed,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// How many pods of the current template to make.
    pub create: usize,
    /// Which pods to remove.
    pub delete: Vec<String>,
    /// Why.
    pub because: Because,
}

/// Decides.
pub fn plan(wanted: Wanted, pods: &Pods) -> Plan {
    let (new, old): (Vec<&PodFacts>, Vec<&PodFacts>) = pods.live.iter().partition(|pod| pod.current);
    let mut plan = if old.is_empty() { scale(wanted.replicas, &new) } else { roll(wanted, pods, &new, &old) };
    // Old pods that still end hold back a Recreate.
    if wanted.recreate && pods.terminating > 0 && plan.create > 0 {
        plan = Plan { create: 0, because: Because::RolloutWaits, ..plan };
    }
    if !pods.failed.is_empty() {
        plan.delete.extend(pods.failed.iter().cloned());
        plan.because = Because::Failed;
    }
    plan
}

fn scale(replicas: usize, new: &[&PodFacts]) -> Plan {
    if new.len() < replicas {
        return Plan { create: replicas - new.len(), delete: Vec::new(), because: Because::ScaleUp };
    }
    let delete = victims(new, new.len() - replicas);
    let because = if delete.is_empty() { Because::AsWanted } else { Because::ScaleDown };
    Plan { create: 0, delete, because }
}

fn roll(wanted: Wanted, pods: &Pods, new: &[&PodFacts], old: &[&PodFacts]) -> Plan {
    if wanted.recreate || wanted.replicas == 0 {
        let all = victims(old, old.len()).into_iter().chain(victims(new, new.len().saturating_sub(wanted.replicas)));
        return Plan { create: 0, delete: all.collect(), because: Because::Rollout };
    }
    let total = new.len() + old.len();
    let create = (wanted.replicas.saturating_sub(new.len())).min((wanted.replicas + wanted.surge).saturating_sub(total));
    // An old pod that is not available serves nobody: it goes at once. Of the others, as many as availability allows.
    let least = wanted.replicas.saturating_sub(wanted.unavailable);
    let available = pods.live.iter().filter(|pod| pod.available).count();
    let idle = old.iter().filter(|pod| !pod.available).count();
    let spare = available.saturating_sub(least).min(old.len() - idle);
    let mut delete = victims(old, idle + spare);
    // Fewer replicas are wanted than before, and the old pods alone do not make up for it.
    let excess = new.len().saturating_sub(wanted.replicas);
    delete.extend(victims(new, excess));
    let because = if create > 0 || !delete.is_empty() { Because::Rollout } else { Because::RolloutWaits };
    Plan { create, delete, because }
}

/// The `count` pods that are missed least: those that are not ready, then those with the fewest requests in them, then
/// the newest.
fn victims(pods: &[&PodFacts], count: usize) -> Vec<String> {
    let mut pods = pods.to_vec();
    pods.sort_by(|one, other| {
        (one.ready, one.in_flight, other.created, &one.name).cmp(&(other.ready, other.in_flight, one.created, &other.name))
    });
    pods.into_iter().take(count).map(|pod| pod.name.clone()).collect()
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
