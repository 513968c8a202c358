//! What a Service's status says, from its Configuration and its Route.
//!
//! This module must not decide what is written elsewhere.

use ebb_api::conditions::{Conditioned, kind};
use ebb_api::serving::{Configuration, Route, Service, ServiceStatus, TrafficTarget};
use jiff::Timestamp;

use crate::meta;

/// The Configuration of that name belongs to somebody else.
pub fn configuration_not_owned(status: &mut ServiceStatus, name: &str, now: Timestamp) {
    let message = format!("There is an existing Configuration \"{name}\" that we do not own.");
    status.mark_false(kind::CONFIGURATIONS_READY, "NotOwned", &message, now);
}

/// The Route of that name belongs to somebody else.
pub fn route_not_owned(status: &mut ServiceStatus, name: &str, now: Timestamp) {
    let message = format!("There is an existing Route \"{name}\" that we do not own.");
    status.mark_false(kind::ROUTES_READY, "NotOwned", &message, now);
}

/// The Configuration has not dealt with what it now says.
pub fn configuration_out_of_date(status: &mut ServiceStatus, now: Timestamp) {
    let message = "The Configuration is still working to reflect the latest desired specification.";
    status.mark_unknown(kind::CONFIGURATIONS_READY, "OutOfDate", message, now);
}

/// The Route has not dealt with what it now says.
pub fn route_out_of_date(status: &mut ServiceStatus, now: Timestamp) {
    let message = "The Route is still working to reflect the latest desired specification.";
    status.mark_unknown(kind::ROUTES_READY, "OutOfDate", message, now);
}

/// The Revision that the template names is another one.
pub fn revision_name_taken(status: &mut ServiceStatus, name: &str, now: Timestamp) {
    let message = format!("The revision name \"{name}\" is taken by a conflicting Revision, so traffic will not be migrated");
    status.mark_false(kind::ROUTES_READY, "RevisionNameTaken", &message, now);
}

/// Copies what the Configuration says.
pub fn take_configuration(status: &mut ServiceStatus, configuration: &Configuration, now: Timestamp) {
    let Some(theirs) = &configuration.status else { return };
    status.latest_created_revision_name.clone_from(&theirs.latest_created_revision_name);
    status.latest_ready_revision_name.clone_from(&theirs.latest_ready_revision_name);
    if let Some(ready) = theirs.happy() {
        status.mark_as(kind::CONFIGURATIONS_READY, ready, now);
    }
}

/// Copies what the Route says.
pub fn take_route(status: &mut ServiceStatus, route: &Route, now: Timestamp) {
    let Some(theirs) = &route.status else { return };
    status.url.clone_from(&theirs.url);
    status.address.clone_from(&theirs.address);
    status.traffic.clone_from(&theirs.traffic);
    if let Some(ready) = theirs.happy() {
        status.mark_as(kind::ROUTES_READY, ready, now);
    }
}

/// A Route that is ready with yesterday's split is not what the Service wants.
pub fn check_traffic(status: &mut ServiceStatus, service: &Service, route: &Route, now: Timestamp) {
    if status.is_true(kind::ROUTES_READY) && !has_migrated(status, service, route) {
        let message = "Traffic is not yet migrated to the latest revision.";
        status.mark_unknown(kind::ROUTES_READY, "TrafficNotMigrated", message, now);
    }
}

/// Entry by entry: same length, same order; the URL and `latestRevision` do not count.
fn has_migrated(status: &ServiceStatus, service: &Service, route: &Route) -> bool {
    let wanted = route.spec.traffic.iter().map(|target| {
        let mut target = bare(target);
        if target.configuration_name == meta::name_of(&service.metadata) {
            target.configuration_name.clear();
            target.revision_name.clone_from(&status.latest_ready_revision_name);
        }
        target
    });
    let told = route.status.iter().flat_map(|status| &status.traffic);
    wanted.eq(told.map(bare))
}

fn bare(target: &TrafficTarget) -> TrafficTarget {
    let percent = Some(target.percent.unwrap_or(0));
    TrafficTarget { url: String::new(), latest_revision: None, percent, ..target.clone() }
}
