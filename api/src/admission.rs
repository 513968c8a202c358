//! Admission: the one door through which every write of a serving object or system ConfigMap goes. It makes the object
//! typed, fills in defaults, checks it, and gives back what is to be stored.
//!
//! What the author wrote and our types do not know is kept as it was: defaults are carried over into the author's JSON.
//! This module must not know the API server, nor read ConfigMaps itself. Source: knative.dev/pkg `webhook`.

use std::borrow::Cow;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::autoscaling::PodAutoscaler;
use crate::change::{Change, Context};
use crate::config::Snapshots;
use crate::defaulting::Defaulted;
use crate::keys::SYSTEM_NAMESPACE;
use crate::networking::Ingress;
use crate::serving::{Configuration, DomainMapping, Revision, Route, Service};
use crate::validation::Validated;

mod carry;
mod config_map;
mod quantities;
mod tidy;

/// What is about to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// A new object.
    Create,
    /// Another version of a stored object, by PUT or PATCH.
    Update,
    /// A stored object goes.
    Delete,
}

/// A write that waits for permission.
#[derive(Clone, Copy, Debug)]
pub struct AdmissionRequest<'a> {
    /// What is about to happen.
    pub operation: Operation,
    /// API group, empty for core.
    pub group: &'a str,
    /// API version without the group.
    pub version: &'a str,
    /// Kind.
    pub kind: &'a str,
    /// Plural name of the kind.
    pub resource: &'a str,
    /// `status` or `scale`, when the write is to a subresource.
    pub subresource: Option<&'a str>,
    /// Namespace, empty for kinds without.
    pub namespace: &'a str,
    /// Name; empty when the server is to make one.
    pub name: &'a str,
    /// Name of the user who asks.
    pub user: &'a str,
    /// The object as it would be stored; `None` on delete.
    pub object: Option<&'a Value>,
    /// The object as it is stored; `None` on create.
    pub old: Option<&'a Value>,
    /// Whether nothing will be stored.
    pub dry_run: bool,
}

/// Lets a write pass, changed or not, or refuses it. The first of a pass is the object to store (on delete the stored
/// one), the second are the warnings for its author.
///
/// Kinds that are none of ours and subresources pass as they are.
///
/// # Errors
/// The message for the author. It is his fault, and the answer's HTTP status is 400.
pub fn admit(request: AdmissionRequest<'_>, configs: &Snapshots) -> Result<(Value, Vec<String>), String> {
    let object = match request.operation {
        Operation::Delete => return Ok((request.old.or(request.object).cloned().unwrap_or_default(), Vec::new())),
        Operation::Create | Operation::Update => {
            request.object.ok_or_else(|| denied(MUTATING, "mutation failed", "the new object may not be nil"))?
        }
    };
    if request.subresource.is_some() {
        return Ok((object.clone(), Vec::new()));
    }
    match (request.group, request.resource) {
        ("serving.knative.dev", "services") => admit_as::<Service>(request, object, configs),
        ("serving.knative.dev", "configurations") => admit_as::<Configuration>(request, object, configs),
        ("serving.knative.dev", "revisions") => admit_as::<Revision>(request, object, configs),
        ("serving.knative.dev", "routes") => admit_as::<Route>(request, object, configs),
        ("serving.knative.dev", "domainmappings") => admit_as::<DomainMapping>(request, object, configs),
        ("autoscaling.internal.knative.dev", "podautoscalers") => admit_as::<PodAutoscaler>(request, object, configs),
        ("networking.internal.knative.dev", "ingresses") => admit_as::<Ingress>(request, object, configs),
        ("", "configmaps") if request.namespace == SYSTEM_NAMESPACE => {
            config_map::check(object).map_err(|why| denied(CONFIG, "validation failed", why))?;
            Ok((object.clone(), Vec::new()))
        }
        _ => Ok((object.clone(), Vec::new())),
    }
}

/// Whether [`admit`] may change or refuse writes of this kind; all others need not be asked about.
#[must_use]
pub fn is_ours(group: &str, resource: &str) -> bool {
    let serving = ["services", "configurations", "revisions", "routes", "domainmappings"];
    match group {
        "" => resource == "configmaps",
        "serving.knative.dev" => serving.contains(&resource),
        "autoscaling.internal.knative.dev" => resource == "podautoscalers",
        "networking.internal.knative.dev" => resource == "ingresses",
        _ => false,
    }
}

const MUTATING: &str = "webhook.serving.knative.dev";
const VALIDATING: &str = "validation.webhook.serving.knative.dev";
const CONFIG: &str = "config.webhook.serving.knative.dev";

fn denied(webhook: &str, step: &str, why: impl std::fmt::Display) -> String {
    format!("admission webhook \"{webhook}\" denied the request: {step}: {why}")
}

fn admit_as<K>(request: AdmissionRequest<'_>, object: &Value, configs: &Snapshots) -> Result<(Value, Vec<String>), String>
where
    K: Defaulted + Validated + Clone + Serialize + DeserializeOwned,
{
    let failed = |which: &str, why: String| denied(MUTATING, "mutation failed", format!("cannot decode incoming {which} object: {why}"));
    let (object, written) = decode::<K>(object).map_err(|why| failed("new", why))?;
    let old = match (request.operation, request.old) {
        (Operation::Update, Some(old)) => Some(decode::<K>(old).map_err(|why| failed("old", why))?.1),
        _ => None,
    };
    let defaulted = with_defaults(&written, old.as_ref(), request.user, configs);
    let change = old.as_ref().map_or(Change::Create, |old| Change::Update { old });
    let problems = defaulted.validate(&Context { configs, user: request.user, change });
    if let Some(refusal) = problems.refusal() {
        return Err(denied(VALIDATING, "validation failed", refusal));
    }
    let stored = carry::defaults(object.into_owned(), &written, &defaulted).map_err(|why| failed("new", why.to_string()))?;
    Ok((stored, problems.warnings()))
}

/// The author's JSON, tidied, and what it means.
fn decode<K: DeserializeOwned>(object: &Value) -> Result<(Cow<'_, Value>, K), String> {
    let mut object = tidy::tidy(object);
    if let Cow::Owned(texts) = quantities::as_text(&object)? {
        object = Cow::Owned(texts);
    }
    let typed = serde_path_to_error::deserialize(&*object).map_err(|why| format!("{}: {}", why.path(), why.inner()))?;
    Ok((object, typed))
}

/// The object with its defaults. The old version is brought up to today's defaults first, so that a default that
/// changed does not look like a change by the author.
fn with_defaults<K: Defaulted + Clone>(written: &K, old: Option<&K>, user: &str, configs: &Snapshots) -> K {
    let old = old.map(|old| {
        let mut old = old.clone();
        old.set_defaults(Context { configs, user, change: Change::Stored });
        old
    });
    let change = old.as_ref().map_or(Change::Create, |old| Change::Update { old });
    let mut defaulted = written.clone();
    defaulted.set_defaults(Context { configs, user, change });
    defaulted
}

#[cfg(test)]
pub(crate) mod tests;
