//! The Deployment, the PodAutoscaler and the Kubernetes Service that a Revision wants.
//!
//! This module must not build pods; `pod` does.

use std::collections::BTreeMap;

use ebb_api::annotations::{Keys, autoscaling};
use ebb_api::autoscaling::{PodAutoscaler, PodAutoscalerSpec, ScaleTargetRef};
use ebb_api::conditions::{Conditioned, kind};
use ebb_api::duration::GoDuration;
use ebb_api::keys::{USER_PORT_NAME, annotation, label};
use ebb_api::names;
use ebb_api::serving::{Revision, RevisionStatus};
use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment};
use k8s_openapi::api::core::v1::{Service as CoreService, ServicePort, ServiceSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, OwnerReference};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::pod;
use crate::container::{Protocol, protocol_of};
use crate::meta::{self, Words};
use crate::plan::Apply;
use crate::same::covers;
use crate::settings::Settings;

/// The write that the Deployment needs, if any. Replicas are set at birth and then left to the autoscaler.
pub fn deployment(revision: &Revision, stored: Option<&Deployment>, settings: &Settings) -> Option<Apply> {
    let mut wanted = wanted_deployment(revision, settings);
    let Some(stored) = stored else { return Some(Apply::Create(wanted.into())) };
    wanted.spec.replicas = stored.spec.replicas;
    // A selector cannot be changed.
    wanted.spec.selector = stored.spec.selector.clone();
    if covers(&stored.spec, &wanted.spec) && meta::same_words(stored.metadata.labels.as_ref(), wanted.metadata.labels.as_ref()) {
        return None;
    }
    let metadata = with_labels_of(&stored.metadata, &wanted.metadata);
    Some(Apply::Update(Deployment { metadata, spec: wanted.spec, status: stored.status.clone() }.into()))
}

/// What admission writes onto a PodAutoscaler that says nothing about it. It stays as it was at birth, also when the
/// cluster's defaults change.
const FILLED_IN: [Keys; 2] = [autoscaling::CLASS, autoscaling::METRIC];

/// The write that the PodAutoscaler needs, if any. Autoscaling annotations follow the Revision's while it lives.
pub fn pod_autoscaler(revision: &Revision, status: &RevisionStatus, stored: Option<&PodAutoscaler>) -> Option<Apply> {
    let mut wanted = wanted_pod_autoscaler(revision, status);
    let Some(stored) = stored else { return Some(Apply::Create(wanted.into())) };
    let follows = |key: &str| key.starts_with(annotation::AUTOSCALING_PREFIX) && !FILLED_IN.iter().any(|filled| filled.key() == key);
    let mut annotations = meta::without(stored.metadata.annotations.as_ref(), follows);
    annotations.extend(wanted.metadata.annotations.take().unwrap_or_default());
    wanted.metadata.annotations = Some(annotations);
    if stored.spec == wanted.spec && meta::same_meta(&stored.metadata, &wanted.metadata) {
        return None;
    }
    let metadata = meta::overlaid(&stored.metadata, &wanted.metadata);
    Some(Apply::Update(PodAutoscaler { metadata, spec: wanted.spec, status: stored.status.clone() }.into()))
}

/// The write that the Kubernetes Service needs, if any.
pub fn service(revision: &Revision, stored: Option<&CoreService>) -> Option<Apply> {
    let wanted = wanted_service(revision);
    let Some(stored) = stored else { return Some(Apply::Create(wanted.into())) };
    if covers(&stored.spec, &wanted.spec) && meta::same_words(stored.metadata.labels.as_ref(), wanted.metadata.labels.as_ref()) {
        return None;
    }
    let metadata = with_labels_of(&stored.metadata, &wanted.metadata);
    let mut spec = stored.spec.clone().unwrap_or_default();
    if let Some(wanted) = wanted.spec {
        spec.ports = wanted.ports;
        spec.selector = wanted.selector;
    }
    Some(Apply::Update(CoreService { metadata, spec: Some(spec), status: stored.status.clone() }.into()))
}

/// Annotations of built-in kinds are written by their controllers too, so they are left as they are.
fn with_labels_of(stored: &ObjectMeta, wanted: &ObjectMeta) -> ObjectMeta {
    ObjectMeta { labels: wanted.labels.clone(), ..stored.clone() }
}

