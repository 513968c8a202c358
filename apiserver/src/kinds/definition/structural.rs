//! What is wrong with the schema of a custom kind: whether it is structural, and whether its extensions make sense.
//! Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema and pkg/apis/apiextensions/validation.

use std::cell::RefCell;

use regex::Regex;
use serde_json::Value;

use crate::error::Cause;
use crate::schema::lists::child;

/// Where a schema stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

struct Check {
    faults: RefCell<Vec<Cause>>,
}

/// Everything that is wrong with a schema at a path.
pub fn faults(schema: &Value, path: &str) -> Vec<Cause> {
    let check = Check { faults: RefCell::default() };
    check.structure(schema, Level::Root, path);
    check.complete(schema, Some(schema), path, false);
    check.faults.borrow_mut().sort_by(|one, other| (&one.field, &one.message).cmp(&(&other.field, &other.message)));
    check.extensions(schema, path);
    check.faults.into_inner()
}

fn is(schema: &Value, member: &str) -> bool {
    schema[member] == Value::Bool(true)
}

fn kind(schema: &Value) -> &str {
    schema["type"].as_str().unwrap_or_default()
}

fn members<'a>(schema: &'a Value, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    schema[name].as_object().into_iter().flatten()
}

fn parts<'a>(schema: &'a Value, name: &str) -> impl Iterator<Item = (usize, &'a Value)> {
    schema[name].as_array().into_iter().flatten().enumerate()
}

fn key(path: &str, name: &str, key: &str) -> String {
    format!("{path}.{name}[{key}]")
}

impl Check {
    fn add(&self, cause: Cause) {
        self.faults.borrow_mut().push(cause);
    }

    fn structure(&self, schema: &Value, level: Level, path: &str) {
        if kind(schema) == "array" && !schema["items"].is_object() {
            self.add(Cause::required(child(path, "items"), "must be specified"));
        }
        if schema["items"].is_object() {
            self.structure(&schema["items"], Level::Item, &child(path, "items"));
        }
        for (name, property) in members(schema, "properties") {
            self.structure(property, Level::Field, &key(path, "properties", name));
        }
        let additional = &schema["additionalProperties"];
        if !additional.is_null() {
            if level == Level::Root {
                self.add(Cause::forbidden(child(path, "additionalProperties"), "must not be used at the root"));
            }
            if additional.is_object() {
                self.structure(additional, Level::Field, &child(path, "additionalProperties"));
            }
        }
        self.type_of(schema, level, path);
        self.values(schema, path, level == Level::Root);
        self.special(schema, level, path);
    }

    fn type_of(&self, schema: &Value, level: Level, path: &str) {
        let (embedded, flexible) = (is(schema, "x-kubernetes-embedded-resource"), is(schema, "x-kubernetes-int-or-string"));
        let at = child(path, "type");
        if embedded && kind(schema) != "object" {
            let why = "must be object if x-kubernetes-embedded-resource is true";
            self.add(if kind(schema).is_empty() { Cause::required(at, why) } else { Cause::invalid(at, &kind(schema).into(), why) });
        } else if kind(schema).is_empty() && !flexible && !is(schema, "x-kubernetes-preserve-unknown-fields") {
            let why = match level {
                Level::Root => "must not be empty at the root",
                Level::Item => "must not be empty for specified array items",
                Level::Field => "must not be empty for specified object fields",
            };
            self.add(Cause::required(at, why));
        } else if level == Level::Root && kind(schema) != "object" {
            self.add(Cause::invalid(at, &kind(schema).into(), "must be object at the root"));
        }
        if embedded && !schema["additionalProperties"].is_null() {
            let why = "must not be used if x-kubernetes-embedded-resource is set";
            self.add(Cause::forbidden(child(path, "additionalProperties"), why));
        }
        let empty = members(schema, "properties").next().is_none();
        if embedded && !is(schema, "x-kubernetes-preserve-unknown-fields") && empty {
            let why = "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
            self.add(Cause::required(child(path, "properties"), why));
        }
    }

