//! The plan for a Configuration.
//!
//! This module must not know how a Revision looks; `children` does.

use ebb_api::conditions::Conditioned;
use ebb_api::serving::{Configuration, ConfigurationStatus, Revision};
use jiff::Timestamp;

use super::children::{NameTaken, named_revision, own_name, revision, revision_name};
use super::status;
use crate::meta;
use crate::plan::{Apply, Because, Event, Plan, Refusal};

/// All that a Configuration's plan depends on.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The Configuration.
    pub configuration: &'a Configuration,
    /// Its Revisions, in any order.
    pub revisions: &'a [&'a Revision],
    /// Whoever holds the name of the current generation's Revision.
    pub named: Option<&'a Revision>,
    /// The API server would not have the Revision.
    pub refused: Option<&'a Refusal>,
}

/// What is to be done about a Configuration.
pub fn plan(seen: &Seen<'_>, now: Timestamp) -> Plan<ConfigurationStatus> {
    let configuration = seen.configuration;
    if configuration.metadata.deletion_timestamp.is_some() {
        return Plan::nothing(Because::BeingDeleted);
    }
    let stored = configuration.status.clone().unwrap_or_default();
    let mut next = stored.clone();
    next.begin(configuration.metadata.generation, now);
    let mut plan = with_revision(seen, &mut next, now);
    next.finish(configuration.metadata.generation, &stored);
    plan.events.extend(status::events(&stored, &next, plan.because == Because::RevisionFailed));
    plan.status = (configuration.status.as_ref() != Some(&next)).then_some(next);
    plan
}

fn with_revision(seen: &Seen<'_>, next: &mut ConfigurationStatus, now: Timestamp) -> Plan<ConfigurationStatus> {
    let name = revision_name(seen.configuration);
    if let Some(refused) = seen.refused {
        status::creation_failed(next, refused.message.trim_end_matches('.'), now);
        return Plan::nothing(Because::Refused);
    }
    let (apply, current) = match current_revision(seen) {
        Ok(Some(current)) => (Vec::new(), Some(current)),
        Ok(None) => (vec![Apply::Create(revision(seen.configuration, now).into())], None),
        // A generated name is free again soon: its holder belongs to a Configuration that was deleted.
        Err(NameTaken) if own_name(&seen.configuration.spec.template).is_none() => {
            return Plan::nothing(Because::RevisionNameTaken);
        }
        Err(NameTaken) => {
            let message = format!("revisions.serving.knative.dev \"{name}\" already exists");
            status::creation_failed(next, &message, now);
            let mut plan = Plan::nothing(Because::RevisionNameTaken);
            let already_told = seen.configuration.status.as_ref().is_some_and(Conditioned::is_failed);
            if !already_told {
                plan.events.push(Event::warning("CreationFailed", format!("Failed to create Revision: {message}")));
            }
            return plan;
        }
    };
    let name = current.map_or(name.as_str(), |revision| meta::name_of(&revision.metadata));
    status::take_created(next, name, current, now);
    status::take_ready(next, seen.configuration, seen.revisions, now);
    let otherwise = if next.is_ready() {
        Because::Settled
    } else if next.is_failed() {
        Because::RevisionFailed
    } else {
        Because::WaitingForRevision
    };
    Plan::of(apply, otherwise)
}

/// The Revision of the current generation: by name if the template brings one, otherwise by label.
fn current_revision<'a>(seen: &Seen<'a>) -> Result<Option<&'a Revision>, NameTaken> {
    let configuration = seen.configuration;
    if let Some(named) = named_revision(configuration, seen.named)? {
        return Ok(Some(named));
    }
    if own_name(&configuration.spec.template).is_some() {
        return Ok(None);
    }
    let of_generation = |revision: &&&Revision| meta::generation_of(&revision.metadata) == configuration.metadata.generation;
    match seen.revisions.iter().find(of_generation) {
        Some(found) => Ok(Some(found)),
        None if seen.named.is_some() => Err(NameTaken),
        None => Ok(None),
    }
}

/// Whether the status speaks of the current generation.
#[must_use]
pub fn is_observed(configuration: &Configuration) -> bool {
    configuration.metadata.generation == configuration.status.as_ref().and_then(|status| status.observed_generation)
}
