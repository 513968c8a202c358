//! The plan for a Service.
//!
//! This module must not know how its children look; `children` does.

use ebb_api::conditions::Conditioned;
use ebb_api::serving::{Configuration, Revision, Route, Service, ServiceStatus};
use jiff::Timestamp;

use super::{children, status};
use crate::configuration::named_revision;
use crate::meta::{Holder, holder};
use crate::plan::{Because, Event, Plan};
use crate::{configuration, meta};

/// All that a Service's plan depends on.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The Service.
    pub service: &'a Service,
    /// The Configuration of the Service's name.
    pub configuration: Option<&'a Configuration>,
    /// The Route of the Service's name.
    pub route: Option<&'a Route>,
    /// The Revision that the template names, if it names one.
    pub named: Option<&'a Revision>,
}

/// What is to be done about a Service.
pub fn plan(seen: &Seen<'_>, now: Timestamp) -> Plan<ServiceStatus> {
    let service = seen.service;
    if service.metadata.deletion_timestamp.is_some() {
        return Plan::nothing(Because::BeingDeleted);
    }
    let stored = service.status.clone().unwrap_or_default();
    let mut next = stored.clone();
    next.begin(service.metadata.generation, now);
    let mut plan = with_children(seen, &mut next, now);
    next.finish(service.metadata.generation, &stored);
    if plan.apply.is_empty() && plan.because == Because::Settled {
        plan.because = waiting_for(&next);
    }
    plan.events = events(&stored, &next);
    plan.status = (service.status.as_ref() != Some(&next)).then_some(next);
    plan
}

/// Configuration first; the Route only when the Configuration's Revision is surely its own.
fn with_children(seen: &Seen<'_>, next: &mut ServiceStatus, now: Timestamp) -> Plan<ServiceStatus> {
    let service = seen.service;
    let name = meta::name_of(&service.metadata);
    match seen.configuration.map(|configuration| holder(&configuration.metadata, "Service", &service.metadata)) {
        Some(Holder::Stranger) => {
            status::configuration_not_owned(next, name, now);
            return Plan::nothing(Because::NotOwned);
        }
        Some(Holder::Predecessor) => {
            status::configuration_out_of_date(next, now);
            return Plan::nothing(Because::PredecessorLeaves);
        }
        Some(Holder::Ours) | None => {}
    }
    let write = children::configuration(service, seen.configuration);
    let current = seen.configuration.filter(|configuration| !write.new_generation && configuration::is_observed(configuration));
    let mut apply = Vec::from_iter(write.apply);
    if let Some(configuration) = current {
        status::take_configuration(next, configuration, now);
    } else {
        status::configuration_out_of_date(next, now);
        if configuration::own_name(&service.spec.template).is_some() {
            return Plan::of(apply, Because::WaitingForConfiguration);
        }
    }
    if let Some(configuration) = current
        && named_revision(configuration, seen.named) == Err(configuration::NameTaken)
    {
        status::revision_name_taken(next, configuration::own_name(&service.spec.template).unwrap_or_default(), now);
        return Plan::of(apply, Because::RevisionNameTaken);
    }
    match seen.route.map(|route| holder(&route.metadata, "Service", &service.metadata)) {
        Some(Holder::Stranger) => {
            status::route_not_owned(next, name, now);
            return Plan::of(apply, Because::NotOwned);
        }
        Some(Holder::Predecessor) => {
            status::route_out_of_date(next, now);
            return Plan::of(apply, Because::PredecessorLeaves);
        }
        Some(Holder::Ours) | None => {}
    }
    let route = children::route(service, seen.route);
    match seen.route.filter(|seen| !route.new_generation && is_observed(seen)) {
        Some(route) => {
            status::take_route(next, route, now);
            status::check_traffic(next, service, route, now);
        }
        None => status::route_out_of_date(next, now),
    }
    apply.extend(route.apply);
    Plan::of(apply, Because::Settled)
}

fn is_observed(route: &Route) -> bool {
    route.metadata.generation == route.status.as_ref().and_then(|status| status.observed_generation)
}

fn waiting_for(next: &ServiceStatus) -> Because {
    use ebb_api::conditions::kind;
    if next.is_ready() {
        Because::Settled
    } else if next.is_false(kind::CONFIGURATIONS_READY) {
        Because::RevisionFailed
    } else if next.is_true(kind::CONFIGURATIONS_READY) {
        Because::WaitingForRoute
    } else {
        Because::WaitingForConfiguration
    }
}

/// A Service that has just become ready or failed is news.
fn events(before: &ServiceStatus, after: &ServiceStatus) -> Vec<Event> {
    if after.is_ready() && !before.is_ready() {
        return vec![Event::normal("Ready", format!("Service is ready at {}", after.url))];
    }
    match after.happy() {
        Some(ready) if ready.is_false() && before.happy().is_none_or(|old| old.reason != ready.reason || !old.is_false()) => {
            vec![Event::warning("Failed", format!("{}: {}", ready.reason, ready.message))]
        }
        _ => Vec::new(),
    }
}