    /// What holds for the members that every object has.
    fn special(&self, schema: &Value, level: Level, path: &str) {
        for extension in ["x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"] {
            if is(schema, "x-kubernetes-int-or-string") && is(schema, extension) {
                self.add(Cause::invalid(child(path, extension), &true.into(), "must be false if x-kubernetes-int-or-string is true"));
            }
        }
        if level != Level::Root && !is(schema, "x-kubernetes-embedded-resource") {
            return;
        }
        let properties = &schema["properties"];
        for name in ["kind", "apiVersion"] {
            if !properties[name].is_null() && kind(&properties[name]) != "string" {
                let at = child(&key(path, "properties", name), "type");
                self.add(Cause::invalid(at, &kind(&properties[name]).into(), "must be string"));
            }
        }
        let metadata = &properties["metadata"];
        if metadata.is_null() {
            return;
        }
        let at = key(path, "properties", "metadata");
        if kind(metadata) != "object" {
            self.add(Cause::invalid(child(&at, "type"), &kind(metadata).into(), "must be object"));
        }
        let foreign = members(metadata, "properties").any(|(name, _)| !matches!(name.as_str(), "name" | "generateName"));
        let more =
            metadata.as_object().into_iter().flatten().any(|(name, _)| !matches!(name.as_str(), "type" | "properties" | "description"));
        if level == Level::Root && (foreign || more) {
            let why = "must not specify anything other than name and generateName, but metadata is implicitly specified";
            self.add(Cause::forbidden(at, why));
        }
    }

    /// Patterns, and schemas within `allOf` and its like.
    fn values(&self, schema: &Value, path: &str, root: bool) {
        if let Some(pattern) = schema["pattern"].as_str()
            && let Err(error) = Regex::new(pattern)
        {
            let why = format!("must be a valid regular expression, but isn't: {error}");
            self.add(Cause::invalid(child(path, "pattern"), &pattern.into(), &why));
        }
        let either = |list: &Value| *list == serde_json::json!([{"type": "integer"}, {"type": "string"}]);
        for junctor in ["allOf", "anyOf", "oneOf"] {
            if junctor == "anyOf" && is(schema, "x-kubernetes-int-or-string") && either(&schema[junctor]) {
                continue;
            }
            for (index, inner) in parts(schema, junctor) {
                let skip = junctor == "allOf" && index == 0 && either(&inner["anyOf"]);
                self.nested(inner, &format!("{}[{index}]", child(path, junctor)), skip);
            }
        }
        if schema["not"].is_object() {
            self.nested(&schema["not"], &child(path, "not"), false);
        }
        let _ = root;
    }

    /// A schema that may only judge values, not say what they are.
    fn nested(&self, schema: &Value, path: &str, skip_any_of: bool) {
        if skip_any_of {
            return;
        }
        self.values(schema, path, false);
        if schema["items"].is_object() {
            self.nested(&schema["items"], &child(path, "items"), false);
        }
        for (name, property) in members(schema, "properties") {
            self.nested(property, &key(path, "properties", name), false);
        }
        for member in ["type", "title", "description", "default", "nullable"] {
            let given = &schema[member];
            if !given.is_null() && *given != Value::Bool(false) && given.as_str() != Some("") {
                let undefined = matches!(member, "default");
                let why = if undefined { "must be undefined to be structural" } else { "must be empty to be structural" };
                let why = if member == "nullable" { "must be false to be structural" } else { why };
                self.add(Cause::forbidden(child(path, member), why));
            }
        }
        if !schema["additionalProperties"].is_null() {
            self.add(Cause::forbidden(child(path, "additionalProperties"), "must be undefined to be structural"));
        }
        for (member, why) in [
            ("x-kubernetes-preserve-unknown-fields", "must be false to be structural"),
            ("x-kubernetes-embedded-resource", "must be false to be structural"),
            ("x-kubernetes-int-or-string", "must be false to be structural"),
            ("x-kubernetes-list-map-keys", "must be empty to be structural"),
            ("x-kubernetes-list-type", "must be undefined to be structural"),
            ("x-kubernetes-map-type", "must be undefined to be structural"),
            ("x-kubernetes-validations", "must be empty to be structural"),
        ] {
            if !schema[member].is_null() && schema[member] != Value::Bool(false) {
                self.add(Cause::forbidden(child(path, member), why));
            }
        }
    }

