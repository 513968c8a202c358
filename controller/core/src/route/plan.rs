//! The plan for a Route.
//!
//! This module must not know how its children look; `ingress` and `children` do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ebb_api::conditions::Conditioned;
use ebb_api::names;
use ebb_api::networking::Ingress;
use ebb_api::serving::{Configuration, Revision, Route, RouteStatus};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Service as CoreService;

use super::hosts::{self, Hosts};
use super::traffic::{self, Assigned, Lookup};
use super::{children, ingress, status};
use crate::meta::{self, Holder, holder};
use crate::plan::{Because, Event, Plan};
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
    status::take_traffic(next, assigned, hosts, settings, now);
    let stored = seen.ingress.as_deref();
    let of_ingress = stored.map(|ingress| holder(&ingress.metadata, "Route", &route.metadata));
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
    let ingress = ingress::apply(route, assigned, hosts, stored, settings);
    match stored.filter(|_| !ingress.new_generation) {
        Some(ingress) => status::take_ingress(next, ingress, now),
        None => status::ingress_not_configured(next, now),
    }
    apply.extend(ingress.apply);
    let otherwise = if next.is_ready() { Because::Settled } else { Because::WaitingForIngress };
    Plan { delete: children::delete(route, hosts, services), ..Plan::of(apply, otherwise) }
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
