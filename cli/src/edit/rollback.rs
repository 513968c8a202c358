//! Which Revision a rollback goes to.
//!
//! This module must not talk to a server.

use anyhow::{Result, anyhow, bail};
use ebb_api::serving::{Revision, Service};
use kube::ResourceExt as _;

use crate::print::{conditions, list};

/// A rollback that is to be made.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollback {
    /// The Revision that gets the most traffic now, and its percent.
    pub from: (String, i64),
    /// The Revision that gets all of it then.
    pub to: String,
}

/// Decides where to go back to; nothing is returned if everything goes there already.
///
/// # Errors
/// When there is no such Revision, or it is not ready.
pub fn decide(service: &Service, revisions: &[Revision], to: Option<&str>) -> Result<Option<Rollback>> {
    let name = service.name_any();
    let generation = |name: &str| revisions.iter().find(|revision| revision.name_any() == name).and_then(list::generation).unwrap_or(0);
    let traffic = service.status.as_ref().map(|status| status.traffic.as_slice()).unwrap_or_default();
    let shares = traffic.iter().map(|target| (target.revision_name.clone(), list::share(&target.revision_name, Some(service)).percent));
    let from = shares.max_by_key(|(revision, percent)| (*percent, generation(revision)));
    let from = from.filter(|(_, percent)| *percent > 0).ok_or_else(|| anyhow!("service '{name}' sends no traffic anywhere yet"))?;
    let to = match to {
        Some(to) => named(&name, revisions, to)?,
        None => before(&name, revisions, &from.0, generation(&from.0))?,
    };
    Ok((from != (to.clone(), 100)).then_some(Rollback { from, to }))
}

fn named(service: &str, revisions: &[Revision], to: &str) -> Result<String> {
    let Some(revision) = revisions.iter().find(|revision| revision.name_any() == to) else {
        let mut names: Vec<String> = revisions.iter().map(kube::ResourceExt::name_any).collect();
        names.sort();
        bail!("service '{service}' has no revision '{to}'; it has {}", names.join(", "));
    };
    match why_not(revision) {
        None => Ok(to.to_owned()),
        Some(why) => bail!("revision '{to}' is not ready, so nothing is sent to it: {why}"),
    }
}

/// The newest ready Revision before a generation.
fn before(service: &str, revisions: &[Revision], from: &str, generation: i64) -> Result<String> {
    let older = revisions.iter().filter(|revision| list::generation(revision).is_some_and(|older| older < generation));
    let ready = older.filter(|revision| why_not(revision).is_none()).max_by_key(|revision| list::generation(revision));
    ready.map(kube::ResourceExt::name_any).ok_or_else(|| anyhow!("service '{service}' has no ready revision before '{from}'"))
}

fn why_not(revision: &Revision) -> Option<String> {
    let found = revision.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    let why = conditions::why_not_ready(found);
    (!why.is_empty()).then_some(why)
}

#[cfg(test)]
mod tests;
