//! The Ingress object that a Route wants: rules per host, splits that sum to 100.
//!
//! This module must not resolve traffic or make hosts.

use std::collections::BTreeMap;

use ebb_api::keys::{annotation, header, label};
use ebb_api::networking::{HeaderMatch, HttpIngressPath, HttpIngressRuleValue, Ingress, IngressBackendSplit, IngressRule, IngressSpec};
use ebb_api::serving::Route;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::hosts::Hosts;
use super::rollout::Rollout;
use super::traffic::Assigned;
use crate::plan::Write;
use crate::settings::Settings;
use crate::{kingress, meta};

/// Port of a Revision's Kubernetes Service.
const BACKEND_PORT: i32 = 80;

/// Where requests are to go, and how far they are on their way there.
#[derive(Clone, Copy, Debug)]
pub struct Traffic<'a> {
    /// The goal.
    pub assigned: &'a Assigned,
    /// The state of the way.
    pub rollout: &'a Rollout,
}

/// The write that the Ingress needs, if any.
pub fn apply(route: &Route, traffic: Traffic<'_>, hosts: &[Hosts], stored: Option<&Ingress>, settings: &Settings) -> Write {
    let wanted = wanted(route, traffic, hosts, settings);
    let Some(stored) = stored else { return Write::create(wanted) };
    if stored.spec == wanted.spec && meta::same_meta(&stored.metadata, &wanted.metadata) {
        return Write::default();
    }
    let metadata = meta::overlaid(&stored.metadata, &wanted.metadata);
    let new_generation = stored.spec != wanted.spec;
    Write::update(Ingress { metadata, spec: wanted.spec, status: stored.status.clone() }, new_generation)
}

fn wanted(route: &Route, traffic: Traffic<'_>, hosts: &[Hosts], settings: &Settings) -> Ingress {
    let own = &route.metadata;
    let labels = meta::with(
        meta::without(own.labels.as_ref(), |_| false),
        [(label::ROUTE, meta::name_of(own).to_owned()), (label::ROUTE_NAMESPACE, own.namespace.clone().unwrap_or_default())],
    );
    let mut annotations = meta::without(own.annotations.as_ref(), |key| key == annotation::LAST_APPLIED);
    let (class, http_option) = (kingress::class(&annotations, settings), kingress::http_option(&annotations, settings));
    annotations.insert(annotation::INGRESS_CLASS.to_owned(), class);
    annotations.insert(annotation::ROLLOUT.to_owned(), traffic.rollout.written());
    let owner = meta::owner("serving.knative.dev/v1", "Route", own);
    let by_header = settings.config.features.tag_header_based_routing.is_enabled();
    let rules = hosts.iter().flat_map(|hosts| rules(route, traffic, hosts, by_header)).collect();
    Ingress {
        metadata: meta::child(meta::name_of(own).to_owned(), own, owner, labels, annotations),
        spec: IngressSpec { rules, tls: Vec::new(), http_option },
        status: None,
    }
}

/// One rule for the hosts inside and, if there is one, one for the host outside.
fn rules(route: &Route, traffic: Traffic<'_>, hosts: &Hosts, by_header: bool) -> Vec<IngressRule> {
    let http = HttpIngressRuleValue { paths: paths(route, traffic, &hosts.tag, by_header) };
    let rule = |hosts: Vec<String>, visibility: &str| IngressRule { hosts, visibility: visibility.to_owned(), http: Some(http.clone()) };
    let mut rules = vec![rule(hosts.local.to_vec(), "ClusterLocal")];
    rules.extend(hosts.external.iter().map(|host| rule(vec![host.clone()], "ExternalIP")));
    rules
}

fn paths(route: &Route, traffic: Traffic<'_>, tag: &str, by_header: bool) -> Vec<HttpIngressPath> {
    let Traffic { assigned, rollout } = traffic;
    let namespace = route.metadata.namespace.as_deref().unwrap_or_default();
    let path = |splits: &[(&str, i64)]| HttpIngressPath {
        splits: splits.iter().map(|(revision, percent)| split(namespace, revision, *percent)).collect(),
        ..HttpIngressPath::default()
    };
    if !tag.is_empty() {
        let mut path = path(&assigned.tagged(tag, rollout));
        if by_header {
            path.append_headers = BTreeMap::from([(meta::written(header::TAG), tag.to_owned())]);
        }
        return vec![path];
    }
    let mut default = path(&assigned.split(rollout));
    if !by_header {
        return vec![default];
    }
    default.append_headers = BTreeMap::from([(meta::written(header::DEFAULT_ROUTE), "true".to_owned())]);
    let tagged = assigned.tags().into_iter().map(|tag| {
        let mut path = path(&assigned.tagged(tag, rollout));
        path.headers = BTreeMap::from([(meta::written(header::TAG), HeaderMatch { exact: tag.to_owned() })]);
        path
    });
    tagged.chain([default.clone()]).collect()
}

fn split(namespace: &str, revision: &str, percent: i64) -> IngressBackendSplit {
    IngressBackendSplit {
        service_namespace: namespace.to_owned(),
        service_name: revision.to_owned(),
        service_port: IntOrString::Int(BACKEND_PORT),
        percent,
        append_headers: BTreeMap::from([
            (meta::written(header::REVISION), revision.to_owned()),
            (meta::written(header::NAMESPACE), namespace.to_owned()),
        ]),
    }
}
