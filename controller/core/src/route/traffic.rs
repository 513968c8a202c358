//! Resolves the targets of a Route's spec to Revisions.
//!
//! This module must not know hosts or URLs.

use std::collections::BTreeSet;
use std::fmt::Display;

use ebb_api::conditions::{Conditioned, State};
use ebb_api::serving::{Configuration, Revision, Route, TrafficTarget};

use super::rollout::{ConfigurationRollout, Rollout};
use crate::meta;

/// What traffic can go to.
pub trait Lookup {
    /// The Configuration of this name in the Route's namespace.
    fn configuration(&self, name: &str) -> Option<&Configuration>;
    /// The Revision of this name in the Route's namespace.
    fn revision(&self, name: &str) -> Option<&Revision>;
}

/// Traffic that is resolved.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assigned {
    /// In the order of the spec; entries of the same tag, Revision and `latestRevision` are one. Those that follow a
    /// Configuration name it as well as its Revision.
    pub targets: Vec<TrafficTarget>,
}

/// Why traffic could not be resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// There is no such Revision.
    RevisionMissing(String),
    /// There is no such Configuration.
    ConfigurationMissing(String),
    /// None of its Revisions is ready yet.
    ConfigurationWaits(String),
    /// None of its Revisions became ready.
    ConfigurationFailed(String),
    /// It is not ready yet.
    RevisionWaits(String),
    /// It did not become ready.
    RevisionFailed(String),
    /// A Service's Route may refer to its own Revisions only.
    RevisionNotOwned {
        /// The Revision.
        revision: String,
        /// The Route's Service.
        service: String,
        /// The Revision's Service, if it has one.
        actual: String,
    },
}

impl Problem {
    /// What the Route's `AllTrafficAssigned` says.
    pub fn state(&self) -> State {
        match self {
            Self::ConfigurationWaits(_) | Self::RevisionWaits(_) => State::Unknown,
            _ => State::False,
        }
    }

    /// The reason beside it.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::ConfigurationMissing(_) => "ConfigurationMissing",
            Self::RevisionNotOwned { .. } => "RevisionNotOwned",
            _ => "RevisionMissing",
        }
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::RevisionMissing(name) => write!(f, "Revision \"{name}\" referenced in traffic not found."),
            Self::ConfigurationMissing(name) => write!(f, "Configuration \"{name}\" referenced in traffic not found."),
            Self::ConfigurationWaits(name) => write!(f, "Configuration \"{name}\" is waiting for a Revision to become ready."),
            Self::ConfigurationFailed(name) => write!(f, "Configuration \"{name}\" does not have any ready Revision."),
            Self::RevisionWaits(name) => write!(f, "Revision \"{name}\" is not yet ready."),
            Self::RevisionFailed(name) => write!(f, "Revision \"{name}\" failed to become ready."),
            Self::RevisionNotOwned { revision, service, actual } if actual.is_empty() => {
                write!(f, "Revision \"{revision}\" does not belong to Service \"{service}\".")
            }
            Self::RevisionNotOwned { revision, service, actual } => {
                write!(f, "Revision \"{revision}\" belongs to Service \"{actual}\", not Service \"{service}\".")
            }
        }
    }
}

/// Resolves the whole spec. Of several problems the first failure is told, or else the first that may still heal.
///
/// # Errors
/// A target is missing, not ready, or not the Route's to use.
pub fn assign(route: &Route, lookup: &impl Lookup) -> Result<Assigned, Problem> {
    let mut targets: Vec<TrafficTarget> = Vec::new();
    let mut problem: Option<Problem> = None;
    for target in &route.spec.traffic {
        match resolve(route, target, lookup) {
            Ok(resolved) => add(&mut targets, resolved),
            Err(next) => {
                let worse = next.state() == State::False && problem.as_ref().is_none_or(|old| old.state() != State::False);
                if problem.is_none() || worse {
                    problem = Some(next);
                }
            }
        }
    }
    match problem {
        Some(problem) => Err(problem),
        None => Ok(Assigned { targets }),
    }
}

fn resolve(route: &Route, target: &TrafficTarget, lookup: &impl Lookup) -> Result<TrafficTarget, Problem> {
    let latest = target.revision_name.is_empty();
    let name = if latest { latest_ready(&target.configuration_name, lookup)? } else { target.revision_name.as_str() };
    let revision = lookup.revision(name).ok_or_else(|| Problem::RevisionMissing(name.to_owned()))?;
    check_owner(route, revision)?;
    if !latest && !was_routed(route, name) {
        check_ready(revision)?;
    }
    Ok(TrafficTarget {
        tag: target.tag.clone(),
        revision_name: name.to_owned(),
        configuration_name: if latest { target.configuration_name.clone() } else { String::new() },
        latest_revision: Some(target.latest_revision.unwrap_or(latest)),
        percent: Some(target.percent.unwrap_or(0)),
        url: String::new(),
    })
}

fn latest_ready<'a>(name: &str, lookup: &'a impl Lookup) -> Result<&'a str, Problem> {
    let configuration = lookup.configuration(name).ok_or_else(|| Problem::ConfigurationMissing(name.to_owned()))?;
    let status = configuration.status.as_ref();
    match status.map(|status| status.latest_ready_revision_name.as_str()).filter(|name| !name.is_empty()) {
        Some(latest) => Ok(latest),
        None if status.is_some_and(Conditioned::is_failed) => Err(Problem::ConfigurationFailed(name.to_owned())),
        None => Err(Problem::ConfigurationWaits(name.to_owned())),
    }
}

