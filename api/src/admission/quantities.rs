//! Quantities may be written as numbers (`cpu: 1`); the types know them as text only.
//!
//! This module must not know kinds: it looks for the names of fields that hold quantities.

use std::borrow::Cow;

use serde_json::Value;

use crate::quantity::Quantity;

/// Maps whose values are quantities.
const MAPS: [&str; 3] = ["limits", "requests", "overhead"];
/// Fields that are quantities.
const FIELDS: [&str; 2] = ["sizeLimit", "divisor"];
/// Where a pod spec can be.
const PODS: [&str; 2] = ["/spec/template/spec", "/spec"];

/// The object with every quantity of its pod as text.
///
/// # Errors
/// Kubernetes' message for text that is no quantity.
pub(super) fn as_text(object: &Value) -> Result<Cow<'_, Value>, String> {
    let mut object = Cow::Borrowed(object);
    for pod in PODS {
        for part in ["containers", "initContainers", "volumes"] {
            let pointer = format!("{pod}/{part}");
            if object.pointer(&pointer).is_some_and(has_number) {
                object.to_mut().pointer_mut(&pointer).into_iter().for_each(write_as_text);
            }
            object.pointer(&pointer).map_or(Ok(()), check).map_err(|why| format!("{}.{why}", dotted(&pointer)))?;
        }
    }
    Ok(object)
}

fn has_number(value: &Value) -> bool {
    let mut found = false;
    visit(value, &mut |_, quantity| found |= quantity.is_number());
    found
}

fn check(value: &Value) -> Result<(), String> {
    let mut outcome = Ok(());
    visit(value, &mut |name, quantity| {
        if let Some(Err(why)) = quantity.as_str().map(str::parse::<Quantity>) {
            outcome = Err(format!("{name}: {why}: {quantity}"));
        }
    });
    outcome
}

/// `/spec/containers` as `spec.containers`.
fn dotted(pointer: &str) -> String {
    pointer.trim_start_matches('/').replace('/', ".")
}

fn visit(value: &Value, quantity: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| visit(value, quantity)),
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::Object(amounts) if MAPS.contains(&key.as_str()) => {
                        amounts.iter().for_each(|(name, value)| quantity(name, value))
                    }
                    value if FIELDS.contains(&key.as_str()) => quantity(key, value),
                    value => visit(value, quantity),
                }
            }
        }
        _ => {}
    }
}

fn write_as_text(value: &mut Value) {
    let number_to_text = |value: &mut Value| {
        if let Value::Number(number) = value {
            *value = Value::String(number.to_string());
        }
    };
    match value {
        Value::Array(list) => list.iter_mut().for_each(write_as_text),
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::Object(amounts) if MAPS.contains(&key.as_str()) => amounts.values_mut().for_each(number_to_text),
                    value if FIELDS.contains(&key.as_str()) => number_to_text(value),
                    value => write_as_text(value),
                }
            }
        }
        _ => {}
    }
}
