//! How lists and maps of the built-in kinds are merged: one line per type, sorted by name, `NAME FIELD...` with a field as
//! `JSONNAME=LIST/PATCH`. LIST is `map:KEYS`, `set` or `atomic` (behind a parenthesis when it is about a map); PATCH is
//! `STRATEGY:KEY`; either may be missing. The field `.` is the type itself.
//! Source: the field tags and markers of k8s.io/api, k8s.io/apimachinery and k8s.io/apiextensions-apiserver v0.36.

use serde_json::{Map, Value, json};

const LISTS: &str = include_str!("lists.txt");

/// Writes what is known of a type into its schema. The name is that of the schema, such as `io.k8s.api.core.v1.PodSpec`.
pub fn mark(name: &str, schema: &mut Map<String, Value>) {
    let short: Vec<&str> = name.rsplitn(4, '.').take(3).collect();
    let [kind, version, group] = short[..] else { return };
    let prefix = format!("{group}.{version}.{kind} ");
    let Some(line) = LISTS.lines().find_map(|line| line.strip_prefix(prefix.as_str())) else { return };
    for (field, how) in line.split(' ').filter_map(|field| field.split_once('=')) {
        if field == "." {
            schema.insert("x-kubernetes-map-type".into(), how.into());
        } else if let Some(Value::Object(property)) = schema.get_mut("properties").and_then(|properties| properties.get_mut(field)) {
            mark_field(property, how);
        }
    }
}

fn mark_field(property: &mut Map<String, Value>, how: &str) {
    let (list, patch) = how.split_once('/').unwrap_or((how, ""));
    let (list, keys) = list.split_once(':').unwrap_or((list, ""));
    match list.strip_prefix('(') {
        Some(kind) => drop(property.insert("x-kubernetes-map-type".into(), kind.into())),
        None if list.is_empty() => {}
        None => drop(property.insert("x-kubernetes-list-type".into(), list.into())),
    }
    if !keys.is_empty() {
        property.insert("x-kubernetes-list-map-keys".into(), json!(keys.split(',').collect::<Vec<_>>()));
    }
    let (strategy, key) = patch.split_once(':').unwrap_or((patch, ""));
    for (name, text) in [("x-kubernetes-patch-strategy", strategy), ("x-kubernetes-patch-merge-key", key)] {
        if !text.is_empty() {
            property.insert(name.into(), text.into());
        }
    }
}