/// A Revision that is in use stays in use, whatever becomes of it.
fn was_routed(route: &Route, revision: &str) -> bool {
    route.status.iter().flat_map(|status| &status.traffic).any(|target| target.revision_name == revision)
}

fn check_ready(revision: &Revision) -> Result<(), Problem> {
    let name = || meta::name_of(&revision.metadata).to_owned();
    match revision.status.as_ref().and_then(Conditioned::happy).map(|ready| ready.state()) {
        Some(State::True) => Ok(()),
        Some(State::False) => Err(Problem::RevisionFailed(name())),
        Some(State::Unknown) | None => Err(Problem::RevisionWaits(name())),
    }
}

fn check_owner(route: &Route, revision: &Revision) -> Result<(), Problem> {
    let service = meta::service_of(&route.metadata);
    let actual = meta::service_of(&revision.metadata);
    if service.is_empty() || service == actual {
        return Ok(());
    }
    let revision = meta::name_of(&revision.metadata).to_owned();
    Err(Problem::RevisionNotOwned { revision, service: service.to_owned(), actual: actual.to_owned() })
}

fn add(targets: &mut Vec<TrafficTarget>, next: TrafficTarget) {
    let same = |old: &&mut TrafficTarget| {
        (&old.tag, &old.revision_name, old.latest_revision) == (&next.tag, &next.revision_name, next.latest_revision)
    };
    match targets.iter_mut().find(same) {
        Some(old) => old.percent = Some(old.percent.unwrap_or(0) + next.percent.unwrap_or(0)),
        None => targets.push(next),
    }
}

impl Assigned {
    /// The tags, sorted.
    pub fn tags(&self) -> BTreeSet<&str> {
        self.targets.iter().map(|target| target.tag.as_str()).filter(|tag| !tag.is_empty()).collect()
    }

    /// Revisions and their percents for the Route's own host, in the order of the spec; what gets nothing is left out.
    pub fn split<'a>(&'a self, rollout: &'a Rollout) -> Vec<(&'a str, i64)> {
        let mut shares = Shares::default();
        let mut followed: BTreeSet<&str> = BTreeSet::new();
        for target in &self.targets {
            match rollout.of("", &target.configuration_name) {
                Some(rollout) => {
                    // All entries that follow a Configuration are one share.
                    if followed.insert(&target.configuration_name) {
                        rollout.revisions.iter().for_each(|share| shares.add(&share.revision_name, share.percent));
                    }
                }
                None => shares.add(&target.revision_name, target.percent.unwrap_or(0)),
            }
        }
        shares.0
    }

    /// The Revisions behind a tag and their percents: one, unless a rollout is under way.
    pub fn tagged<'a>(&'a self, tag: &str, rollout: &'a Rollout) -> Vec<(&'a str, i64)> {
        let Some(target) = self.targets.iter().find(|target| target.tag == tag) else { return Vec::new() };
        match rollout.of(tag, &target.configuration_name) {
            Some(rollout) => rollout.revisions.iter().map(|share| (share.revision_name.as_str(), share.percent)).collect(),
            None => vec![(&target.revision_name, 100)],
        }
    }

    /// The targets as `status.traffic` has them, without URLs. While a rollout is under way, an entry that follows a
    /// Configuration is told as one entry per Revision that has a part in it.
    pub fn in_force(&self, rollout: &Rollout) -> Vec<TrafficTarget> {
        let mut left = rollout.clone();
        let mut told = Vec::new();
        for target in &self.targets {
            let parts = parts(target, &mut left);
            told.extend(parts.into_iter().map(|(revision_name, percent)| TrafficTarget {
                revision_name,
                configuration_name: String::new(),
                percent: Some(percent),
                ..target.clone()
            }));
        }
        told
    }
}

/// The Revisions of one entry and what each has of the Route's own host. `left` is what earlier entries have left of it.
fn parts(target: &TrafficTarget, left: &mut Rollout) -> Vec<(String, i64)> {
    let percent = target.percent.unwrap_or(0);
    let of = |rollout: &ConfigurationRollout, tag: &str| rollout.tag == tag && rollout.configuration_name == target.configuration_name;
    let mut parts: Vec<(String, i64)> = Vec::new();
    let mut missing = percent;
    if let Some(own) = left.configurations.iter_mut().find(|rollout| of(rollout, "")) {
        for share in own.revisions.iter_mut().filter(|share| share.percent > 0) {
            let taken = missing.min(share.percent);
            if taken > 0 {
                parts.push((share.revision_name.clone(), taken));
            }
            share.percent -= taken;
            missing -= taken;
        }
    }
    // A tag's own host has a rollout of its own.
    for share in
        left.configurations.iter().filter(|rollout| !target.tag.is_empty() && of(rollout, &target.tag)).flat_map(|one| &one.revisions)
    {
        if !parts.iter().any(|(revision, _)| *revision == share.revision_name) {
            parts.push((share.revision_name.clone(), 0));
        }
    }
    if parts.is_empty() {
        parts.push((target.revision_name.clone(), percent));
    }
    parts
}

/// Shares by Revision, in the order of their first mention.
#[derive(Default)]
struct Shares<'a>(Vec<(&'a str, i64)>);

impl<'a> Shares<'a> {
    fn add(&mut self, revision: &'a str, percent: i64) {
        if percent == 0 {
            return;
        }
        match self.0.iter_mut().find(|(known, _)| *known == revision) {
            Some((_, share)) => *share += percent,
            None => self.0.push((revision, percent)),
        }
    }
}
