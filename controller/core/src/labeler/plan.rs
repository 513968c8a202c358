//! The plan for what a Route is written onto.
//!
//! This module must not know how it is written; `children` does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ebb_api::conditions::Conditioned;
use ebb_api::serving::{Configuration, Revision, Route, TrafficTarget};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{FINALIZER, children};
use crate::meta;
use crate::plan::{Apply, Because, Plan};

/// All that the plan depends on.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The Route.
    pub route: Arc<Route>,
    /// The Configurations that its traffic leads to, and those that it is written on.
    pub configurations: BTreeMap<String, Arc<Configuration>>,
    /// The Revisions that its traffic names, those Configurations' latest ones, and those that it is written on.
    pub revisions: BTreeMap<String, Arc<Revision>>,
}

/// What a Route refers to.
#[derive(Debug, Default)]
struct Referred {
    configurations: BTreeSet<String>,
    revisions: BTreeSet<String>,
}

/// What is to be written onto Revisions and Configurations.
pub fn plan(seen: &Seen, now: Timestamp) -> Plan {
    let route = seen.route.as_ref();
    if route.metadata.deletion_timestamp.is_some() {
        return let_go(seen, now);
    }
    let referred = referred(seen);
    let may_remove = is_at_rest(route);
    let mut left_over = false;
    // The finalizer comes first: nothing is written that could not be taken back.
    let mut apply = Vec::from_iter(with_finalizer(route));
    let mut write = |refers: bool, update: Option<Apply>| match update {
        Some(_) if !refers && !may_remove => left_over = true,
        update => apply.extend(update),
    };
    let name = meta::name_of(&route.metadata);
    for (key, configuration) in seen.configurations.iter().filter(|(_, configuration)| is_alive(&configuration.metadata)) {
        let refers = referred.configurations.contains(key);
        write(refers, children::configuration(configuration, name, refers));
    }
    for (key, revision) in seen.revisions.iter().filter(|(_, revision)| is_alive(&revision.metadata)) {
        let refers = referred.revisions.contains(key);
        write(refers, children::revision(revision, name, refers, now));
    }
    let otherwise = if left_over { Because::RouteInFlight } else { Because::Settled };
    Plan::of(apply, otherwise)
}

/// The Route is taken off everything; then it may go.
fn let_go(seen: &Seen, now: Timestamp) -> Plan {
    let route = seen.route.as_ref();
    let finalizers = route.metadata.finalizers.clone().unwrap_or_default();
    if !finalizers.iter().any(|finalizer| finalizer == FINALIZER) {
        return Plan::nothing(Because::BeingDeleted);
    }
    let name = meta::name_of(&route.metadata);
    let configurations = seen.configurations.values().filter(|configuration| is_alive(&configuration.metadata));
    let revisions = seen.revisions.values().filter(|revision| is_alive(&revision.metadata));
    let mut apply: Vec<Apply> = configurations.filter_map(|configuration| children::configuration(configuration, name, false)).collect();
    apply.extend(revisions.filter_map(|revision| children::revision(revision, name, false, now)));
    let mut freed = route.clone();
    freed.metadata.finalizers = Some(finalizers.into_iter().filter(|finalizer| finalizer != FINALIZER).collect());
    apply.push(Apply::Update(freed.into()));
    Plan { apply, ..Plan::nothing(Because::BeingDeleted) }
}

fn with_finalizer(route: &Route) -> Option<Apply> {
    let finalizers = route.metadata.finalizers.clone().unwrap_or_default();
    if finalizers.iter().any(|finalizer| finalizer == FINALIZER) {
        return None;
    }
    let mut held = route.clone();
    held.metadata.finalizers = Some(finalizers.into_iter().chain([FINALIZER.to_owned()]).collect());
    Some(Apply::Update(held.into()))
}

/// Whether the Route has dealt with its latest generation, for better or worse. While it is on its way, requests may
/// still go to what it referred to before.
fn is_at_rest(route: &Route) -> bool {
    let status = route.status.as_ref();
    status.is_some_and(|status| status.observed_generation == route.metadata.generation && (status.is_ready() || status.is_failed()))
}

fn is_alive(metadata: &ObjectMeta) -> bool {
    metadata.deletion_timestamp.is_none()
}

fn referred(seen: &Seen) -> Referred {
    let mut referred = Referred::default();
    let route = seen.route.as_ref();
    let in_force = route.status.iter().flat_map(|status| &status.traffic);
    for target in route.spec.traffic.iter().chain(in_force) {
        refer(&mut referred, target, seen);
    }
    referred
}

fn refer(referred: &mut Referred, target: &TrafficTarget, seen: &Seen) {
    let mut configuration = target.configuration_name.clone();
    if let Some(revision) = seen.revisions.get(&target.revision_name) {
        referred.revisions.insert(target.revision_name.clone());
        if let Some(owner) = meta::controller_of(&revision.metadata).filter(|owner| owner.kind == "Configuration") {
            configuration.clone_from(&owner.name);
        }
    }
    let Some(found) = seen.configurations.get(&configuration) else { return };
    referred.configurations.insert(configuration);
    if target.latest_revision == Some(true) {
        // The newest one is kept active while it comes up.
        let latest = found.status.iter().flat_map(|status| [&status.latest_created_revision_name, &status.latest_ready_revision_name]);
        referred.revisions.extend(latest.filter(|name| !name.is_empty()).cloned());
    }
}
