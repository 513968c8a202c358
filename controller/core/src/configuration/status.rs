//! What a Configuration's status says, from its Revisions.
//!
//! This module must not decide what is written elsewhere.

use ebb_api::conditions::{Conditioned, State, kind};
use ebb_api::serving::{Configuration, ConfigurationStatus, Revision};
use jiff::Timestamp;

use super::children::own_name;
use crate::meta;
use crate::plan::Event;

const REVISION_FAILED: &str = "RevisionFailed";

/// The Revision could not be made.
pub fn creation_failed(status: &mut ConfigurationStatus, message: &str, now: Timestamp) {
    status.mark_false(kind::READY, REVISION_FAILED, &format!("Revision creation failed with message: {message}."), now);
}

/// Takes over the newest Revision: its name, and what its readiness means.
pub fn take_created(status: &mut ConfigurationStatus, name: &str, revision: Option<&Revision>, now: Timestamp) {
    name.clone_into(&mut status.latest_created_revision_name);
    let theirs = revision.and_then(|revision| revision.status.as_ref());
    let ready = theirs.and_then(Conditioned::happy);
    match ready {
        Some(ready) if ready.state() == State::False => {
            let message = format!("Revision \"{name}\" failed with message: {}.", ready.message.trim_end_matches('.'));
            status.mark_false(kind::READY, REVISION_FAILED, &message, now);
        }
        Some(ready) if ready.state() == State::True => {}
        _ if status.latest_ready_revision_name == name => {}
        // Knative says nothing while it waits; what the Revision waits for is what people look for.
        ready => status.mark_unknown(kind::READY, "", ready.map_or("", |ready| ready.message.as_str()), now),
    }
}

/// Finds the newest ready Revision. Newer than the one that was found before, except that a named one comes first, which
/// is how a rollback by name goes back.
pub fn take_ready(status: &mut ConfigurationStatus, configuration: &Configuration, revisions: &[&Revision], now: Timestamp) {
    let old = revisions.iter().find(|revision| meta::name_of(&revision.metadata) == status.latest_ready_revision_name);
    let oldest = old.and_then(|old| meta::generation_of(&old.metadata)).unwrap_or(0);
    let newest = configuration.metadata.generation.unwrap_or(i64::MAX);
    let named = own_name(&configuration.spec.template);
    let is_named = |revision: &Revision| named == Some(meta::name_of(&revision.metadata));
    let candidates = revisions.iter().filter(|revision| revision.status.as_ref().is_some_and(Conditioned::is_ready));
    let found = candidates
        .filter_map(|revision| Some((is_named(revision), meta::generation_of(&revision.metadata)?, *revision)))
        .filter(|(is_named, generation, _)| *is_named || (oldest..=newest).contains(generation))
        .max_by_key(|(is_named, generation, _)| (*is_named, *generation));
    match found {
        Some((_, _, revision)) => meta::name_of(&revision.metadata).clone_into(&mut status.latest_ready_revision_name),
        None if old.is_none() && !status.latest_ready_revision_name.is_empty() && !status.is_failed() => {
            let message = format!("Revision \"{}\" was deleted.", status.latest_ready_revision_name);
            status.mark_false(kind::READY, "RevisionDeleted", &message, now);
        }
        None => {}
    }
    let newest_is_ready = found.is_some() && status.latest_ready_revision_name == status.latest_created_revision_name;
    if newest_is_ready {
        status.mark_true(kind::READY, now);
    }
}

/// What changed and is news. `revision_failed` tells a failed Revision from one that could not be made.
pub fn events(before: &ConfigurationStatus, after: &ConfigurationStatus, revision_failed: bool) -> Vec<Event> {
    let mut events = Vec::new();
    if after.is_ready() && before.latest_ready_revision_name.is_empty() {
        events.push(Event::normal("ConfigurationReady", "Configuration becomes ready"));
    }
    if before.latest_ready_revision_name != after.latest_ready_revision_name {
        let name = &after.latest_ready_revision_name;
        events.push(Event::normal("LatestReadyUpdate", format!("LatestReadyRevisionName updated to \"{name}\"")));
    }
    let told =
        |status: &ConfigurationStatus| status.happy().map(|ready| (ready.status.clone(), ready.reason.clone(), ready.message.clone()));
    if revision_failed && told(before) != told(after) {
        let created = &after.latest_created_revision_name;
        events.push(if *created == after.latest_ready_revision_name {
            Event::warning("LatestReadyFailed", format!("Latest ready revision \"{created}\" has failed"))
        } else {
            Event::warning("LatestCreatedFailed", format!("Latest created revision \"{created}\" has failed"))
        });
    }
    events
}
