//! The plan for a Route.
//!
//! This module must not know how its children look; `ingress` and `children` do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use ebb_api::conditions::Conditioned;
use ebb_api::names;
use ebb_api::networking::Ingress;
use ebb_api::serving::{Configuration, Revision, Route, RouteStatus};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Service as CoreService;

use super::hosts::{self, Hosts};
use super::ingress::Traffic;
use super::rollout::{self, Rollout};
use super::traffic::{self, Assigned, Lookup};
use super::{children, ingress, status};
use crate::meta::{self, Holder, holder};
use crate::plan::{After, Because, Event, Plan};
use crate::settings::Settings;

/// All that a Route's plan depends on.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The Route.
    pub route: Arc<Route>,
    /// Configurations that its traffic names.
    pub configurations: BTreeMap<String, Arc<Configuration>>,
    /// Revisions that its traffic names, and the latest ready ones of those Configurations.
    pub revisions: BTreeMap<String, Arc<Revision>>,
    /// Whatever has the name of its Ingress.
    pub ingress: Option<Arc<Ingress>>,
    /// Whatever has the name of one of its placeholders, and all that it controls.
    pub services: BTreeMap<String, Arc<CoreService>>,
}

impl Lookup for Seen {
    fn configuration(&self, name: &str) -> Option<&Configuration> {
        self.configurations.get(name).map(Arc::as_ref)
    }

    fn revision(&self, name: &str) -> Option<&Revision> {
        self.revisions.get(name).map(Arc::as_ref)
    }
}

/// The names of the placeholders that a Route's spec asks for.
#[must_use]
pub fn placeholder_names(route: &Route, settings: &Settings) -> Vec<String> {
    let name = meta::name_of(&route.metadata);
    let tags = tags_of(route);
    tags.iter().filter_map(|tag| names::tag_name(&settings.config.network, name, tag).ok()).collect()
}

/// The Route itself (no tag) and its tags, sorted.
fn tags_of(route: &Route) -> BTreeSet<&str> {
    route.spec.traffic.iter().map(|target| target.tag.as_str()).chain([""]).collect()
}

/// What is to be done about a Route.
pub fn plan(seen: &Seen, settings: &Settings, now: Timestamp) -> Plan<RouteStatus> {
    let route = &seen.route;
    if route.metadata.deletion_timestamp.is_some() {
        return Plan::nothing(Because::BeingDeleted);
    }
    let stored = route.status.clone().unwrap_or_default();
    let mut next = stored.clone();
    next.begin(route.metadata.generation, now);
    if stored.observed_generation != route.metadata.generation {
        status::ingress_not_configured(&mut next, now);
    }
    let mut plan = with_hosts(seen, &mut next, settings, now);
    next.finish(route.metadata.generation, &stored);
    plan.events.extend(events(&stored, &next));
    plan.status = (route.status.as_ref() != Some(&next)).then_some(next);
    plan
}

fn with_hosts(seen: &Seen, next: &mut RouteStatus, settings: &Settings, now: Timestamp) -> Plan<RouteStatus> {
    let services: BTreeMap<String, &CoreService> = seen.services.iter().map(|(name, service)| (name.clone(), service.as_ref())).collect();
    let hosts: Result<Vec<Hosts>, String> =
        tags_of(&seen.route).into_iter().map(|tag| hosts::of(&seen.route, tag, &services, settings)).collect();
    let hosts = match hosts {
        Ok(hosts) => hosts,
        Err(why) => {
            status::no_host(next, &why, now);
            return Plan::nothing(Because::NoHost);
        }
    };
    // The empty tag sorts first: it is the Route itself.
    if let Some(own) = hosts.first() {
        status::take_url(next, own, settings, now);
    }
    match traffic::assign(&seen.route, seen) {
        Ok(assigned) => with_traffic(seen, next, &assigned, &hosts, &services, settings, now),
        Err(problem) => {
            status::not_assigned(next, &problem, now);
            Plan::nothing(Because::TrafficNotAssigned)
        }
    }
}

