//! Walks over one or two values along their type. Each file is one walk; what they share stands here.

mod compare;
mod members;
mod merge;
mod reconcile;
mod remove;
mod validate;

use std::fmt;

use serde_json::{Map, Value};

pub use compare::{Comparison, compare};
pub use members::members;
pub use merge::merge;
pub use reconcile::reconcile;
pub use remove::remove;
pub use validate::validate;

use super::element::Element;
use super::shape::{ListKind, Scalar, Shape};

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The field, as messages show it; empty for the whole.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() { f.write_str(&self.message) } else { write!(f, "{}: {}", self.path, self.message) }
    }
}

/// What is wrong, all together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [one] => one.fmt(f),
            many => {
                f.write_str("errors:")?;
                many.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
            }
        }
    }
}

impl Faults {
    fn add(&mut self, path: &[Element], message: impl Into<String>) {
        self.0.push(Fault { path: super::element::show(path), message: message.into() });
    }

    /// Nothing is wrong.
    ///
    /// # Errors
    /// Everything that is.
    pub fn none(self) -> Result<(), Self> {
        if self.0.is_empty() { Ok(()) } else { Err(self) }
    }
}

fn list(value: Option<&Value>) -> Option<&[Value]> {
    value.and_then(Value::as_array).map(Vec::as_slice)
}

fn map(value: Option<&Value>) -> Option<&Map<String, Value>> {
    value.and_then(Value::as_object)
}

/// How the elements of a list are found.
struct Finder<'a, S> {
    keys: Vec<&'a str>,
    item: S,
    kind: ListKind,
}

impl<'a, S: Shape<'a>> Finder<'a, S> {
    fn new(shape: S, kind: ListKind) -> Self {
        Self { keys: if kind == ListKind::Map { shape.keys() } else { Vec::new() }, item: shape.item(), kind }
    }

    /// The step to an element.
    ///
    /// # Errors
    /// Why there is none.
    fn element(&self, value: &Value) -> Result<Element, String> {
        if self.kind == ListKind::Map && !self.keys.is_empty() { self.by_keys(value) } else { by_value(value) }
    }

    fn by_keys(&self, value: &Value) -> Result<Element, String> {
        let fields = match value {
            Value::Object(fields) => fields,
            Value::Null => return Err("associative list with keys may not have a null element".into()),
            _ => return Err("associative list with keys may not have non-map elements".into()),
        };
        let mut members = Vec::new();
        for key in &self.keys {
            if let Some(value) = fields.get(*key) {
                members.push(((*key).into(), value.clone()));
            } else if let Some(default) = self.item.declared(key).and_then(Shape::default) {
                members.push(((*key).into(), default.into_owned()));
            }
        }
        if members.is_empty() {
            let keys: Vec<String> = self.keys.iter().map(|key| format!("{key:?}")).collect();
            return Err(format!(
                "associative list with keys has an element that omits all key fields [{}] (and doesn't have default values for any key fields)",
                keys.join(" ")
            ));
        }
        Ok(Element::key(members))
    }
}

fn by_value(value: &Value) -> Result<Element, String> {
    match value {
        Value::Object(_) => Err("associative list without keys has an element that's a map type".into()),
        Value::Array(_) => Err("not supported: associative list with lists as elements".into()),
        Value::Null => Err("associative list without keys has an element that's an explicit null".into()),
        scalar => Ok(Element::Value(scalar.clone())),
    }
}

/// What is wrong with a scalar.
fn scalar_fault(kind: Scalar, value: Option<&Value>) -> Option<String> {
    let value = value.filter(|value| !value.is_null())?;
    match kind {
        Scalar::Numeric => (!value.is_number()).then(|| format!("expected numeric (int or float), got {}", type_name(value))),
        Scalar::String => (!value.is_string()).then(|| format!("expected string, got {}", boxed(value))),
        Scalar::Boolean => (!value.is_boolean()).then(|| format!("expected boolean, got {}", pointed(value))),
        Scalar::Untyped => (value.is_object() || value.is_array()).then(|| format!("expected any scalar, got {}", pointed(value))),
    }
}

/// Upstream's names of types in messages, which clients' users know.
fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

fn boxed(value: &Value) -> String {
    format!("&value.valueUnstructured{{Value:{value}}}")
}

fn pointed(value: &Value) -> String {
    format!("&{{{}}}", plain(value))
}

/// A value as upstream's messages print it.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".into(),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(" ")),
        Value::Object(fields) => {
            let mut fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}:{}", plain(value))).collect();
            fields.sort_unstable();
            format!("map[{}]", fields.join(" "))
        }
        scalar => scalar.to_string(),
    }
}

#[cfg(test)]
mod tests;