fn wanted_deployment(revision: &Revision, settings: &Settings) -> Deployment {
    let name = names::deployment_name(meta::name_of(&revision.metadata));
    let spec = DeploymentSpec {
        replicas: Some(initial_scale(revision, settings)),
        selector: LabelSelector { match_labels: Some(uid_selector(revision)), match_expressions: None },
        strategy: Some(DeploymentStrategy {
            type_: Some("RollingUpdate".to_owned()),
            // Never a pod less than wanted; how many more is Kubernetes' default.
            rolling_update: Some(RollingUpdateDeployment { max_unavailable: Some(IntOrString::Int(0)), max_surge: None }),
        }),
        revision_history_limit: Some(0),
        progress_deadline_seconds: Some(progress_deadline_seconds(revision, settings)),
        template: pod::template(revision, settings),
        ..DeploymentSpec::default()
    };
    let annotations = pod::annotations(revision);
    let metadata = meta::child(name, &revision.metadata, owner(revision), pod::labels(revision), annotations);
    Deployment { metadata, spec, status: None }
}

fn wanted_pod_autoscaler(revision: &Revision, status: &RevisionStatus) -> PodAutoscaler {
    let name = meta::name_of(&revision.metadata);
    let annotations = meta::without(revision.metadata.annotations.as_ref(), |key| !key.starts_with(annotation::AUTOSCALING_PREFIX));
    let spec = PodAutoscalerSpec {
        container_concurrency: revision.spec.container_concurrency.unwrap_or(0),
        scale_target_ref: ScaleTargetRef {
            api_version: "apps/v1".to_owned(),
            kind: "Deployment".to_owned(),
            name: names::deployment_name(name),
        },
        reachability: reachability(revision, status).to_owned(),
        protocol_type: protocol_of(revision).as_str().to_owned(),
    };
    let metadata = meta::child(name.to_owned(), &revision.metadata, owner(revision), pod::labels(revision), annotations);
    PodAutoscaler { metadata, spec, status: None }
}

/// A Revision that nobody routes to, or whose pods cannot be had, must not be kept at its min-scale.
fn reachability(revision: &Revision, status: &RevisionStatus) -> &'static str {
    if status.is_false(kind::RESOURCES_AVAILABLE) && status.actual_replicas.unwrap_or(0) == 0 {
        return "Unreachable";
    }
    match meta::label_of(&revision.metadata, label::ROUTING_STATE) {
        "active" => "Reachable",
        "reserve" => "Unreachable",
        _ => "",
    }
}

fn wanted_service(revision: &Revision) -> CoreService {
    let name = meta::name_of(&revision.metadata).to_owned();
    let (port_name, app_protocol) = match protocol_of(revision) {
        Protocol::Http1 => ("http", None),
        Protocol::H2c => ("http2", Some("kubernetes.io/h2c".to_owned())),
    };
    let port = ServicePort {
        name: Some(port_name.to_owned()),
        port: 80,
        protocol: Some("TCP".to_owned()),
        app_protocol,
        target_port: Some(IntOrString::String(USER_PORT_NAME.to_owned())),
        ..ServicePort::default()
    };
    let spec = ServiceSpec { ports: Some(vec![port]), selector: Some(uid_selector(revision)), ..ServiceSpec::default() };
    let metadata = meta::child(name, &revision.metadata, owner(revision), pod::labels(revision), Words::new());
    CoreService { metadata, spec: Some(spec), status: None }
}

fn uid_selector(revision: &Revision) -> BTreeMap<String, String> {
    let uid = revision.metadata.uid.clone().unwrap_or_default();
    BTreeMap::from([(label::REVISION_UID.to_owned(), uid)])
}

/// The annotation or the cluster's value, and never below min-scale. Zero only where the cluster allows it.
fn initial_scale(revision: &Revision, settings: &Settings) -> i32 {
    let config = &settings.config.autoscaler;
    let initial = scale_annotation(revision, "initial-scale", "initialScale").unwrap_or(config.initial_scale);
    let initial = if initial == 0 && !config.allow_zero_initial_scale { 1 } else { initial };
    let min = scale_annotation(revision, "min-scale", "minScale").unwrap_or(config.min_scale);
    initial.max(min).max(0)
}

fn scale_annotation(revision: &Revision, key: &str, alias: &str) -> Option<i32> {
    let read = |key: &str| meta::annotation_of(&revision.metadata, &format!("{}{key}", annotation::AUTOSCALING_PREFIX)).parse().ok();
    read(key).or_else(|| read(alias))
}

fn progress_deadline_seconds(revision: &Revision, settings: &Settings) -> i32 {
    let annotated = meta::annotation_of(&revision.metadata, annotation::PROGRESS_DEADLINE).parse::<GoDuration>().ok();
    let deadline = annotated.map_or(settings.config.deployment.progress_deadline, GoDuration::to_std);
    i32::try_from(deadline.as_secs()).unwrap_or(i32::MAX)
}

fn owner(revision: &Revision) -> OwnerReference {
    meta::owner("serving.knative.dev/v1", "Revision", &revision.metadata)
}