    /// Whether what nested schemas judge is said to exist outside of them, too.
    fn complete(&self, nested: &Value, outer: Option<&Value>, path: &str, within: bool) {
        for junctor in ["allOf", "anyOf", "oneOf"] {
            for (index, inner) in parts(nested, junctor) {
                self.described(inner, outer, path, &format!("{}[{index}]", child(path, junctor)));
            }
        }
        if nested["not"].is_object() {
            self.described(&nested["not"], outer, path, &child(path, "not"));
        }
        if within {
            return;
        }
        for (name, property) in members(nested, "properties") {
            self.complete(property, Some(property), &key(path, "properties", name), false);
        }
        for name in ["items", "additionalProperties"] {
            if nested[name].is_object() {
                self.complete(&nested[name], Some(&nested[name]), &child(path, name), false);
            }
        }
    }

    fn described(&self, nested: &Value, outer: Option<&Value>, path: &str, at: &str) {
        let Some(outer) = outer else { return };
        for (name, property) in members(nested, "properties") {
            let of = &outer["properties"][name];
            let place = key(path, "properties", name);
            if of.is_null() {
                let map = outer["additionalProperties"].is_object();
                if !map && !is(outer, "x-kubernetes-preserve-unknown-fields") {
                    self.add(Cause::required(place, &format!("because it is defined in {}", key(at, "properties", name))));
                }
                continue;
            }
            self.described(property, Some(of), &place, &key(at, "properties", name));
        }
        if nested["items"].is_object() {
            let of = &outer["items"];
            if of.is_null() {
                self.add(Cause::required(child(path, "items"), &format!("because it is defined in {}", child(at, "items"))));
            } else {
                self.described(&nested["items"], Some(of), &child(path, "items"), &child(at, "items"));
            }
        }
        self.complete(nested, Some(outer), path, true);
    }

    fn extensions(&self, schema: &Value, path: &str) {
        self.forbidden(schema, path);
        self.list(schema, path);
        let types = ["string", "number", "integer", "boolean", "array", "object"];
        if !kind(schema).is_empty() && !types.contains(&kind(schema)) {
            let told = types.map(|name| format!("{name:?}"));
            self.add(Cause::unsupported(child(path, "type"), &kind(schema).into(), &told));
        }
        if schema["x-kubernetes-preserve-unknown-fields"] == Value::Bool(false) {
            let why = "must be true or undefined";
            self.add(Cause::invalid(child(path, "x-kubernetes-preserve-unknown-fields"), &false.into(), why));
        }
        for (index, rule) in parts(schema, "x-kubernetes-validations") {
            self.rule(rule, &format!("{}[{index}]", child(path, "x-kubernetes-validations")));
        }
        for (name, property) in members(schema, "properties") {
            self.extensions(property, &key(path, "properties", name));
        }
        for name in ["items", "additionalProperties", "not"] {
            if schema[name].is_object() {
                self.extensions(&schema[name], &child(path, name));
            }
        }
        for junctor in ["allOf", "oneOf", "anyOf"] {
            parts(schema, junctor).for_each(|(index, inner)| self.extensions(inner, &format!("{}[{index}]", child(path, junctor))));
        }
    }

    fn forbidden(&self, schema: &Value, path: &str) {
        if is(schema, "uniqueItems") {
            let why = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
            self.add(Cause::forbidden(child(path, "uniqueItems"), why));
        }
        let properties = members(schema, "properties").next().is_some();
        if properties && !schema["additionalProperties"].is_null() && schema["additionalProperties"] != Value::Bool(true) {
            let why = "additionalProperties and properties are mutual exclusive";
            self.add(Cause::forbidden(child(path, "additionalProperties"), why));
        }
        for name in ["definitions", "dependencies", "patternProperties", "additionalItems", "id"] {
            if !schema[name].is_null() {
                self.add(Cause::forbidden(child(path, name), &format!("{name} is not supported")));
            }
        }
        if !schema["$ref"].is_null() {
            self.add(Cause::forbidden(child(path, "$ref"), "$ref is not supported"));
        }
        if schema["items"].is_array() {
            self.add(Cause::forbidden(child(path, "items"), "items must be a schema object and not an array"));
        }
    }

