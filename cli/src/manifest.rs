//! Text that people wrote, as YAML or JSON, becomes objects.
//!
//! This module must not read files.

use anyhow::{Context as _, Result, anyhow, bail};
use ebb_api::serving::{Revision, Service};
use k8s_openapi::api::core::v1::{Container, PodSpec};
use serde::Deserialize;
use serde_json::Value;

use crate::edit::Profile;

/// The first document of a text; the rest is ignored, as kn does.
fn first_document(text: &str) -> Result<Value> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).map_err(|why| anyhow!("{why}")).context("it is neither YAML nor JSON")?;
    documents.into_iter().find(|document| !document.is_null()).ok_or_else(|| anyhow!("it is empty"))
}

fn typed<T: for<'de> Deserialize<'de>>(value: Value, kind: &str) -> Result<T> {
    match value.get("kind").and_then(Value::as_str) {
        Some(other) if other != kind => bail!("it holds a {other}, not a {kind}"),
        _ => serde_json::from_value(value).with_context(|| format!("it is no valid {kind}")),
    }
}

/// A Service.
///
/// # Errors
/// When the text is no Service.
pub fn service(text: &str) -> Result<Service> {
    typed(with_fields(first_document(text)?, &["metadata", "spec"]), "Service")
}

/// Objects may leave out what is empty.
fn with_fields(mut value: Value, fields: &[&str]) -> Value {
    if let Some(map) = value.as_object_mut() {
        for field in fields {
            map.entry(*field).or_insert_with(|| Value::Object(serde_json::Map::new()));
        }
    }
    value
}

/// The containers of a pod's spec, or of nothing at all.
///
/// # Errors
/// When the text is no pod's spec.
pub fn containers(text: &str) -> Result<Vec<Container>> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let pod: PodSpec = serde_json::from_value(first_document(text)?).context("it is no list of containers")?;
    Ok(pod.containers)
}

/// What `service export` wrote.
#[derive(Clone, Debug, PartialEq)]
pub struct Export {
    /// The Service.
    pub service: Service,
    /// Older Revisions.
    pub revisions: Vec<Revision>,
}

/// An export.
///
/// # Errors
/// When the text is something else.
pub fn export(text: &str) -> Result<Export> {
    let foreign =
        || anyhow!("provided import file doesn't contain service name, please note that only kn's custom export format is supported");
    let mut document = first_document(text)?;
    let spec = document.get_mut("spec").map(Value::take).ok_or_else(foreign)?;
    let service = spec.get("service").cloned().filter(Value::is_object).ok_or_else(foreign)?;
    let service: Service = typed(with_fields(service, &["metadata", "spec"]), "Service")?;
    if service.metadata.name.as_deref().unwrap_or_default().is_empty() {
        return Err(foreign());
    }
    let revisions = spec.get("revisions").and_then(Value::as_array).cloned().unwrap_or_default();
    let revisions = revisions.into_iter().map(|revision| typed(revision, "Revision")).collect::<Result<_>>()?;
    Ok(Export { service, revisions })
}

/// The configuration file; one that holds only comments is empty.
fn configuration(text: &str) -> Result<Value> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).map_err(|why| anyhow!("{why}")).context("it is neither YAML nor JSON")?;
    Ok(documents.into_iter().find(|document| !document.is_null()).unwrap_or_default())
}

/// The plugins directory that the configuration file names, in its present or its former place.
///
/// # Errors
/// When the text is no configuration.
pub fn plugins_directory(text: &str) -> Result<Option<String>> {
    let document = configuration(text)?;
    let named = document.pointer("/plugins/directory").or_else(|| document.get("plugins-dir"));
    Ok(named.and_then(Value::as_str).map(str::to_owned))
}

/// A profile of the configuration file; an empty one if it is not there.
///
/// # Errors
/// When the text is no configuration.
pub fn profile(text: &str, name: &str) -> Result<Profile> {
    let document = configuration(text)?;
    let pairs = |what: &str| {
        let list = document.pointer(&format!("/profiles/{name}/{what}")).and_then(Value::as_array).cloned().unwrap_or_default();
        let text = |pair: &Value, key: &str| pair.get(key).and_then(Value::as_str).map(str::to_owned);
        list.iter().filter_map(|pair| Some((text(pair, "name")?, text(pair, "value").unwrap_or_default()))).collect()
    };
    Ok(Profile { annotations: pairs("annotations"), labels: pairs("labels") })
}

#[cfg(test)]
mod tests;
