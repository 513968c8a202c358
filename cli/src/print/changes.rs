//! `service diff`: what differs between two objects, one line for each value.
//!
//! Items of lists that have a name are compared by it, others by their place. This module must not fetch anything.

use std::collections::BTreeMap;

use serde_json::Value;

use super::style::Colours;

/// Annotations and labels that change with every revision and say nothing about it.
const NOISE: [&str; 10] = [
    "client.knative.dev/updateTimestamp",
    "serving.knative.dev/creator",
    "serving.knative.dev/lastModifier",
    "serving.knative.dev/routingStateModified",
    "serving.knative.dev/routingState",
    "serving.knative.dev/routes",
    "serving.knative.dev/configurationGeneration",
    "serving.knative.dev/configurationUID",
    "serving.knative.dev/serviceUID",
    "kubectl.kubernetes.io/last-applied-configuration",
];

/// What differs, as lines; nothing if nothing does.
#[must_use]
pub fn lines(from: &Value, to: &Value, colours: Colours) -> Vec<String> {
    let (old, new) = (flat(from), flat(to));
    let mut paths: Vec<&String> = old.keys().chain(new.keys()).collect();
    paths.sort();
    paths.dedup();
    let line = |path: &String| match (old.get(path), new.get(path)) {
        (Some(old), Some(new)) if old == new => None,
        (Some(old), Some(new)) => Some(colours.other(&format!("~ {path}: {old} → {new}"))),
        (None, Some(new)) => Some(colours.good(&format!("+ {path}: {new}"))),
        (Some(old), None) => Some(colours.bad(&format!("- {path}: {old}"))),
        (None, None) => None,
    };
    paths.into_iter().filter_map(line).collect()
}

fn flat(value: &Value) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    walk(String::new(), value, &mut out);
    out
}

fn walk(path: String, value: &Value, out: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map.iter().filter(|(key, _)| !NOISE.contains(&key.as_str())) {
                let plain = key.chars().all(|c| c.is_alphanumeric() || c == '_');
                let dot = if path.is_empty() { "" } else { "." };
                walk(if plain { format!("{path}{dot}{key}") } else { format!("{path}[{key}]") }, value, out);
            }
        }
        // Words of a command are read together.
        Value::Array(items) if !items.is_empty() && items.iter().all(Value::is_string) => {
            let words: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            out.insert(path, words.join(" "));
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let name =
                    ["name", "revisionName", "mountPath"].iter().find_map(|key| item.get(key)?.as_str()).filter(|name| !name.is_empty());
                walk(format!("{path}[{}]", name.map_or_else(|| index.to_string(), str::to_owned)), item, out);
            }
        }
        Value::Null => {}
        Value::String(text) => drop(out.insert(path, text.clone())),
        other => drop(out.insert(path, other.to_string())),
    }
}

#[cfg(test)]
mod tests;