    fn list(&self, schema: &Value, path: &str) {
        let Some(list) = schema["x-kubernetes-list-type"].as_str() else {
            if parts(schema, "x-kubernetes-list-map-keys").next().is_some() {
                let why = "must be map if x-kubernetes-list-map-keys is non-empty";
                self.add(Cause::required(child(path, "x-kubernetes-list-type"), why));
            }
            return;
        };
        let at = |name: &str| child(path, name);
        if kind(schema) != "array" {
            let why = "must be array if x-kubernetes-list-type is specified";
            let none = kind(schema).is_empty();
            self.add(if none { Cause::required(at("type"), why) } else { Cause::invalid(at("type"), &kind(schema).into(), why) });
        }
        if !matches!(list, "atomic" | "set" | "map") {
            let told = ["atomic", "set", "map"].map(|name| format!("{name:?}"));
            self.add(Cause::unsupported(at("x-kubernetes-list-type"), &list.into(), &told));
        }
        let (items, keys) = (&schema["items"], &schema["x-kubernetes-list-map-keys"]);
        if list != "map" && keys.as_array().is_some_and(|keys| !keys.is_empty()) {
            let why = "must be map if x-kubernetes-list-map-keys is non-empty";
            self.add(Cause::invalid(at("x-kubernetes-list-type"), &list.into(), why));
        }
        if list != "atomic" && is(items, "nullable") {
            let why = format!("cannot be nullable when x-kubernetes-list-type is {list}");
            self.add(Cause::forbidden(child(&at("items"), "nullable"), &why));
        }
        let atomic = items["x-kubernetes-map-type"].as_str() == Some("atomic");
        if list == "set" && kind(items) == "object" && !atomic {
            let why = "must be atomic as item of a list with x-kubernetes-list-type=set";
            self.add(Cause::invalid(child(&at("items"), "x-kubernetes-map-type"), &Value::Null, why));
        }
        if list == "map" {
            self.map(items, keys, path);
        }
    }

    fn map(&self, items: &Value, keys: &Value, path: &str) {
        let at = child(path, "x-kubernetes-list-map-keys");
        let names: Vec<&str> = keys.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if names.is_empty() {
            self.add(Cause::required(at.clone(), "must not be empty if x-kubernetes-list-type is map"));
        }
        let items_at = child(path, "items");
        if items.is_object() && kind(items) != "object" {
            let why = "must be object if parent array's x-kubernetes-list-type is map";
            self.add(Cause::invalid(child(&items_at, "type"), &kind(items).into(), why));
            return;
        }
        for (index, name) in names.iter().enumerate() {
            let property = &items["properties"][*name];
            let place = key(&items_at, "properties", name);
            if property.is_null() {
                self.add(Cause::invalid(at.clone(), keys, "entries must all be names of item properties"));
                continue;
            }
            if matches!(kind(property), "array" | "object") {
                let why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
                self.add(Cause::invalid(child(&place, "type"), &kind(items).into(), why));
            }
            if names[..index].contains(name) {
                self.add(Cause::invalid(at.clone(), keys, "must not contain duplicate entries"));
            }
            let required = parts(items, "required").any(|(_, required)| required == name);
            if !required && property["default"].is_null() {
                let why = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property";
                self.add(Cause::required(child(&place, "default"), why));
            }
            if is(property, "nullable") {
                let why = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
                self.add(Cause::forbidden(child(&place, "nullable"), why));
            }
        }
    }

    fn rule(&self, rule: &Value, path: &str) {
        let text = |name: &str| rule[name].as_str().unwrap_or_default();
        let lines = |text: &str| text.contains(['\n', '\r']);
        if text("rule").trim().is_empty() {
            self.add(Cause::required(child(path, "rule"), "rule is not specified"));
        } else if !text("message").is_empty() && text("message").trim().is_empty() {
            self.add(Cause::invalid(child(path, "message"), &rule["message"], "must be non-empty if specified"));
        } else if lines(text("message").trim()) {
            self.add(Cause::invalid(child(path, "message"), &rule["message"], "must not contain line breaks"));
        } else if lines(text("rule").trim()) && text("message").trim().is_empty() {
            self.add(Cause::required(child(path, "message"), "message must be specified if rule contains line breaks"));
        }
        if !text("messageExpression").is_empty() && text("messageExpression").trim().is_empty() {
            self.add(Cause::required(child(path, "messageExpression"), "messageExpression must be non-empty if specified"));
        }
        let reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];
        if !rule["reason"].is_null() && !reasons.contains(&text("reason")) {
            self.add(Cause::unsupported(child(path, "reason"), &rule["reason"], &reasons.map(|name| format!("{name:?}"))));
        }
    }
}
