//! The Configuration and the Route that a Service wants.
//!
//! This module must not look at their status.

use ebb_api::keys::{annotation, label};
use ebb_api::serving::{Configuration, ConfigurationSpec, Route, RouteSpec, Service, TrafficTarget};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

use crate::labeler::FINALIZER;
use crate::meta;
use crate::plan::Write;

/// The write that brings the Configuration to what the Service wants, if it needs one.
pub fn configuration(service: &Service, stored: Option<&Configuration>) -> Write {
    let wanted = wanted_configuration(service, stored);
    let Some(stored) = stored else { return Write::create(wanted) };
    if stored.spec == wanted.spec && meta::same_meta(&stored.metadata, &wanted.metadata) {
        return Write::default();
    }
    let metadata = meta::overlaid(&stored.metadata, &wanted.metadata);
    let new_generation = stored.spec != wanted.spec;
    Write::update(Configuration { metadata, spec: wanted.spec, status: stored.status.clone() }, new_generation)
}

/// The write that brings the Route to what the Service wants, if it needs one.
pub fn route(service: &Service, stored: Option<&Route>) -> Write {
    let wanted = wanted_route(service);
    let Some(stored) = stored else { return Write::create(wanted) };
    if stored.spec == wanted.spec && meta::same_meta(&stored.metadata, &wanted.metadata) {
        return Write::default();
    }
    let metadata = meta::overlaid(&stored.metadata, &wanted.metadata);
    let new_generation = stored.spec != wanted.spec;
    Write::update(Route { metadata, spec: wanted.spec, status: stored.status.clone() }, new_generation)
}

/// It says from the start that the Route refers to it, so that its Revisions are born active.
fn wanted_configuration(service: &Service, stored: Option<&Configuration>) -> Configuration {
    let name = meta::name_of(&service.metadata);
    let mut routes = stored.map(|stored| meta::routes_of(&stored.metadata)).unwrap_or_default();
    routes.insert(name.to_owned());
    let labels = meta::with(
        meta::without(service.metadata.labels.as_ref(), |_| false),
        [(label::SERVICE, name.to_owned()), (label::SERVICE_UID, service.metadata.uid.clone().unwrap_or_default())],
    );
    let annotations = meta::with(
        meta::without(service.metadata.annotations.as_ref(), |key| {
            [annotation::LAST_APPLIED, annotation::ROLLOUT_DURATION, meta::ROLLOUT_DURATION_ALIAS].contains(&key)
        }),
        [(annotation::ROUTES, meta::join_routes(&routes))],
    );
    Configuration {
        metadata: meta::child(name.to_owned(), &service.metadata, owner(service), labels, annotations),
        spec: ConfigurationSpec { template: service.spec.template.clone() },
        status: None,
    }
}

/// It carries the labeler's finalizer from the start, which saves a write.
fn wanted_route(service: &Service) -> Route {
    let name = meta::name_of(&service.metadata);
    let labels = meta::with(meta::without(service.metadata.labels.as_ref(), |_| false), [(label::SERVICE, name.to_owned())]);
    let annotations = meta::without(service.metadata.annotations.as_ref(), |key| key == annotation::LAST_APPLIED);
    let mut metadata = meta::child(name.to_owned(), &service.metadata, owner(service), labels, annotations);
    metadata.finalizers = Some(vec![FINALIZER.to_owned()]);
    Route { metadata, spec: RouteSpec { traffic: wanted_traffic(service) }, status: None }
}

fn wanted_traffic(service: &Service) -> Vec<TrafficTarget> {
    let everything_to_latest = [TrafficTarget { latest_revision: Some(true), percent: Some(100), ..TrafficTarget::default() }];
    let traffic: &[TrafficTarget] = if service.spec.traffic.is_empty() { &everything_to_latest } else { &service.spec.traffic };
    let mut traffic = traffic.to_vec();
    for target in traffic.iter_mut().filter(|target| target.revision_name.is_empty()) {
        meta::name_of(&service.metadata).clone_into(&mut target.configuration_name);
    }
    traffic
}

fn owner(service: &Service) -> OwnerReference {
    meta::owner("serving.knative.dev/v1", "Service", &service.metadata)
}
