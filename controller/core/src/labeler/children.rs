//! How a Revision or Configuration looks with a Route written onto it, and without.
//!
//! This module must not decide which ones are referred to.

use ebb_api::keys::{annotation, label};
use ebb_api::serving::{Configuration, Revision};
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::configuration::stamp;
use crate::meta;
use crate::plan::Apply;

/// The write that makes the Revision say that the Route refers to it, or that it does not.
pub fn revision(stored: &Revision, route: &str, refers: bool, now: Timestamp) -> Option<Apply> {
    let mut revision = stored.clone();
    let routes_left = set_route(&mut revision.metadata, route, refers);
    // A Revision that nobody ever routed to stays pending.
    let was = meta::label_of(&stored.metadata, label::ROUTING_STATE);
    let state = match (routes_left, refers) {
        (true, _) => "active",
        (false, false) if meta::routes_of(&stored.metadata).contains(route) => "reserve",
        (false, _) => was,
    };
    if state != was {
        revision.metadata.labels.get_or_insert_default().insert(label::ROUTING_STATE.to_owned(), state.to_owned());
        revision.metadata.annotations.get_or_insert_default().insert(annotation::ROUTING_STATE_MODIFIED.to_owned(), stamp(now));
    }
    (revision.metadata != stored.metadata).then(|| Apply::Update(revision.into()))
}

/// The write that makes the Configuration say that the Route refers to it, or that it does not.
pub fn configuration(stored: &Configuration, route: &str, refers: bool) -> Option<Apply> {
    let mut configuration = stored.clone();
    set_route(&mut configuration.metadata, route, refers);
    (configuration.metadata != stored.metadata).then(|| Apply::Update(configuration.into()))
}

/// Puts the Route into the list or takes it out, and says whether the list has any left.
fn set_route(metadata: &mut ObjectMeta, route: &str, refers: bool) -> bool {
    let mut routes = meta::routes_of(metadata);
    let changed = if refers { routes.insert(route.to_owned()) } else { routes.remove(route) };
    if changed {
        let annotations = metadata.annotations.get_or_insert_default();
        if routes.is_empty() {
            annotations.remove(annotation::ROUTES);
        } else {
            annotations.insert(annotation::ROUTES.to_owned(), meta::join_routes(&routes));
        }
    }
    !routes.is_empty()
}
