//! Lists that are sets or maps, and objects within objects: what is wrong with them beyond their schema.
//! Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype and objectmeta.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{Additional, ListType, Schema};
use crate::error::Cause;
use crate::names;

impl Schema {
    /// Elements that occur more than once in lists in which they must not.
    pub fn duplicates(&self, value: &Value) -> Vec<Cause> {
        let mut faults = Vec::new();
        self.walk(value, "", &mut |schema, value, path| {
            if let Value::Array(list) = value {
                faults.extend(schema.list_faults(list, path));
            }
        });
        faults
    }

    /// What is wrong with objects within the object that are objects of kinds themselves.
    pub fn embedded_faults(&self, value: &Value) -> Vec<Cause> {
        let mut faults = Vec::new();
        self.walk(value, "", &mut |schema, value, path| {
            if schema.embedded_resource && value.is_object() {
                faults.extend(embedded_faults(value, path));
            }
        });
        faults
    }

    /// Shows every value within a value together with its schema and its path.
    fn walk(&self, value: &Value, path: &str, visit: &mut impl FnMut(&Self, &Value, &str)) {
        visit(self, value, path);
        match value {
            Value::Object(fields) => {
                for (name, field) in fields {
                    match (self.properties.get(name.as_str()), &self.additional) {
                        (Some(schema), _) => schema.walk(field, &child(path, name), visit),
                        (None, Additional::Fitting(schema)) => schema.walk(field, &format!("{path}[{name}]"), visit),
                        _ => {}
                    }
                }
            }
            Value::Array(list) => {
                for (index, item) in list.iter().enumerate() {
                    if let Some(items) = &self.items {
                        items.walk(item, &format!("{path}[{index}]"), visit);
                    }
                }
            }
            _ => {}
        }
    }

    fn list_faults(&self, list: &[Value], path: &str) -> Vec<Cause> {
        let identity = |item: &Value| match &self.list_type {
            ListType::Atomic => None,
            ListType::Set => Some(item.clone()),
            ListType::Map(keys) => {
                let keys = keys.iter().filter_map(|key| Some((key.clone(), item.get(key)?.clone())));
                Some(Value::Object(keys.collect::<Map<_, _>>()))
            }
        };
        if self.list_type == ListType::Atomic {
            return Vec::new();
        }
        if matches!(self.list_type, ListType::Map(_))
            && let Some((index, odd)) = list.iter().enumerate().find(|(_, item)| !item.is_object() && !item.is_null())
        {
            return vec![Cause::invalid(format!("{path}[{index}]"), odd, "must be an object for an array of list-type map")];
        }
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut faults = Vec::new();
        for (index, identity) in list.iter().enumerate().filter_map(|(index, item)| Some((index, identity(item)?))) {
            let times = seen.entry(identity.to_string()).or_default();
            *times += 1;
            // Each value that occurs several times is told once, at its second place.
            if *times == 2 {
                faults.push(Cause::duplicate(format!("{path}[{index}]"), &identity));
            }
        }
        faults
    }
}

/// The path of a member.
pub fn child(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn embedded_faults(value: &Value, path: &str) -> Vec<Cause> {
    let mut faults = Vec::new();
    for member in ["apiVersion", "kind"] {
        let field = child(path, member);
        match value.get(member) {
            None => faults.push(Cause::required(field, "")),
            Some(Value::String(text)) if text.is_empty() => faults.push(Cause::invalid(field, &"".into(), "must not be empty")),
            Some(Value::String(text)) if member == "apiVersion" && text.matches('/').count() > 1 => {
                faults.push(Cause::invalid(field, &text.as_str().into(), &format!("unexpected GroupVersion string: {text}")));
            }
            Some(Value::String(text)) => {
                let fault = (member == "kind").then(|| names::name_fault(crate::kinds::Naming::Service, &text.to_lowercase())).flatten();
                faults.extend(fault.map(|fault| {
                    Cause::invalid(field, &text.as_str().into(), &format!("may have mixed case, but should otherwise match: {fault}"))
                }));
            }
            Some(other) => faults.push(Cause::invalid(field, other, "must be a string")),
        }
    }
    let inner = names::metadata_faults(value);
    faults.extend(inner.into_iter().map(|cause| Cause { field: child(path, &cause.field), ..cause }));
    faults
}
