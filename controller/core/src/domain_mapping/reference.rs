//! What a DomainMapping refers to, and the host that answers for it inside.
//!
//! This module must not look anything up.

use std::sync::Arc;

use ebb_api::config::domain;
use ebb_api::duck::KReference;
use ebb_api::serving::{Route, Service};
use k8s_openapi::api::core::v1::Service as CoreService;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::meta;

/// The kinds that a domain can be mapped to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Referent {
    /// `serving.knative.dev`.
    Service,
    /// `serving.knative.dev`.
    Route,
    /// The Kubernetes kind.
    CoreService,
}

/// What a reference leads to.
#[derive(Clone, Debug)]
pub enum Target {
    /// `serving.knative.dev`.
    Service(Arc<Service>),
    /// `serving.knative.dev`.
    Route(Arc<Route>),
    /// The Kubernetes kind.
    CoreService(Arc<CoreService>),
}

/// Where requests for the domain go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backend {
    /// The target's own host inside.
    pub host: String,
    /// The first label of it: the Kubernetes Service.
    pub service: String,
}

/// The kind that is referred to, if it is one that a domain can be mapped to.
#[must_use]
pub fn referent(reference: &KReference) -> Option<Referent> {
    let version = reference.api_version.as_deref().unwrap_or_default();
    let group = version.split_once('/').map_or("", |(group, _)| group);
    match (group, reference.kind.as_str()) {
        ("serving.knative.dev", "Service") => Some(Referent::Service),
        ("serving.knative.dev", "Route") => Some(Referent::Route),
        ("", "Service") => Some(Referent::CoreService),
        _ => None,
    }
}

/// The backend of a reference from `namespace`.
///
/// # Errors
/// Why it cannot be resolved, for the author.
pub fn resolve(reference: &KReference, target: Option<&Target>, namespace: &str) -> Result<Backend, String> {
    let Some(kind) = referent(reference) else { return Err(unknown(reference)) };
    let Some(target) = target else { return Err(missing(reference, kind, namespace)) };
    let url = match target {
        Target::Service(service) => address(service.status.as_ref().and_then(|status| status.address.as_ref())),
        Target::Route(route) => address(route.status.as_ref().and_then(|status| status.address.as_ref())),
        Target::CoreService(service) => Some(of_core_service(&service.metadata)?),
    };
    backend(&url.ok_or_else(|| format!("address not set for {}", told(reference)))?, namespace)
}

fn address(address: Option<&ebb_api::duck::Addressable>) -> Option<String> {
    address?.url.clone().filter(|url| !url.is_empty())
}

/// Only what the ingress can reach: a Kubernetes Service that stands for a Route, one of its tags, or a Revision.
fn of_core_service(metadata: &ObjectMeta) -> Result<String, String> {
    let (name, namespace) = (meta::name_of(metadata), metadata.namespace.as_deref().unwrap_or_default());
    let served = meta::controller_of(metadata).is_some_and(|owner| matches!(owner.kind.as_str(), "Route" | "Revision"));
    if served {
        return Ok(format!("http://{name}.{namespace}.{}", domain::cluster_local()));
    }
    Err(format!(
        "Kubernetes Service {namespace}/{name} does not belong to a Knative Service, Route or Revision, and requests can be sent only to those"
    ))
}

fn backend(url: &str, namespace: &str) -> Result<Backend, String> {
    let (host, path) = split(url);
    if !path.trim_end_matches('/').is_empty() {
        return Err(format!("resolved URI {url:?} contains a path"));
    }
    let suffix = format!(".{}", domain::cluster_local());
    let labels = host.strip_suffix(&suffix).and_then(|rest| rest.split_once('.')).filter(|(_, rest)| !rest.contains('.'));
    let Some((service, theirs)) = labels else {
        return Err(format!("resolved URI {url:?} must be of the form {{name}}.{{namespace}}{suffix}"));
    };
    if theirs != namespace {
        return Err(format!("resolved URI {url:?} must be in same namespace as DomainMapping"));
    }
    Ok(Backend { host: host.to_owned(), service: service.to_owned() })
}

fn split(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or((rest, ""), |at| rest.split_at(at))
}

fn unknown(reference: &KReference) -> String {
    let version = reference.api_version.as_deref().unwrap_or_default();
    format!(
        "a {} of {version} cannot be resolved; a domain can be mapped to a Service or Route of serving.knative.dev/v1, or to a Service of v1",
        reference.kind
    )
}

fn missing(reference: &KReference, kind: Referent, namespace: &str) -> String {
    let resource = match kind {
        Referent::Service => "services.serving.knative.dev",
        Referent::Route => "routes.serving.knative.dev",
        Referent::CoreService => "services",
    };
    let name = &reference.name;
    format!("failed to get object {namespace}/{name}: {resource} {name:?} not found")
}

/// As Knative prints a reference.
fn told(reference: &KReference) -> String {
    let text = |value: &'_ Option<String>| value.clone().unwrap_or_default();
    format!(
        "Kind = {}, Namespace = {}, Name = {}, APIVersion = {}, Group = {}, Address = {}",
        reference.kind,
        text(&reference.namespace),
        reference.name,
        text(&reference.api_version),
        text(&reference.group),
        text(&reference.address),
    )
}
