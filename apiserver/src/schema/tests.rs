//! Shaping and judging by small schemas.

use serde_json::{Value, json};

use super::Schema;

fn schema(value: Value) -> Schema {
    Schema::compile(&serde_json::from_value(value).unwrap()).unwrap()
}

fn faults(schema: &Schema, value: &Value) -> Vec<String> {
    schema.validate(value).into_iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect()
}

#[test]
fn unknown_fields_are_dropped_unless_they_are_to_be_preserved() {
    let schema = schema(json!({"type": "object", "properties": {
        "spec": {"type": "object", "properties": {"a": {"type": "string"}, "list": {"type": "array", "items": {"type": "object", "properties": {"b": {}}}}}},
        "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"shut": {"type": "object"}}},
        "map": {"type": "object", "additionalProperties": {"type": "object", "properties": {"c": {}}}},
        "any": {"type": "object", "additionalProperties": true}}}));
    let mut value = json!({"apiVersion": "v1", "kind": "K", "metadata": {"name": "n"}, "gone": 1,
        "spec": {"a": "x", "gone": 1, "list": [{"b": 1, "gone": 1}]}, "open": {"kept": 1, "shut": {"gone": 1}},
        "map": {"m": {"c": 1, "gone": 1}}, "any": {"kept": {"kept": 1}}});
    let dropped = schema.prune(&mut value);
    assert_eq!(dropped, ["gone", "spec.gone", "spec.list[0].gone", "open.shut.gone", "map.m.gone"]);
    let wanted = json!({"apiVersion": "v1", "kind": "K", "metadata": {"name": "n"}, "spec": {"a": "x", "list": [{"b": 1}]},
        "open": {"kept": 1, "shut": {}}, "map": {"m": {"c": 1}}, "any": {"kept": {"kept": 1}}});
    assert_eq!(value, wanted);
}

#[test]
fn defaults_reach_into_defaults_lists_and_maps() {
    let inner = json!({"type": "object", "properties": {"b": {"type": "integer", "default": 2}}});
    let schema = schema(json!({"type": "object", "properties": {
        "made": {"type": "object", "default": {}, "properties": {"b": {"type": "integer", "default": 1}}},
        "absent": inner, "list": {"type": "array", "items": inner}, "map": {"type": "object", "additionalProperties": inner},
        "nulled": {"type": "string", "default": "x"}, "null": {"type": "string", "nullable": true, "default": "x"}}}));
    let mut value = json!({"list": [{}, {"b": 5}], "map": {"m": {}}, "nulled": null, "null": null});
    schema.default(&mut value);
    let wanted = json!({"made": {"b": 1}, "list": [{"b": 2}, {"b": 5}], "map": {"m": {"b": 2}}, "nulled": "x", "null": null});
    assert_eq!(value, wanted);
}

#[test]
fn limits_are_kept() {
    let cases = [
        (json!({"type": "string", "minLength": 2}), json!("ä"), "at least 2 chars long"),
        (json!({"type": "string", "pattern": "^a+$"}), json!("ab"), "should match '^a+$'"),
        (json!({"type": "string", "format": "date-time"}), json!("today"), "must be of type date-time"),
        (json!({"type": "string", "format": "byte"}), json!("*"), "must be of type byte"),
        (json!({"type": "number", "maximum": 1.5}), json!(2), "less than or equal to 1.5"),
        (json!({"type": "number", "minimum": 1, "exclusiveMinimum": true}), json!(1), "greater than 1"),
        (json!({"type": "integer", "multipleOf": 3}), json!(4), "multiple of 3"),
        (json!({"type": "integer"}), json!(1.5), "of type integer: \"number\""),
        (json!({"type": "array", "maxItems": 1}), json!([1, 2]), "at most 1 items"),
        (json!({"type": "array", "x-kubernetes-list-type": "set"}), json!(["a", "a"]), "Duplicate value: \"a\""),
        (json!({"type": "object", "maxProperties": 0}), json!({"a": 1}), "at most 0 properties"),
        (json!({"type": "object", "required": ["a"]}), json!({}), "Required value"),
        (json!({"enum": ["a"]}), json!("b"), "Unsupported value: \"b\": supported values: \"a\""),
        (json!({"anyOf": [{"type": "string"}, {"type": "integer"}]}), json!([]), "at least one schema"),
        (json!({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}), json!({"a": 1, "b": 1}), "one and only one"),
        (json!({"not": {"required": ["a"]}}), json!({"a": 1}), "must not validate"),
        (json!({"allOf": [{"required": ["a"]}]}), json!({}), "Required value"),
        (json!({"type": "boolean"}), json!(null), "of type boolean: \"null\""),
    ];
    for (inner, value, message) in cases {
        let schema = schema(json!({"type": "object", "properties": {"f": inner}}));
        let found = faults(&schema, &json!({"f": value}));
        assert!(found.len() == 1 && found[0].starts_with("f") && found[0].contains(message), "{found:?} {message}");
    }
}

#[test]
fn what_fits_has_no_faults() {
    let cases = [
        (json!({"type": "integer"}), json!(2.0)),
        (json!({"type": "integer", "format": "int32"}), json!(2_147_483_647)),
        (json!({"x-kubernetes-int-or-string": true}), json!("80")),
        (json!({"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]}), json!(80)),
        (json!({"type": "string", "format": "date-time"}), json!("2024-01-01T00:00:00Z")),
        (json!({"type": "string", "format": "unheard-of"}), json!("x")),
        (json!({"type": "string", "pattern": "(?!x)"}), json!("not a pattern that can be compiled")),
        (
            json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a", "b"]}),
            json!([{"a": 1, "b": 1}, {"a": 1, "b": 2}]),
        ),
    ];
    for (inner, value) in cases {
        let schema = schema(json!({"type": "object", "properties": {"f": inner}}));
        assert_eq!(faults(&schema, &json!({"f": value})), Vec::<String>::new());
    }
}
