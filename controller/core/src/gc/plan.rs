//! The plan for the old Revisions of a Configuration.
//!
//! This module must not decide what is in use; the labeler wrote that down.

use std::time::Duration;

use ebb_api::config::Gc;
use ebb_api::keys::{annotation, label};
use ebb_api::serving::{Configuration, Revision};
use jiff::{SignedDuration, Timestamp};

use crate::meta;
use crate::object::Object;
use crate::plan::{After, Because, Plan};

/// All that the plan depends on.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The Configuration.
    pub configuration: &'a Configuration,
    /// Its Revisions, in any order.
    pub revisions: &'a [&'a Revision],
}

/// Which Revisions are to go. Oldest first by when they were last routed to, never below the minimum of those out of use.
pub fn plan(seen: &Seen<'_>, gc: &Gc, now: Timestamp) -> Plan {
    if seen.configuration.metadata.deletion_timestamp.is_some() {
        return Plan::nothing(Because::BeingDeleted);
    }
    let min = usize::try_from(gc.min_non_active_revisions).unwrap_or(0);
    let mut idle: Vec<&Revision> = seen.revisions.iter().copied().filter(|revision| !is_in_use(seen.configuration, revision)).collect();
    if idle.len() <= min {
        return Plan::nothing(Because::FewRevisions);
    }
    idle.sort_by_key(|revision| (last_active(revision), meta::generation_of(&revision.metadata)));

    let mut spare = idle.len() - min;
    let (mut gone, mut kept) = (Vec::new(), Vec::new());
    for revision in idle {
        match stale_at(revision, gc) {
            Some(at) if at <= now && spare > 0 => {
                spare -= 1;
                gone.push(revision);
            }
            at => kept.push((revision, at)),
        }
    }
    if let Some(max) = gc.max_non_active_revisions.and_then(|max| usize::try_from(max).ok()) {
        let surplus = kept.len().saturating_sub(max);
        gone.extend(kept.drain(..surplus).map(|(revision, _)| revision));
    }
    let next = kept.iter().filter_map(|(_, at)| *at).filter(|at| *at > now).min().filter(|_| spare > 0);
    let because = if gone.is_empty() { Because::NothingStale } else { Because::Stale };
    Plan {
        delete: gone.into_iter().map(|revision| Object::from(revision.clone())).collect(),
        after: next.map_or(After::NextChange, |at| After::AtMost(until(now, at))),
        ..Plan::nothing(because)
    }
}

/// Never collected: what is routed to or may be soon, the latest ready one, and what says so itself. One that is already
/// on its way out does not count either.
fn is_in_use(configuration: &Configuration, revision: &Revision) -> bool {
    let metadata = &revision.metadata;
    let latest_ready = configuration.status.as_ref().map(|status| status.latest_ready_revision_name.as_str());
    metadata.deletion_timestamp.is_some()
        || latest_ready == metadata.name.as_deref()
        || meta::annotation_of(metadata, annotation::NO_GC).eq_ignore_ascii_case("true")
        || meta::label_of(metadata, label::ROUTING_STATE) != "reserve"
}

fn created(revision: &Revision) -> Timestamp {
    revision.metadata.creation_timestamp.as_ref().map_or(Timestamp::UNIX_EPOCH, |time| time.0)
}

fn last_active(revision: &Revision) -> Timestamp {
    meta::annotation_of(&revision.metadata, annotation::ROUTING_STATE_MODIFIED).parse().unwrap_or_else(|_| created(revision))
}

/// From when on a Revision is too old; never when both rules are off.
fn stale_at(revision: &Revision, gc: &Gc) -> Option<Timestamp> {
    let plus = |from: Timestamp, retain: Duration| {
        SignedDuration::try_from(retain).ok().and_then(|retain| from.checked_add(retain).ok()).unwrap_or(Timestamp::MAX)
    };
    let by_age = gc.retain_since_create_time.map(|retain| plus(created(revision), retain));
    let by_use = gc.retain_since_last_active_time.map(|retain| plus(last_active(revision), retain));
    by_age.max(by_use)
}

fn until(now: Timestamp, at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO)
}
