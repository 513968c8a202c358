//! Label and field selectors: parsing, and asking objects. Source: k8s.io/apimachinery/pkg/labels and fields.

use serde_json::Value;

use crate::error::ApiError;
use crate::kinds::Kind;
use crate::names;
use crate::store::Object;
use crate::value;

/// One condition on a label.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
}

/// One condition on a field.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FieldRequirement {
    path: Vec<String>,
    value: String,
    equal: bool,
}

/// Which objects of a resource a request is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Namespace, or empty for all.
    pub namespace: String,
    labels: Vec<Requirement>,
    fields: Vec<FieldRequirement>,
}

impl Selection {
    /// A selection from what a query says.
    ///
    /// # Errors
    /// 400 when a selector cannot be read or asks for a field that the kind cannot be selected by.
    pub fn parse(kind: &Kind, namespace: &str, labels: &str, fields: &str) -> Result<Self, ApiError> {
        Ok(Self { namespace: namespace.into(), labels: parse_labels(labels)?, fields: parse_fields(kind, fields)? })
    }

    /// Whether it selects every object of its namespaces.
    pub fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether it selects an object.
    pub fn selects(&self, object: &Object) -> bool {
        (self.namespace.is_empty() || self.namespace == object.namespace())
            && self.labels.iter().all(|requirement| requirement.holds(object))
            && self.fields_hold(object)
    }

    fn fields_hold(&self, object: &Object) -> bool {
        let (cheap, costly): (Vec<_>, Vec<_>) = self.fields.iter().partition(|requirement| requirement.path[0] == "metadata");
        let known = |requirement: &&FieldRequirement| match requirement.path[1].as_str() {
            "name" => (object.name() == requirement.value) == requirement.equal,
            _ => (object.namespace() == requirement.value) == requirement.equal,
        };
        if !cheap.iter().all(known) {
            return false;
        }
        // Parsing an object for the few other fields happens only for objects that everything else selects.
        costly.is_empty() || object.value().is_ok_and(|value| costly.iter().all(|requirement| requirement.holds(&value)))
    }
}

impl Requirement {
    fn holds(&self, object: &Object) -> bool {
        match self {
            Self::In(key, values) => object.labels.get(key).is_some_and(|value| values.iter().any(|wanted| wanted == value)),
            Self::NotIn(key, values) => !object.labels.get(key).is_some_and(|value| values.iter().any(|unwanted| unwanted == value)),
            Self::Exists(key) => object.labels.get(key).is_some(),
            Self::Absent(key) => object.labels.get(key).is_none(),
        }
    }
}

impl FieldRequirement {
    fn holds(&self, object: &Value) -> bool {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let found = match value::at(object, &path) {
            Some(Value::String(text)) => text.clone(),
            None | Some(Value::Null) => String::new(),
            Some(other) => other.to_string(),
        };
        (found == self.value) == self.equal
    }
}

/// Splits at commas that are not within parentheses.
fn split_requirements(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let mut start = 0;
    let mut parts = Vec::new();
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn unreadable(what: &str, text: &str) -> ApiError {
    ApiError::bad_request(format!("unable to parse requirement: {what} in \"{text}\""))
}

fn parse_labels(text: &str) -> Result<Vec<Requirement>, ApiError> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    split_requirements(text).into_iter().map(|part| parse_requirement(part.trim())).collect()
}

fn parse_requirement(text: &str) -> Result<Requirement, ApiError> {
    if let Some(key) = text.strip_prefix('!') {
        return Ok(Requirement::Absent(label_key(key, text)?));
    }
    if let Some((key, value)) = text.split_once("!=") {
        return Ok(Requirement::NotIn(label_key(key, text)?, vec![label_value(value, text)?]));
    }
    if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return Ok(Requirement::In(label_key(key, text)?, vec![label_value(value, text)?]));
    }
    match text.split_once(char::is_whitespace) {
        None => Ok(Requirement::Exists(label_key(text, text)?)),
        Some((key, rest)) => parse_set(key, rest.trim(), text),
    }
}

fn parse_set(key: &str, rest: &str, text: &str) -> Result<Requirement, ApiError> {
    let key = label_key(key, text)?;
    let operator = rest.split(['(', ' ']).next().unwrap_or_default();
    let list = rest[operator.len()..].trim().strip_prefix('(').and_then(|list| list.strip_suffix(')'));
    let list = list.ok_or_else(|| unreadable("found no list in parentheses", text))?;
    let values = list.split(',').map(|value| label_value(value, text)).collect::<Result<Vec<_>, _>>()?;
    match operator {
        "in" => Ok(Requirement::In(key, values)),
        "notin" => Ok(Requirement::NotIn(key, values)),
        other => Err(unreadable(&format!("found '{other}', expected: in, notin, =, ==, !="), text)),
    }
}

fn label_key(key: &str, text: &str) -> Result<String, ApiError> {
    let key = key.trim();
    match names::qualified_fault(key) {
        None => Ok(key.to_owned()),
        Some(fault) => Err(unreadable(&fault, text)),
    }
}

fn label_value(value: &str, text: &str) -> Result<String, ApiError> {
    let value = value.trim();
    match names::label_value_fault(value) {
        None => Ok(value.to_owned()),
        Some(fault) => Err(unreadable(&fault, text)),
    }
}

fn parse_fields(kind: &Kind, text: &str) -> Result<Vec<FieldRequirement>, ApiError> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| parse_field(kind, part)).collect()
}

fn parse_field(kind: &Kind, text: &str) -> Result<FieldRequirement, ApiError> {
    let (path, value, equal) = match text.split_once("!=") {
        Some((path, value)) => (path, value, false),
        None => {
            let split = text.split_once("==").or_else(|| text.split_once('='));
            let (path, value) =
                split.ok_or_else(|| ApiError::bad_request(format!("invalid field selector: '{text}'; can't understand '{text}'")))?;
            (path, value, true)
        }
    };
    let names: Vec<String> = path.split('.').map(str::to_owned).collect();
    let everywhere = matches!(path, "metadata.name" | "metadata.namespace");
    if !everywhere && !kind.selectable.contains(&names) {
        return Err(ApiError::bad_request(format!("field label not supported: {path}")));
    }
    Ok(FieldRequirement { path: names, value: value.to_owned(), equal })
}

#[cfg(test)]
mod tests;
