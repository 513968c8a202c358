//! `service export`: a Service and its Revisions without what only the server that holds them can know.
//!
//! This module must not fetch anything.

use anyhow::{Result, bail};
use ebb_api::keys::{annotation, label};
use ebb_api::serving::{Revision, Service};
use kube::ResourceExt;
use kube::api::ObjectMeta;
use serde_json::{Value, json};

use crate::edit::image::UPDATE_TIMESTAMP;
use crate::print::{list, object};

/// Annotations of a Service that stay behind.
const SERVICE_ANNOTATIONS: [&str; 3] = [annotation::CREATOR, annotation::LAST_MODIFIER, annotation::LAST_APPLIED];
/// Annotations of Revisions and templates that stay behind.
const REVISION_ANNOTATIONS: [&str; 4] =
    ["serving.knative.dev/lastPinned", annotation::CREATOR, annotation::ROUTING_STATE_MODIFIED, UPDATE_TIMESTAMP];
/// Labels that stay behind: they name objects by UID.
const LABELS: [&str; 2] = [label::CONFIGURATION_UID, label::SERVICE_UID];

/// For `service import`: one object with the Service and the older Revisions that get traffic.
///
/// # Errors
/// When Revisions are wanted and there are none.
pub fn for_import(service: &Service, revisions: Option<Vec<Revision>>) -> Result<Value> {
    let many = revisions.as_ref().is_some_and(|revisions| revisions.len() > 1);
    let older = routed(service, revisions)?;
    let exported = older.iter().map(|revision| object::value(&bare_revision(revision))).collect::<Result<Vec<_>>>()?;
    Ok(json!({
        "apiVersion": "client.knative.dev/v1alpha1",
        "kind": "Export",
        "metadata": {},
        "spec": {"service": object::value(&bare_service(service, many))?, "revisions": exported},
    }))
}

/// For `kubectl apply`: Services that make the same Revisions when they are applied one after the other, or just the
/// Service if no Revisions are wanted.
///
/// # Errors
/// When Revisions are wanted and there are none.
pub fn for_replay(service: &Service, revisions: Option<Vec<Revision>>) -> Result<Value> {
    let Some(revisions) = revisions else { return object::value(&bare_service(service, false)) };
    let many = revisions.len() > 1;
    let mut items = Vec::new();
    for revision in routed(service, Some(revisions))? {
        items.push(object::value(&as_service(service, &revision))?);
    }
    items.push(object::value(&bare_service(service, many))?);
    Ok(json!({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {}}))
}

/// The Revisions that the traffic names, oldest first, without the one that the template makes.
fn routed(service: &Service, revisions: Option<Vec<Revision>>) -> Result<Vec<Revision>> {
    let Some(mut revisions) = revisions else { return Ok(Vec::new()) };
    if revisions.is_empty() {
        bail!("no revisions found for the service {}", service.name_any());
    }
    revisions.sort_by_key(|revision| list::generation(revision).unwrap_or(0));
    let template_name = service.spec.template.metadata.name.clone().unwrap_or_default();
    revisions.retain(|revision| {
        let name = revision.name_any();
        name != template_name && service.spec.traffic.iter().any(|target| target.revision_name == name)
    });
    Ok(revisions)
}

/// Only what a user could have written.
fn bare_meta(meta: &ObjectMeta, annotations: &[&str]) -> ObjectMeta {
    let mut bare =
        ObjectMeta { name: meta.name.clone(), labels: meta.labels.clone(), annotations: meta.annotations.clone(), ..ObjectMeta::default() };
    if let Some(kept) = &mut bare.annotations {
        kept.retain(|key, _| !annotations.contains(&key.as_str()));
    }
    if let Some(kept) = &mut bare.labels {
        kept.retain(|key, _| !LABELS.contains(&key.as_str()));
    }
    bare.annotations.take_if(|kept| kept.is_empty());
    bare.labels.take_if(|kept| kept.is_empty());
    bare
}

fn bare_service(service: &Service, with_traffic: bool) -> Service {
    let mut bare = Service { metadata: bare_meta(&service.metadata, &SERVICE_ANNOTATIONS), spec: service.spec.clone(), status: None };
    bare.spec.template.metadata = bare_meta(&service.spec.template.metadata, &REVISION_ANNOTATIONS);
    if !with_traffic {
        bare.spec.traffic.clear();
    }
    bare
}

fn bare_revision(revision: &Revision) -> Revision {
    Revision { metadata: bare_meta(&revision.metadata, &REVISION_ANNOTATIONS), spec: revision.spec.clone(), status: None }
}

/// A Service whose template makes that Revision again, under its name.
fn as_service(service: &Service, revision: &Revision) -> Service {
    let mut copy = bare_service(service, false);
    copy.spec.template.spec = revision.spec.clone();
    copy.spec.template.metadata.name = Some(revision.name_any());
    copy.spec.template.metadata.annotations = bare_meta(&revision.metadata, &REVISION_ANNOTATIONS).annotations;
    copy
}

#[cfg(test)]
mod tests;
