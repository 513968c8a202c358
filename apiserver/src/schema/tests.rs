//! Shaping and judging by small schemas.

use serde_json::{Value, json};

use super::Schema;

fn schema(value: Value) -> Schema {
    Schema::compile(&serde_json::from_value(value).unwrap()).unwrap()
}

fn faults(schema: &Schema, value: &Value) -> Vec<String> {
    let faults = schema.validate(value, None, "").into_iter().chain(schema.duplicates(value)).chain(schema.embedded_faults(value));
    let mut faults: Vec<_> = faults.collect();
    faults.extend(schema.break_rules(value, None, &faults));
    faults.into_iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect()
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
    let cases: [(Value, Value, &[&str]); 20] = [
        (json!({"type": "string", "minLength": 2}), json!("ä"), &["f: Invalid value: \"ä\": f in body should be at least 2 chars long"]),
        (json!({"type": "string", "maxLength": 2}), json!("abc"), &["f: Too long: may not be more than 2 bytes"]),
        (json!({"type": "string", "pattern": "^a+$"}), json!("ab"), &["f: Invalid value: \"ab\": f in body should match '^a+$'"]),
        (
            json!({"type": "string", "format": "date-time"}),
            json!("today"),
            &["f: Invalid value: \"today\": f in body must be of type date-time: \"today\""],
        ),
        (json!({"type": "string", "format": "byte"}), json!("*"), &["f: Invalid value: \"*\": f in body must be of type byte: \"*\""]),
        (json!({"type": "number", "maximum": 1.5}), json!(2), &["f: Invalid value: 2: f in body should be less than or equal to 1.5"]),
        (
            json!({"type": "number", "minimum": 1, "exclusiveMinimum": true}),
            json!(1),
            &["f: Invalid value: 1: f in body should be greater than 1"],
        ),
        (json!({"type": "integer", "multipleOf": 3}), json!(4), &["f: Invalid value: 4: f in body should be a multiple of 3"]),
        (json!({"type": "integer"}), json!("x"), &["f: Invalid value: \"string\": f in body must be of type integer: \"string\""]),
        (
            json!({"type": "integer"}),
            json!(1.5),
            &[
                "f: Invalid value: \"number\": f in body must be of type integer: \"number\"",
                "<nil>: Invalid value: \"\": Checked value must be of type integer (default format) in f",
            ],
        ),
        (json!({"type": "integer", "format": "int32"}), json!(true), &["f: Invalid value: \"\": f in body must be of type int32: \"\""]),
        (json!({"type": "array", "maxItems": 1}), json!([1, 2]), &["f: Too many: 2: must have at most 1 item"]),
        (json!({"type": "array", "x-kubernetes-list-type": "set"}), json!(["a", "a"]), &["f[1]: Duplicate value: \"a\""]),
        (
            json!({"type": "object", "minProperties": 2}),
            json!({"a": 1}),
            &["f: Invalid value: 1: f in body should have at least 2 properties"],
        ),
        (json!({"type": "object", "required": ["a"]}), json!({}), &["f.a: Required value"]),
        (json!({"type": "string", "enum": ["a", "c"]}), json!("b"), &["f: Unsupported value: \"b\": supported values: \"a\", \"c\""]),
        (
            json!({"anyOf": [{"type": "string"}, {"type": "integer"}]}),
            json!([]),
            &[
                "<nil>: Invalid value: \"\": \"f\" must validate at least one schema (anyOf)",
                "f: Invalid value: \"array\": f in body must be of type string: \"array\"",
            ],
        ),
        (
            json!({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}),
            json!({"a": 1, "b": 1}),
            &["<nil>: Invalid value: \"\": \"f\" must validate one and only one schema (oneOf). Found 2 valid alternatives"],
        ),
        (json!({"not": {"required": ["a"]}}), json!({"a": 1}), &["<nil>: Invalid value: \"\": \"f\" must not validate the schema (not)"]),
        (json!({"type": "boolean"}), json!(null), &["f: Invalid value: \"null\": f in body must be of type boolean: \"null\""]),
    ];
    for (inner, value, wanted) in cases {
        let schema = schema(json!({"type": "object", "properties": {"f": inner}}));
        assert_eq!(faults(&schema, &json!({"f": value})), wanted);
    }
}

#[test]
fn rules_are_told_with_their_place_and_reason() {
    let rule = |rule: &str, more: Value| {
        let mut rule = json!({"rule": rule});
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        rule
    };
    let list = json!({"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"], "items": {
        "type": "object", "required": ["k"], "properties": {"k": {"type": "string"}, "n": {"type": "integer", "x-kubernetes-validations": [rule("self >= oldSelf", json!({}))]}}}});
    let spec = json!({"type": "object", "required": ["min"], "properties": {
        "min": {"type": "integer"}, "max": {"type": "integer", "x-kubernetes-validations": [rule("self < 100", json!({"message": "too large"}))]}, "list": list},
        "x-kubernetes-validations": [rule("!has(self.max) || self.min <= self.max", json!({"messageExpression": "'min %d, max %d'.format([self.min, self.max])", "fieldPath": ".max", "reason": "FieldValueForbidden"}))]});
    let schema = schema(json!({"type": "object", "properties": {"spec": spec}}));
    assert_eq!(faults(&schema, &json!({"spec": {"min": 1, "max": 2}})), Vec::<String>::new());
    assert_eq!(faults(&schema, &json!({"spec": {"min": 3, "max": 2}})), ["spec.max: Forbidden: min 3, max 2"]);
    assert_eq!(faults(&schema, &json!({"spec": {"min": 3, "max": 200}})), ["spec.max: Invalid value: 200: too large"]);
    let unchecked = "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";
    assert_eq!(faults(&schema, &json!({"spec": {"max": 200}})), ["spec.min: Required value", unchecked]);
    let old = json!({"spec": {"min": 1, "max": 200, "list": [{"k": "a", "n": 5}, {"k": "b", "n": 1}]}});
    let new = json!({"spec": {"min": 2, "max": 200, "list": [{"k": "b", "n": 2}, {"k": "a", "n": 4}]}});
    let broken: Vec<_> =
        schema.break_rules(&new, Some(&old), &[]).into_iter().map(|cause| format!("{}: {}", cause.field, cause.message)).collect();
    assert_eq!(broken, ["spec.list[1].n: Invalid value: 4: failed rule: self >= oldSelf"], "what was too large before is let be");
}

#[test]
fn an_update_is_not_judged_by_what_it_leaves_as_it_was() {
    let schema = schema(json!({"type": "object", "properties": {"a": {"type": "string", "maxLength": 1}, "b": {"type": "integer"}}}));
    let (old, new) = (json!({"a": "long", "b": 1}), json!({"a": "long", "b": 2}));
    assert!(schema.validate(&new, Some(&old), "").is_empty());
    assert_eq!(schema.validate(&json!({"a": "longer", "b": 2}), Some(&old), "").len(), 1);
    let status = schema.property("b").unwrap().validate(&json!("x"), None, "status");
    assert_eq!(
        (status[0].field.as_str(), status[0].message.as_str()),
        ("status", "Invalid value: \"string\":  in body must be of type integer: \"string\"")
    );
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
