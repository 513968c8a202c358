//! The strategic merge patch: a merge that knows which lists of the built-in kinds are maps, and by which key.
//! Source: "Update API Objects in Place Using kubectl patch" in Kubernetes' documentation, and the `patchMergeKey` tags of
//! k8s.io/api.

mod order;

use serde_json::{Map, Value};

use super::go_print;
use crate::error::ApiError;
use crate::value::Fields;

/// Lists that are merged element by element, and the members by which elements are found, in the order of preference. A
/// name stands for the same kind of list wherever it occurs in the built-in kinds.
const KEYS: [(&str, &[&str]); 20] = [
    ("containers", &["name"]),
    ("initContainers", &["name"]),
    ("ephemeralContainers", &["name"]),
    ("env", &["name"]),
    ("volumes", &["name"]),
    ("volumeMounts", &["mountPath"]),
    ("volumeDevices", &["devicePath"]),
    ("ports", &["containerPort", "port"]),
    ("conditions", &["type"]),
    ("ownerReferences", &["uid"]),
    ("imagePullSecrets", &["name"]),
    ("hostAliases", &["ip"]),
    ("topologySpreadConstraints", &["topologyKey"]),
    ("secrets", &["name"]),
    ("addresses", &["type"]),
    ("taints", &["key"]),
    ("podIPs", &["ip"]),
    ("hostIPs", &["ip"]),
    ("resourceClaims", &["name"]),
    ("schedulingGates", &["name"]),
];
/// Lists of plain values that are merged as sets.
const SETS: [&str; 1] = ["finalizers"];
const DIRECTIVE: &str = "$patch";
const DELETE_FROM_LIST: &str = "$deleteFromPrimitiveList/";
const ORDER: &str = "$setElementOrder/";
const RETAIN: &str = "$retainKeys";

/// Merges a patch into an object.
///
/// # Errors
/// 500, as Kubernetes, when a directive of the patch is unknown or an element lacks its key.
pub fn merge(object: &mut Value, patch: &Value) -> Result<(), ApiError> {
    let (Value::Object(fields), Value::Object(patch)) = (&mut *object, patch) else {
        return Err(ApiError::bad_request("a strategic merge patch is an object"));
    };
    merge_fields(fields, patch)
}

fn merge_fields(fields: &mut Fields, patch: &Fields) -> Result<(), ApiError> {
    match patch.get(DIRECTIVE).and_then(Value::as_str) {
        None | Some("merge") => {}
        Some("replace") => {
            *fields = stripped(patch);
            return Ok(());
        }
        Some("delete") => {
            fields.clear();
            return Ok(());
        }
        Some(other) => {
            let shown = patch.iter().map(|(name, value)| (name.clone(), value.clone())).collect::<Value>();
            return Err(ApiError::unknown(format!("unknown patch type: {other} in map: {}", go_print(&shown))));
        }
    }
    if let Some(kept) = patch.get(RETAIN).and_then(Value::as_array) {
        fields.retain(|name, _| kept.iter().any(|kept| kept == name));
    }
    let orders = patch.iter().filter_map(|(name, order)| Some((name.strip_prefix(ORDER)?, order.as_array()?)));
    let before: Vec<_> = orders.map(|(list, order)| (list, order, fields.get(list).cloned().unwrap_or_default())).collect();
    for (name, value) in patch {
        if let Some(list) = name.strip_prefix(DELETE_FROM_LIST) {
            delete_from_set(fields, list, value);
        } else if !(name == DIRECTIVE || name == RETAIN || name.starts_with(ORDER)) {
            merge_field(fields, name, value)?;
        }
    }
    for (name, order, before) in before {
        if let Some(list) = fields.get_mut(name).and_then(Value::as_array_mut) {
            let keys = KEYS.iter().find(|(list, _)| *list == name).map(|(_, keys)| *keys).unwrap_or_default();
            let before = before.as_array().map(Vec::as_slice).unwrap_or_default();
            order::sort(list, keys, order, before);
        }
    }
    Ok(())
}

fn delete_from_set(fields: &mut Fields, list: &str, unwanted: &Value) {
    let unwanted = unwanted.as_array().map(Vec::as_slice).unwrap_or_default();
    if let Some(list) = fields.get_mut(list).and_then(Value::as_array_mut) {
        list.retain(|value| !unwanted.contains(value));
    }
}

fn merge_field(fields: &mut Fields, name: &str, value: &Value) -> Result<(), ApiError> {
    match value {
        Value::Null => {
            fields.shift_remove(name);
        }
        Value::Object(patch) => {
            let slot = fields.entry(name).or_insert_with(|| Value::Object(Map::new()));
            merge_fields(crate::value::object_mut(slot), patch)?;
        }
        Value::Array(patch) => {
            let slot = fields.entry(name).or_insert_with(|| Value::Array(Vec::new()));
            match slot.as_array_mut() {
                Some(list) => merge_list(list, name, patch)?,
                None => *slot = value.clone(),
            }
        }
        _ => {
            fields.insert(name.into(), value.clone());
        }
    }
    Ok(())
}

fn merge_list(list: &mut Vec<Value>, name: &str, patch: &[Value]) -> Result<(), ApiError> {
    if SETS.contains(&name) {
        let before = list.clone();
        list.extend(patch.iter().filter(|value| !before.contains(value)).cloned());
        order::sort(list, &[], patch, &before);
        return Ok(());
    }
    let keys = KEYS.iter().find(|(list, _)| *list == name).map(|(_, keys)| *keys);
    let Some(keys) = keys.filter(|_| patch.iter().chain(list.iter()).all(Value::is_object)) else {
        *list = patch.to_vec();
        return Ok(());
    };
    let replaces = |element: &&Value| {
        element.get(DIRECTIVE).and_then(Value::as_str) == Some("replace") && element.as_object().is_some_and(|fields| fields.len() == 1)
    };
    if patch.iter().any(|element| replaces(&element)) {
        *list = patch.iter().filter(|element| !replaces(element)).cloned().collect();
        return Ok(());
    }
    let before = list.clone();
    patch.iter().try_for_each(|element| merge_element(list, keys, element))?;
    order::sort(list, keys, patch, &before);
    Ok(())
}

fn merge_element(list: &mut Vec<Value>, keys: &[&str], element: &Value) -> Result<(), ApiError> {
    let Some((key, wanted)) = keys.iter().find_map(|key| element.get(key).map(|value| (key, value))) else {
        let key = keys.first().copied().unwrap_or_default();
        return Err(ApiError::unknown(format!("map: {} does not contain declared merge key: {key}", go_print(element))));
    };
    let found = list.iter().position(|old| old.get(key) == Some(wanted));
    let deletes = element.get(DIRECTIVE).and_then(Value::as_str) == Some("delete");
    match (found, element) {
        (Some(index), _) if deletes => {
            list.remove(index);
        }
        (None, _) if deletes => {}
        (Some(index), Value::Object(patch)) => merge_fields(crate::value::object_mut(&mut list[index]), patch)?,
        (None, Value::Object(patch)) => {
            let mut new = Map::new();
            merge_fields(&mut new, patch)?;
            list.push(Value::Object(new));
        }
        _ => {}
    }
    Ok(())
}

/// A replacement without its directives.
fn stripped(patch: &Fields) -> Fields {
    patch.iter().filter(|(name, _)| !name.starts_with('$')).map(|(name, value)| (name.clone(), value.clone())).collect()
}
