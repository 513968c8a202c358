//! Carrying defaults over into the author's own JSON, so that what our types do not know stays where it was.
//!
//! This module must not know kinds.

use serde::Serialize;
use serde_json::{Map, Value};

/// The author's JSON with everything that differs between the typed object before and after defaulting.
pub(super) fn defaults<K: Serialize>(mut object: Value, before: &K, after: &K) -> Result<Value, serde_json::Error> {
    carry(&mut object, &serde_json::to_value(before)?, serde_json::to_value(after)?);
    Ok(object)
}

fn carry(object: &mut Value, before: &Value, after: Value) {
    match (object, before, after) {
        (Value::Object(object), Value::Object(before), Value::Object(after)) => carry_map(object, before, after),
        (Value::Array(object), Value::Array(before), Value::Array(after))
            if object.len() == before.len() && before.len() == after.len() =>
        {
            for ((object, before), after) in object.iter_mut().zip(before).zip(after) {
                carry(object, before, after);
            }
        }
        // The author's spelling of what means the same stays.
        (_, before, after) if *before == after => {}
        (object, _, after) => *object = after,
    }
}

fn carry_map(object: &mut Map<String, Value>, before: &Map<String, Value>, after: Map<String, Value>) {
    // Defaulting only adds and changes; nothing is ever taken away.
    for (key, after) in after {
        match (object.get_mut(&key), before.get(&key)) {
            (Some(object), Some(before)) => carry(object, before, after),
            // Also what the types write though the author left it out, such as empty metadata: whoever reads and writes the
            // object by these types must change nothing.
            (_, None | Some(_)) => {
                object.insert(key, after);
            }
        }
    }
}
