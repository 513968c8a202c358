//! Small helpers on JSON objects. No rule of the API lives here.

use serde_json::{Map, Value};

/// The members of a JSON object.
pub type Fields = Map<String, Value>;

/// The child object at `name`, made if it is absent or something else.
pub fn child<'a>(fields: &'a mut Fields, name: &str) -> &'a mut Fields {
    let slot = fields.entry(name).or_insert(Value::Null);
    object_mut(slot)
}

/// The members of `value`, which becomes an empty object if it is something else.
pub fn object_mut(value: &mut Value) -> &mut Fields {
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    match value {
        Value::Object(fields) => fields,
        _ => unreachable!("it has just been made an object"),
    }
}

/// `metadata`, made if it is absent.
pub fn metadata(object: &mut Value) -> &mut Fields {
    child(object_mut(object), "metadata")
}

/// Whether two values mean the same, where nothing, null, and an empty list or map do.
pub fn means_the_same(a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a, b) {
        (Some(Value::Object(a)), Some(Value::Object(b))) => {
            let added = b.keys().filter(|name| !a.contains_key(*name));
            a.keys().chain(added).all(|name| means_the_same(a.get(name), b.get(name)))
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| means_the_same(Some(a), Some(b)))
        }
        (a, b) => a == b || (is_nothing(a) && is_nothing(b)),
    }
}

/// Whether a value means nothing: it is absent, null, or an empty list or map.
pub fn is_nothing(value: Option<&Value>) -> bool {
    match value {
        None | Some(Value::Null) => true,
        Some(Value::Array(list)) => list.is_empty(),
        Some(Value::Object(fields)) => fields.values().all(|value| is_nothing(Some(value))),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_)) => false,
    }
}

/// What stands at a path of member names.
pub fn at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, name| value.get(name))
}

/// The text at a path, or empty.
pub fn text<'a>(value: &'a Value, path: &[&str]) -> &'a str {
    at(value, path).and_then(Value::as_str).unwrap_or_default()
}

/// The text of a member of `metadata`, or empty.
pub fn meta<'a>(object: &'a Value, name: &str) -> &'a str {
    text(object, &["metadata", name])
}

/// The strings of a list in `metadata`.
pub fn meta_list<'a>(object: &'a Value, name: &str) -> Vec<&'a str> {
    let list = at(object, &["metadata", name]).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Puts `from`'s member into `to`, or removes it there when `from` has none.
pub fn carry(from: Option<&Value>, to: &mut Fields, name: &str) {
    match from {
        Some(value) => {
            to.insert(name.into(), value.clone());
        }
        None => {
            to.shift_remove(name);
        }
    }
}
