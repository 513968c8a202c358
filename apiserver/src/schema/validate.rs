//! Judging objects by their schema. Nothing is changed here.

use std::collections::HashSet;

use serde_json::Value;

use super::{Additional, Limits, ListType, Schema, Type};
use crate::error::Cause;

/// After so many faults nobody reads on.
const FAULTS_MAX: usize = 50;

impl Schema {
    /// Everything that is wrong with an object.
    pub fn validate(&self, object: &Value) -> Vec<Cause> {
        let mut faults = Vec::new();
        self.check(object, "", &mut faults);
        faults.truncate(FAULTS_MAX);
        faults
    }

    fn fits(&self, value: &Value) -> bool {
        let mut faults = Vec::new();
        self.check(value, "", &mut faults);
        faults.is_empty()
    }

    fn check(&self, value: &Value, path: &str, faults: &mut Vec<Cause>) {
        if faults.len() >= FAULTS_MAX || (value.is_null() && self.nullable) {
            return;
        }
        if self.int_or_string {
            if !(value.is_string() || is_integer(value)) {
                faults.push(Cause::wrong_type(path, value, "integer,string"));
                return;
            }
        } else if let Some(kind) = self.kind
            && !is_type(kind, value)
        {
            faults.push(Cause::wrong_type(path, value, kind.name()));
            return;
        }
        match value {
            Value::Object(_) => self.check_fields(value, path, faults),
            Value::Array(list) => self.check_items(list, path, faults),
            _ => {}
        }
        if let Some(limits) = &self.limits {
            limits.check(value, path, faults);
        }
    }

    fn check_fields(&self, value: &Value, path: &str, faults: &mut Vec<Cause>) {
        let inner = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        for name in &self.required {
            if value.get(name).is_none() {
                faults.push(Cause::required(inner(name), ""));
            }
        }
        for (name, field) in value.as_object().into_iter().flatten() {
            // Metadata have rules of their own.
            if path.is_empty() && name == "metadata" {
                continue;
            }
            match (self.properties.get(name.as_str()), &self.additional) {
                (Some(schema), _) => schema.check(field, &inner(name), faults),
                (None, Additional::Fitting(schema)) => schema.check(field, &inner(name), faults),
                _ => {}
            }
        }
    }

    fn check_items(&self, list: &[Value], path: &str, faults: &mut Vec<Cause>) {
        if let Some(items) = &self.items {
            for (index, item) in list.iter().enumerate() {
                items.check(item, &format!("{path}[{index}]"), faults);
            }
        }
        let mut seen = HashSet::new();
        for (index, item) in list.iter().enumerate() {
            let identity = match &self.list_type {
                ListType::Atomic => return,
                ListType::Set => item.clone(),
                ListType::Map(keys) => keys.iter().map(|key| (key.clone(), item.get(key).cloned().unwrap_or_default())).collect(),
            };
            if !seen.insert(identity.to_string()) {
                faults.push(Cause::duplicate(format!("{path}[{index}]"), &identity));
            }
        }
    }
}

fn is_integer(value: &Value) -> bool {
    value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0)
}

fn is_type(kind: Type, value: &Value) -> bool {
    match kind {
        Type::Object => value.is_object(),
        Type::Array => value.is_array(),
        Type::String => value.is_string(),
        Type::Integer => is_integer(value),
        Type::Number => value.is_number(),
        Type::Boolean => value.is_boolean(),
    }
}

impl Limits {
    fn check(&self, value: &Value, path: &str, faults: &mut Vec<Cause>) {
        if !self.allowed.is_empty() && !self.allowed.contains(value) {
            let allowed: Vec<String> = self.allowed.iter().map(Value::to_string).collect();
            faults.push(Cause::unsupported(path, value, &allowed));
        }
        let fault = match value {
            Value::String(text) => self.text_fault(text, path),
            Value::Number(_) => self.number_fault(value.as_f64().unwrap_or_default(), path),
            Value::Array(list) => size_fault(list.len(), self.items, path, "items"),
            Value::Object(fields) => size_fault(fields.len(), self.properties, path, "properties"),
            _ => None,
        };
        if let Some(fault) = fault {
            faults.push(Cause::invalid(path, value, &fault));
        }
        self.check_combinations(value, path, faults);
    }

