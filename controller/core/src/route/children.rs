//! The placeholder Kubernetes Services of a Route: one for itself and one per tag, so that their names are taken.
//!
//! This module must not decide which tags there are.

use std::collections::BTreeMap;

use ebb_api::keys::{annotation, label};
use ebb_api::networking::Ingress;
use ebb_api::serving::Route;
use k8s_openapi::api::core::v1::{Service as CoreService, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::hosts::Hosts;
use crate::meta::{self, Holder, holder};
use crate::object::Object;
use crate::plan::Apply;
use crate::same::covers;

/// The first placeholder whose name somebody else holds.
pub fn foreign<'a>(route: &Route, hosts: &'a [Hosts], stored: &BTreeMap<String, &CoreService>) -> Option<(Holder, &'a str)> {
    hosts.iter().find_map(|hosts| {
        let holder = holder(&stored.get(&hosts.name)?.metadata, "Route", &route.metadata);
        (holder != Holder::Ours).then_some((holder, hosts.name.as_str()))
    })
}

/// The writes that the placeholders need.
pub fn apply(route: &Route, hosts: &[Hosts], stored: &BTreeMap<String, &CoreService>, ingress: Option<&Ingress>) -> Vec<Apply> {
    hosts.iter().filter_map(|hosts| apply_one(route, hosts, stored.get(&hosts.name).copied(), ingress)).collect()
}

/// Placeholders of tags that are gone.
pub fn delete(route: &Route, hosts: &[Hosts], stored: &BTreeMap<String, &CoreService>) -> Vec<Object> {
    let unused = stored.iter().filter(|(name, service)| {
        let metadata = &service.metadata;
        let is_wanted = hosts.iter().any(|hosts| hosts.name == **name);
        !is_wanted && metadata.deletion_timestamp.is_none() && meta::is_controlled_by(metadata, &route.metadata)
    });
    unused.map(|(_, service)| Object::from((*service).clone())).collect()
}

fn apply_one(route: &Route, hosts: &Hosts, stored: Option<&CoreService>, ingress: Option<&Ingress>) -> Option<Apply> {
    let mut wanted = wanted(route, hosts, ingress);
    let Some(stored) = stored else { return Some(Apply::Create(wanted.into())) };
    // The one label that users put on a placeholder: it makes that host private.
    let visibility = meta::label_of(&stored.metadata, label::VISIBILITY);
    if !visibility.is_empty() {
        wanted.metadata.labels.get_or_insert_default().insert(label::VISIBILITY.to_owned(), visibility.to_owned());
    }
    if covers(&stored.spec, &wanted.spec) && meta::same_meta(&stored.metadata, &wanted.metadata) {
        return None;
    }
    let metadata = meta::overlaid(&stored.metadata, &wanted.metadata);
    Some(Apply::Update(CoreService { metadata, spec: wanted.spec, status: stored.status.clone() }.into()))
}

fn wanted(route: &Route, hosts: &Hosts, ingress: Option<&Ingress>) -> CoreService {
    let own = &route.metadata;
    // Not the Route's own visibility: it would stay on the placeholder and keep the Route private for ever.
    let labels =
        meta::with(meta::without(own.labels.as_ref(), |key| key == label::VISIBILITY), [(label::ROUTE, meta::name_of(own).to_owned())]);
    let annotations = meta::without(own.annotations.as_ref(), |key| key == annotation::LAST_APPLIED);
    let owner = meta::owner("serving.knative.dev/v1", "Route", own);
    let metadata = meta::child(hosts.name.clone(), own, owner, labels, annotations);
    CoreService { metadata, spec: Some(spec(hosts, ingress)), status: None }
}

fn spec(hosts: &Hosts, ingress: Option<&Ingress>) -> ServiceSpec {
    let inside = ingress.and_then(|ingress| ingress.status.as_ref()?.private_load_balancer.as_ref()?.ingress.first());
    let name_of_ingress =
        inside.map(|address| if address.domain_internal.is_empty() { address.domain.as_str() } else { address.domain_internal.as_str() });
    let target = name_of_ingress.filter(|name| !name.is_empty()).unwrap_or(hosts.cluster_local());
    let port = ServicePort {
        name: Some("http2".to_owned()),
        port: 80,
        protocol: Some("TCP".to_owned()),
        app_protocol: Some("kubernetes.io/h2c".to_owned()),
        target_port: Some(IntOrString::Int(80)),
        ..ServicePort::default()
    };
    ServiceSpec {
        type_: Some("ExternalName".to_owned()),
        external_name: Some(target.to_owned()),
        session_affinity: Some("None".to_owned()),
        ports: Some(vec![port]),
        ..ServiceSpec::default()
    }
}
