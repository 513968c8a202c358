//! Shaping objects by their schema: dropping what it does not know, filling in its defaults. Judging is elsewhere.

use serde_json::Value;

use super::{Additional, Schema};
use crate::value::Fields;

/// What every object has, whatever its schema says.
const EVERYWHERE: [&str; 3] = ["apiVersion", "kind", "metadata"];

impl Schema {
    /// Drops what the schema does not know, and names it.
    pub fn prune(&self, object: &mut Value) -> Vec<String> {
        let mut dropped = Vec::new();
        self.prune_at(object, true, &mut String::new(), &mut dropped);
        dropped
    }

    fn prune_at(&self, value: &mut Value, resource: bool, path: &mut String, dropped: &mut Vec<String>) {
        match value {
            Value::Object(fields) => self.prune_fields(fields, resource || self.embedded_resource, path, dropped),
            Value::Array(list) => {
                let Some(items) = &self.items else { return };
                let length = path.len();
                for (index, item) in list.iter_mut().enumerate() {
                    path.push_str(&format!("[{index}]"));
                    items.prune_at(item, false, path, dropped);
                    path.truncate(length);
                }
            }
            _ => {}
        }
    }

    fn prune_fields(&self, fields: &mut Fields, resource: bool, path: &mut String, dropped: &mut Vec<String>) {
        let length = path.len();
        fields.retain(|name, value| {
            if resource && EVERYWHERE.contains(&name.as_str()) {
                return true;
            }
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(name);
            let kept = match (self.properties.get(name.as_str()), &self.additional) {
                (Some(schema), _) => {
                    schema.prune_at(value, false, path, dropped);
                    true
                }
                (None, Additional::Fitting(schema)) => {
                    schema.prune_at(value, false, path, dropped);
                    true
                }
                (None, Additional::Any) => true,
                (None, Additional::None) => self.preserve_unknown,
            };
            if !kept {
                dropped.push(path.clone());
            }
            path.truncate(length);
            kept
        });
    }

    /// Fills in defaults, also within what is a default itself. A null where none is allowed counts as absent.
    pub fn default(&self, value: &mut Value) {
        match value {
            Value::Object(fields) => self.default_fields(fields),
            Value::Array(list) => {
                if let Some(items) = &self.items {
                    list.iter_mut().for_each(|item| items.default(item));
                }
            }
            _ => {}
        }
    }

    fn default_fields(&self, fields: &mut Fields) {
        for (name, schema) in &self.properties {
            if let Some(default) = &schema.default {
                let absent = fields.get(&**name).is_none_or(|value| value.is_null() && !schema.nullable);
                if absent {
                    fields.insert(name.to_string(), (**default).clone());
                }
            }
        }
        fields.retain(|name, value| !value.is_null() || self.member(name).is_none_or(|schema| schema.nullable));
        for (name, value) in fields.iter_mut() {
            if let Some(schema) = self.member(name) {
                schema.default(value);
            }
        }
    }

    /// The schema of a member, whatever its name.
    fn member(&self, name: &str) -> Option<&Self> {
        self.properties.get(name).or_else(|| self.values())
    }
}
