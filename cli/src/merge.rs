//! The three-way merge of `service apply`: what was applied last, what is applied now, and what the server has.
//!
//! This module must not know what it merges, except for how a Service is made comparable.

use anyhow::{Context as _, Result};
use ebb_api::keys::annotation::LAST_APPLIED;
use ebb_api::serving::Service;
use serde_json::{Map, Value};

use crate::print::object;

/// The merge patch that brings the server's state to the one declared now: what is declared is set, what was declared
/// before and is no more is taken away, the rest is left alone.
#[must_use]
pub fn three_way(last: Option<&Value>, declared: &Value, current: &Value) -> Value {
    let mut patch = changes(current, declared);
    if let Some(last) = last {
        overlay(&mut patch, removals(last, declared));
    }
    Value::Object(patch)
}

/// What must be set in `from` so that it has everything of `to`. Lists are values.
fn changes(from: &Value, to: &Value) -> Map<String, Value> {
    let empty = Map::new();
    let (from, to) = (from.as_object().unwrap_or(&empty), to.as_object().unwrap_or(&empty));
    let mut patch = Map::new();
    for (key, wanted) in to {
        match from.get(key) {
            Some(known) if known == wanted => {}
            Some(known) if known.is_object() && wanted.is_object() => {
                let inner = changes(known, wanted);
                if !inner.is_empty() {
                    patch.insert(key.clone(), Value::Object(inner));
                }
            }
            _ if wanted.is_null() => {}
            _ => {
                patch.insert(key.clone(), wanted.clone());
            }
        }
    }
    patch
}

/// What `from` has and `to` has not, as nulls.
fn removals(from: &Value, to: &Value) -> Map<String, Value> {
    let empty = Map::new();
    let (from, to) = (from.as_object().unwrap_or(&empty), to.as_object().unwrap_or(&empty));
    let mut patch = Map::new();
    for (key, known) in from {
        match to.get(key) {
            None => {
                patch.insert(key.clone(), Value::Null);
            }
            Some(wanted) => {
                let inner = removals(known, wanted);
                if !inner.is_empty() {
                    patch.insert(key.clone(), Value::Object(inner));
                }
            }
        }
    }
    patch
}

fn overlay(under: &mut Map<String, Value>, over: Map<String, Value>) {
    for (key, value) in over {
        match (under.get_mut(&key), value) {
            (Some(Value::Object(under)), Value::Object(over)) => overlay(under, over),
            (_, value) => {
                under.insert(key, value);
            }
        }
    }
}

/// A Service as it is compared: without status, creation times, and what the server fills into the container.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn comparable(service: &Service) -> Result<Value> {
    let mut value = object::value(service)?;
    if let Some(whole) = value.as_object_mut() {
        whole.remove("status");
    }
    for pointer in ["/metadata", "/spec/template/metadata"] {
        if let Some(meta) = value.pointer_mut(pointer).and_then(Value::as_object_mut) {
            meta.remove("creationTimestamp");
        }
    }
    if let Some(container) = value.pointer_mut("/spec/template/spec/containers/0").and_then(Value::as_object_mut) {
        container.retain(|key, value| {
            let given_name = key == "name" && value != "";
            let no_resources = key == "resources" && value.as_object().is_some_and(Map::is_empty);
            !given_name && !no_resources
        });
    }
    Ok(value)
}

/// The declared Service, with the annotation that remembers the declaration.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn remembering(service: &Service) -> Result<Service> {
    let mut service = service.clone();
    if let Some(annotations) = &mut service.metadata.annotations {
        annotations.remove(LAST_APPLIED);
    }
    let text = comparable(&service)?.to_string();
    service.metadata.annotations.get_or_insert_default().insert(LAST_APPLIED.to_owned(), text);
    Ok(service)
}

/// What was applied last.
///
/// # Errors
/// When the annotation that remembers it is no JSON.
pub fn last_applied(service: &Service) -> Result<Option<Value>> {
    let text = service.metadata.annotations.as_ref().and_then(|annotations| annotations.get(LAST_APPLIED));
    text.map(|text| serde_json::from_str(text).with_context(|| format!("the annotation {LAST_APPLIED} is no JSON"))).transpose()
}

#[cfg(test)]
mod tests;
