//! Whether a stored object already says what is wanted, although the API server filled in defaults.
//!
//! This module must not know any kind.

use ebb_api::quantity::Quantity;
use serde::Serialize;
use serde_json::Value;

/// Whether everything that `wanted` says stands in `stored` too. What only `stored` says (defaults that the server
/// filled in) does not count, but lists must be equally long.
pub fn covers<T: Serialize>(stored: &T, wanted: &T) -> bool {
    match (serde_json::to_value(stored), serde_json::to_value(wanted)) {
        (Ok(stored), Ok(wanted)) => value_covers(&stored, &wanted),
        // Types that cannot be written as JSON cannot have been stored.
        _ => false,
    }
}

fn value_covers(stored: &Value, wanted: &Value) -> bool {
    match (stored, wanted) {
        (Value::Object(stored), Value::Object(wanted)) => wanted.iter().all(|(key, wanted)| match stored.get(key) {
            None => is_zero(wanted),
            Some(stored) if key == "limits" || key == "requests" => same_amounts(stored, wanted),
            Some(stored) => value_covers(stored, wanted),
        }),
        (Value::Array(stored), Value::Array(wanted)) => {
            stored.len() == wanted.len() && stored.iter().zip(wanted).all(|(stored, wanted)| value_covers(stored, wanted))
        }
        (stored, wanted) => stored == wanted || (stored.is_null() && is_zero(wanted)),
    }
}

/// Resources are stored in Kubernetes' own spelling: `1000m` becomes `1`.
fn same_amounts(stored: &Value, wanted: &Value) -> bool {
    let amount = |amounts: &Value, name: &String| amounts.get(name)?.as_str()?.parse::<Quantity>().ok();
    match (stored, wanted) {
        (Value::Object(_), Value::Object(wanted_amounts)) => {
            wanted_amounts.keys().all(|name| stored.get(name) == wanted.get(name) || amount(stored, name) == amount(wanted, name))
        }
        _ => value_covers(stored, wanted),
    }
}

/// What a server may leave out when it stores it.
fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(value) => value.as_i64() == Some(0),
        Value::String(value) => value.is_empty(),
        Value::Array(value) => value.is_empty(),
        Value::Object(value) => value.values().all(is_zero),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::value_covers;

    #[test]
    fn amounts_are_compared_by_what_they_mean() {
        let wanted = json!({"resources": {"limits": {"cpu": "1000m", "memory": "1Gi"}}});
        for (stored, covers) in [
            (json!({"resources": {"limits": {"cpu": "1", "memory": "1024Mi"}, "requests": {"cpu": "1"}}}), true),
            (json!({"resources": {"limits": {"cpu": "2", "memory": "1Gi"}}}), false),
            (json!({"resources": {"limits": {"cpu": "1"}}}), false),
        ] {
            assert_eq!(value_covers(&stored, &wanted), covers, "{stored}");
        }
    }

    #[test]
    fn defaults_of_the_server_do_not_count() {
        let wanted = json!({"a": 1, "list": [{"name": "x"}], "off": false, "none": {}});
        for (stored, covers) in [
            (json!({"a": 1, "list": [{"name": "x"}]}), true),
            (json!({"a": 1, "list": [{"name": "x", "protocol": "TCP"}], "more": 7}), true),
            (json!({"a": 2, "list": [{"name": "x"}]}), false),
            (json!({"a": 1, "list": [{"name": "x"}, {"name": "y"}]}), false),
            (json!({"a": 1}), false),
            (json!({"a": 1, "list": [{"name": "x"}], "off": true}), false),
        ] {
            assert_eq!(value_covers(&stored, &wanted), covers, "{stored}");
        }
    }
}
