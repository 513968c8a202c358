//! The claim and the Ingress that a DomainMapping wants.
//!
//! This module must not resolve its reference.

use std::collections::BTreeMap;

use ebb_api::keys::{annotation, header, label};
use ebb_api::names;
use ebb_api::networking::{
    ClusterDomainClaim, ClusterDomainClaimSpec, HttpIngressPath, HttpIngressRuleValue, Ingress, IngressBackendSplit, IngressRule,
    IngressSpec, IngressTls,
};
use ebb_api::serving::DomainMapping;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::reference::Backend;
use crate::plan::Write;
use crate::settings::Settings;
use crate::{kingress, meta};

/// Port of the target's Kubernetes Service.
const BACKEND_PORT: i32 = 80;

/// The claim of the mapping's domain for its namespace. It has no owner: an object without a namespace cannot belong to one
/// that has a namespace.
pub fn claim(mapping: &DomainMapping) -> ClusterDomainClaim {
    let metadata = ObjectMeta { name: mapping.metadata.name.clone(), ..ObjectMeta::default() };
    let namespace = mapping.metadata.namespace.clone().unwrap_or_default();
    ClusterDomainClaim { metadata, spec: ClusterDomainClaimSpec { namespace } }
}

/// The name of the mapping's Ingress: the domain, shortened where that is no name.
pub fn ingress_name(mapping: &DomainMapping) -> String {
    names::child_name(meta::name_of(&mapping.metadata), "")
}

/// The write that the Ingress needs, if any.
pub fn ingress(mapping: &DomainMapping, backend: &Backend, stored: Option<&Ingress>, settings: &Settings) -> Write {
    let wanted = wanted(mapping, backend, settings);
    let Some(stored) = stored else { return Write::create(wanted) };
    if stored.spec == wanted.spec && meta::same_meta(&stored.metadata, &wanted.metadata) {
        return Write::default();
    }
    let metadata = meta::overlaid(&stored.metadata, &wanted.metadata);
    let new_generation = stored.spec != wanted.spec;
    Write::update(Ingress { metadata, spec: wanted.spec, status: stored.status.clone() }, new_generation)
}

fn wanted(mapping: &DomainMapping, backend: &Backend, settings: &Settings) -> Ingress {
    let own = &mapping.metadata;
    let namespace = own.namespace.clone().unwrap_or_default();
    let labels = meta::with(
        meta::without(own.labels.as_ref(), |_| false),
        [(label::DOMAIN_MAPPING_UID, own.uid.clone().unwrap_or_default()), (label::DOMAIN_MAPPING_NAMESPACE, namespace.clone())],
    );
    let mut annotations = meta::without(own.annotations.as_ref(), |key| key == annotation::LAST_APPLIED);
    let http_option = kingress::http_option(&annotations, settings);
    let class = kingress::class(&annotations, settings);
    annotations.insert(annotation::INGRESS_CLASS.to_owned(), class);
    let domain = meta::name_of(own).to_owned();
    let tls = mapping.spec.tls.iter().map(|tls| IngressTls {
        hosts: vec![domain.clone()],
        secret_name: tls.secret_name.clone(),
        secret_namespace: namespace.clone(),
    });
    Ingress {
        metadata: meta::child(
            ingress_name(mapping),
            own,
            meta::owner("serving.knative.dev/v1beta1", "DomainMapping", own),
            labels,
            annotations,
        ),
        spec: IngressSpec { tls: tls.collect(), rules: vec![rule(&domain, &namespace, backend)], http_option },
        status: None,
    }
}

/// Requests go on to the target's own host, which knows the split, and the app sees the domain.
fn rule(domain: &str, namespace: &str, backend: &Backend) -> IngressRule {
    let split = IngressBackendSplit {
        service_namespace: namespace.to_owned(),
        service_name: backend.service.clone(),
        service_port: IntOrString::Int(BACKEND_PORT),
        percent: 100,
        append_headers: BTreeMap::from([(meta::written(header::ORIGINAL_HOST), domain.to_owned())]),
    };
    let path = HttpIngressPath { rewrite_host: backend.host.clone(), splits: vec![split], ..HttpIngressPath::default() };
    IngressRule {
        hosts: vec![domain.to_owned()],
        visibility: "ExternalIP".to_owned(),
        http: Some(HttpIngressRuleValue { paths: vec![path] }),
    }
}
