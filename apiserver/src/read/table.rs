//! Tables: what `kubectl get` prints. Source: "Receiving resources as Tables" in Kubernetes' documentation.

use serde_json::{Value, json};

use super::{RowObject, metadata_only};
use crate::clock;
use crate::kinds::{Cell, Column, Version};
use crate::value;

/// A table of one object.
pub fn of(version: &Version, resource_version: &str, row: Value) -> Value {
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": resource_version},
        "columnDefinitions": definitions(version), "rows": [row],
    })
}

/// The columns of a version, as tables begin with them.
pub fn definitions(version: &Version) -> Vec<Value> {
    let name = definition("Name", "string", "name", "Name must be unique within a namespace.", 0);
    let fallback = [super::columns::age()];
    let others = columns(version, &fallback).iter();
    let others = others.map(|column| definition(&column.name, &column.kind, &column.format, &column.description, column.priority));
    Some(name).filter(|_| is_named_first(version)).into_iter().chain(others).collect()
}

fn columns<'a>(version: &'a Version, fallback: &'a [Column]) -> &'a [Column] {
    if version.columns.is_empty() { fallback } else { &version.columns }
}

/// Whether the name is the first column; a few kinds have it elsewhere.
fn is_named_first(version: &Version) -> bool {
    version.columns.iter().all(|column| column.format != "name" || column.name != "Name")
}

fn definition(name: &str, kind: &str, format: &str, description: &str, priority: i32) -> Value {
    json!({"name": name, "type": kind, "format": format, "description": description, "priority": priority})
}

/// The row of an object: its cells, and what goes along with them.
pub fn row(version: &Version, cells_of: &Value, object: &Value, with: RowObject) -> Value {
    let name = Value::from(value::meta(cells_of, "name"));
    let fallback = [super::columns::age()];
    let cells = columns(version, &fallback).iter().map(|column| cell(column, cells_of));
    let cells: Vec<Value> = Some(name).filter(|_| is_named_first(version)).into_iter().chain(cells).collect();
    match with {
        RowObject::None => json!({"cells": cells, "object": null}),
        RowObject::Object => json!({"cells": cells, "object": object}),
        RowObject::Metadata => json!({"cells": cells, "object": metadata_only(object)}),
    }
}

fn cell(column: &Column, object: &Value) -> Value {
    let path = match &column.cell {
        Cell::Code(code) => return code(object),
        Cell::Text(path) => return path.find(object).first().map_or_else(|| "".into(), |text| (*text).clone()),
        Cell::Path(path) => path,
    };
    let found = path.find(object);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    // Of several, the first is shown, as in Kubernetes.
    match (found.first(), column.kind.as_str()) {
        (None | Some(Value::Null), _) => Value::Null,
        (Some(one), "date") => age(one.as_str().unwrap_or_default()).into(),
        (Some(one), "integer" | "number" | "boolean") => (*one).clone(),
        (Some(one), _) => text(one).into(),
    }
}

/// How long ago a time was, as `kubectl` spells it: at most two units, fewer the longer it is.
pub fn age(time: &str) -> String {
    let Some(seconds) = clock::seconds_since(time) else { return "<unknown>".into() };
    duration(seconds.max(0))
}

/// A length of time, as people read it.
pub fn duration(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    let pair = |big: i64, big_unit: &str, small: i64, small_unit: &str| match small {
        0 => format!("{big}{big_unit}"),
        _ => format!("{big}{big_unit}{small}{small_unit}"),
    };
    match seconds {
        0..120 => format!("{seconds}s"),
        120..600 => pair(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => pair(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => pair(days, "d", hours % 24, "h"),
        691_200..63_072_000 => format!("{days}d"),
        63_072_000..252_288_000 => pair(days / 365, "y", days % 365, "d"),
        _ => format!("{}y", days / 365),
    }
}

#[cfg(test)]
mod tests;