fn with_traffic(
    seen: &Seen,
    next: &mut RouteStatus,
    assigned: &Assigned,
    hosts: &[Hosts],
    services: &BTreeMap<String, &CoreService>,
    settings: &Settings,
    now: Timestamp,
) -> Plan<RouteStatus> {
    let route = &seen.route;
    let stored = seen.ingress.as_deref();
    let of_ingress = stored.map(|ingress| holder(&ingress.metadata, "Route", &route.metadata));
    let ours = stored.filter(|_| of_ingress == Some(Holder::Ours));
    let (rollout, after) = rollout(seen, assigned, ours, settings, now);
    let traffic = Traffic { assigned, rollout: &rollout };
    status::take_traffic(next, traffic, hosts, settings, now);
    match (children::foreign(route, hosts, services), of_ingress) {
        (Some((Holder::Stranger, name)), _) => {
            status::service_not_owned(next, name, now);
            return Plan::nothing(Because::NotOwned);
        }
        (_, Some(Holder::Stranger)) => {
            status::ingress_not_owned(next, meta::name_of(&route.metadata), now);
            return Plan::nothing(Because::NotOwned);
        }
        (Some(_), _) | (_, Some(Holder::Predecessor)) => {
            status::ingress_not_configured(next, now);
            return Plan::nothing(Because::PredecessorLeaves);
        }
        (None, Some(Holder::Ours) | None) => {}
    }
    // The Ingress last: when it is there, all names are taken.
    let mut apply = children::apply(route, hosts, services, stored);
    let ingress = ingress::apply(route, traffic, hosts, stored, settings);
    match stored.filter(|_| !ingress.new_generation) {
        Some(ingress) => status::take_ingress(next, ingress, now),
        None => status::ingress_not_configured(next, now),
    }
    apply.extend(ingress.apply);
    let otherwise = if !rollout.is_done() {
        status::rolling_out(next, now);
        Because::RollingOut
    } else if next.is_ready() {
        Because::Settled
    } else {
        Because::WaitingForIngress
    };
    Plan { delete: children::delete(route, hosts, services), after, ..Plan::of(apply, otherwise) }
}

/// How far the way to the newest Revisions is to be gone by now, and when to look again. An Ingress that is new, or a
/// Route without a rollout, has everything at its end.
fn rollout(seen: &Seen, assigned: &Assigned, ingress: Option<&Ingress>, settings: &Settings, now: Timestamp) -> (Rollout, After) {
    let (goal, duration) = (Rollout::finished(assigned), rollout::duration(&seen.route, settings));
    let Some(ingress) = ingress.filter(|_| !duration.is_zero()) else { return (goal, After::NextChange) };
    let now = i64::try_from(now.as_nanosecond()).unwrap_or(i64::MAX);
    let mut previous = Rollout::of_ingress(ingress);
    let in_force = ingress.status.as_ref().is_some_and(|status| status.is_ready_at(ingress.metadata.generation));
    if let Some(previous) = previous.as_mut().filter(|_| in_force) {
        previous.observe_ready(now, duration);
    }
    let (rollout, due) = goal.step(previous, now, |revision| seen.revision(revision).is_some());
    let until = |due: i64| Duration::from_nanos(u64::try_from(due.saturating_sub(now)).unwrap_or(0));
    (rollout, due.map_or(After::NextChange, |due| After::AtMost(until(due))))
}

/// A Route that has just become ready or failed is news.
fn events(before: &RouteStatus, after: &RouteStatus) -> Option<Event> {
    if after.is_ready() {
        return (!before.is_ready()).then(|| Event::normal("RouteReady", format!("Route is ready at {}", after.url)));
    }
    let ready = after.happy().filter(|ready| ready.is_false())?;
    let told = before.happy().is_some_and(|old| old.is_false() && old.reason == ready.reason && old.message == ready.message);
    (!told).then(|| Event::warning("RouteFailed", format!("{}: {}", ready.reason, ready.message)))
}