    fn text_fault(&self, text: &str, path: &str) -> Option<String> {
        let fault = size_fault(text.chars().count(), self.length, path, "chars long");
        if fault.is_some() {
            return fault;
        }
        if let Some(pattern) = self.pattern.as_ref().filter(|pattern| !pattern.matches(text)) {
            return Some(format!("{path} in body should match '{}'", pattern.text));
        }
        let format = self.format.as_deref()?;
        (!fits_format(format, text)).then(|| format!("{path} in body must be of type {format}: \"{text}\""))
    }

    fn number_fault(&self, number: f64, path: &str) -> Option<String> {
        let below = |(limit, exclusive): &(f64, bool)| number < *limit || (*exclusive && number <= *limit);
        let above = |(limit, exclusive): &(f64, bool)| number > *limit || (*exclusive && number >= *limit);
        if let Some((limit, exclusive)) = self.minimum.filter(below) {
            return Some(format!("{path} in body should be greater than{} {limit}", if exclusive { "" } else { " or equal to" }));
        }
        if let Some((limit, exclusive)) = self.maximum.filter(above) {
            return Some(format!("{path} in body should be less than{} {limit}", if exclusive { "" } else { " or equal to" }));
        }
        let divisor = self.multiple_of.filter(|divisor| (number / divisor).fract() != 0.0);
        if let Some(divisor) = divisor {
            return Some(format!("{path} in body should be a multiple of {divisor}"));
        }
        let range = match self.format.as_deref()? {
            "int32" => f64::from(i32::MIN)..=f64::from(i32::MAX),
            _ => return None,
        };
        (!range.contains(&number)).then(|| format!("{path} in body must be of type int32: \"{number}\""))
    }

    fn check_combinations(&self, value: &Value, path: &str, faults: &mut Vec<Cause>) {
        self.all_of.iter().for_each(|schema| schema.check(value, path, faults));
        if !self.any_of.is_empty() && !self.any_of.iter().any(|schema| schema.fits(value)) {
            faults.push(Cause::invalid(path, value, &format!("{path} in body must validate at least one schema (anyOf)")));
        }
        if !self.one_of.is_empty() && self.one_of.iter().filter(|schema| schema.fits(value)).count() != 1 {
            faults.push(Cause::invalid(path, value, &format!("{path} in body must validate one and only one schema (oneOf)")));
        }
        if self.not.as_ref().is_some_and(|schema| schema.fits(value)) {
            faults.push(Cause::invalid(path, value, &format!("{path} in body must not validate the schema (not)")));
        }
    }
}

fn size_fault(size: usize, (min, max): (Option<usize>, Option<usize>), path: &str, unit: &str) -> Option<String> {
    if let Some(min) = min.filter(|min| size < *min) {
        return Some(format!("{path} in body should have at least {min} {unit}"));
    }
    max.filter(|max| size > *max).map(|max| format!("{path} in body should have at most {max} {unit}"))
}

/// The formats that Kubernetes enforces and that occur; an unknown one fits everything.
fn fits_format(format: &str, text: &str) -> bool {
    use base64::Engine as _;
    match format {
        "date-time" => text.parse::<jiff::Timestamp>().is_ok(),
        "date" => text.parse::<jiff::civil::Date>().is_ok(),
        "byte" => base64::engine::general_purpose::STANDARD.decode(text).is_ok(),
        "uuid" => uuid::Uuid::parse_str(text).is_ok(),
        "ipv4" => text.parse::<std::net::Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<std::net::Ipv6Addr>().is_ok(),
        _ => true,
    }
}
