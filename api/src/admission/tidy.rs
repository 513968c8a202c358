//! What is done to every object before it is made typed: a spec is there, and nothing in it is null, because a null and
//! nothing mean the same and schemas allow only nothing.
//!
//! This module must not know kinds.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// The object with a spec without nulls.
pub(super) fn tidy(object: &Value) -> Cow<'_, Value> {
    let spec = object.get("spec").filter(|spec| !spec.is_null());
    let mut object = Cow::Borrowed(object);
    if spec.is_none() && object.is_object() {
        object.to_mut()["spec"] = Value::Object(Map::new());
    } else if spec.is_some_and(has_null) {
        object.to_mut().get_mut("spec").into_iter().for_each(drop_nulls);
    }
    object
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.values().any(|value| value.is_null() || has_null(value)),
        Value::Array(list) => list.iter().any(has_null),
        _ => false,
    }
}

/// Fields that are null go; elements of lists stay, because a list with a hole is wrong.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Value::Array(list) => list.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}
