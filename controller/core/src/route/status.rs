//! What a Route's status says, from its traffic and its Ingress.
//!
//! This module must not decide what is written elsewhere.

use ebb_api::conditions::{Conditioned, State, kind};
use ebb_api::duck::Addressable;
use ebb_api::networking::Ingress;
use ebb_api::serving::{RouteStatus, TrafficTarget};
use jiff::Timestamp;

use super::hosts::Hosts;
use super::ingress::Traffic;
use super::traffic::Problem;
use crate::settings::Settings;

/// No host can be made.
pub fn no_host(status: &mut RouteStatus, why: &str, now: Timestamp) {
    status.mark_false(kind::ALL_TRAFFIC_ASSIGNED, "ErrorConfig", why, now);
}

/// The traffic cannot be resolved; the split in force stays.
pub fn not_assigned(status: &mut RouteStatus, problem: &Problem, now: Timestamp) {
    status.mark(kind::ALL_TRAFFIC_ASSIGNED, problem.state(), problem.reason(), &problem.to_string(), now);
}

/// A placeholder's name belongs to somebody else.
pub fn service_not_owned(status: &mut RouteStatus, name: &str, now: Timestamp) {
    let message = format!("There is an existing placeholder Service \"{name}\" that we do not own.");
    status.mark_false(kind::INGRESS_READY, "NotOwned", &message, now);
}

/// The Ingress's name belongs to somebody else.
pub fn ingress_not_owned(status: &mut RouteStatus, name: &str, now: Timestamp) {
    let message = format!("There is an existing Ingress \"{name}\" that we do not own.");
    status.mark_false(kind::INGRESS_READY, "NotOwned", &message, now);
}

/// The Ingress has not dealt with what it now says.
pub fn ingress_not_configured(status: &mut RouteStatus, now: Timestamp) {
    status.mark_unknown(kind::INGRESS_READY, "IngressNotConfigured", "Ingress has not yet been reconciled.", now);
}

/// Copies what the Ingress says.
pub fn take_ingress(status: &mut RouteStatus, ingress: &Ingress, now: Timestamp) {
    let observed = ingress.status.as_ref().filter(|status| status.observed_generation == ingress.metadata.generation);
    match observed.and_then(Conditioned::happy) {
        Some(ready) => status.mark_as(kind::INGRESS_READY, ready, now),
        None => ingress_not_configured(status, now),
    }
}

/// Some requests still go to earlier Revisions, and fewer with every step. What is wrong with the Ingress weighs more.
pub fn rolling_out(status: &mut RouteStatus, now: Timestamp) {
    if !status.is_false(kind::INGRESS_READY) {
        let message = "A gradual rollout of the latest revision(s) is in progress.";
        status.mark_unknown(kind::INGRESS_READY, "RolloutInProgress", message, now);
    }
}

/// The Route's own URL and its address inside.
pub fn take_url(status: &mut RouteStatus, own: &Hosts, settings: &Settings, now: Timestamp) {
    status.url = own.url(settings);
    let inside = format!("http://{}", own.cluster_local());
    status.address = Some(Addressable { url: Some(inside), ..Addressable::default() });
    let (reason, message) = match own.external {
        Some(_) => ("TLSNotEnabled", "external-domain-tls is not enabled"),
        None => ("TLSNotEnabled", "TLS is not enabled for cluster-local"),
    };
    status.mark(kind::CERTIFICATE_PROVISIONED, State::True, reason, message, now);
}

/// The split, with a URL for every tag.
pub fn take_traffic(status: &mut RouteStatus, traffic: Traffic<'_>, hosts: &[Hosts], settings: &Settings, now: Timestamp) {
    let Traffic { assigned, rollout } = traffic;
    let url = |tag: &str| hosts.iter().find(|hosts| !tag.is_empty() && hosts.tag == tag).map(|hosts| hosts.url(settings));
    let with_url = |target: TrafficTarget| TrafficTarget { url: url(&target.tag).unwrap_or_default(), ..target };
    status.traffic = assigned.in_force(rollout).into_iter().map(with_url).collect();
    status.mark_true(kind::ALL_TRAFFIC_ASSIGNED, now);
}
