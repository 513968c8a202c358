//! Parts of built-in objects that are always there. They are not stored while they are empty; upstream's typed objects
//! have them all the same, so that they are put in before objects are compared and taken out afterwards.

use serde_json::{Map, Value};

use super::table::{Field, Struct};

/// Puts in what is always there.
pub fn fill(shape: &Struct, value: &mut Value) {
    let Value::Object(fields) = value else { return };
    for (name, field) in shape.0 {
        let void = match field {
            Field::Always(_) | Field::AlwaysWhole => Some(Value::Object(Map::new())),
            Field::AlwaysKeyed(..) | Field::AlwaysList => Some(Value::Null),
            _ => None,
        };
        if let Some(void) = void.filter(|_| !fields.contains_key(*name)) {
            fields.insert((*name).into(), void);
        }
        match (field, fields.get_mut(*name)) {
            (Field::Always(inner) | Field::Maybe(inner), Some(value)) => fill(inner, value),
            (Field::Keyed(_, inner) | Field::AlwaysKeyed(_, inner), Some(Value::Array(items))) => {
                items.iter_mut().for_each(|item| fill(inner, item));
            }
            _ => {}
        }
    }
}

/// Takes out what is always there and empty, unless the object as it is stored has it.
pub fn strip(shape: &Struct, value: &mut Value, stored: Option<&Value>) {
    let Value::Object(fields) = value else { return };
    for (name, field) in shape.0 {
        let before = stored.and_then(|stored| stored.get(*name));
        match (field, fields.get_mut(*name)) {
            (Field::Always(inner) | Field::Maybe(inner), Some(value)) => strip(inner, value, before),
            (Field::Keyed(keys, inner) | Field::AlwaysKeyed(keys, inner), Some(Value::Array(items))) => {
                let known = before.and_then(Value::as_array);
                for item in items {
                    let same = |other: &&Value| keys.iter().all(|key| other.get(*key) == item.get(*key));
                    let before = known.and_then(|known| known.iter().find(same));
                    strip(inner, item, before);
                }
            }
            _ => {}
        }
        let optional = matches!(field, Field::Always(_) | Field::AlwaysWhole | Field::AlwaysKeyed(..) | Field::AlwaysList);
        let void = |value: &Value| value.is_null() || value.as_object().is_some_and(Map::is_empty);
        if optional && before.is_none() && fields.get(*name).is_some_and(void) {
            fields.shift_remove(*name);
        }
    }
}
