//! Whether a value fits a type: its forms, its scalars, its members, and that no element of a list is there twice.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Faults, Finder, plain, scalar_fault};
use crate::apply::element::{Element, Path};
use crate::apply::shape::{Form, ListKind, Shape, form};

/// Checks a value.
///
/// # Errors
/// Everything that does not fit.
pub fn validate<'a, S: Shape<'a>>(shape: S, value: &Value, duplicates: bool) -> Result<(), Faults> {
    let mut faults = Faults::default();
    walk(shape, value, duplicates, &mut Vec::new(), &mut faults);
    faults.none()
}

fn walk<'a, S: Shape<'a>>(shape: S, value: &Value, duplicates: bool, path: &mut Path, faults: &mut Faults) {
    let kinds = shape.kinds();
    match (form(shape, Some(value)), value) {
        (Some(Form::Scalar), _) => {
            if let Some(fault) = kinds.scalar.and_then(|kind| scalar_fault(kind, Some(value))) {
                faults.add(path, fault);
            }
        }
        (Some(Form::List | Form::Map), Value::Null) => {}
        (Some(Form::List), Value::Array(items)) => {
            let kind = kinds.list.unwrap_or(ListKind::Atomic);
            walk_items(&Finder::new(shape, kind), items, duplicates, path, faults);
        }
        (Some(Form::List), other) => faults.add(path, format!("expected list, got &{{{}}}", plain(other))),
        (Some(Form::Map), Value::Object(fields)) => {
            for (name, value) in fields {
                path.push(Element::field(name));
                let inner = shape.member(name);
                match inner {
                    Some(inner) => walk(inner, value, duplicates, path, faults),
                    None => faults.add(path, "field not declared in schema"),
                }
                path.pop();
                // One unknown member of a map is enough.
                if inner.is_none() {
                    break;
                }
            }
        }
        (Some(Form::Map), other) => faults.add(path, format!("expected map, got &{{{}}}", plain(other))),
        (None, _) => faults.add(path, "schema error: invalid atom"),
    }
}

fn walk_items<'a, S: Shape<'a>>(finder: &Finder<'a, S>, items: &[Value], duplicates: bool, path: &mut Path, faults: &mut Faults) {
    let mut seen = BTreeSet::new();
    for (index, item) in items.iter().enumerate() {
        let element = if finder.kind == ListKind::Atomic {
            Element::Index(i64::try_from(index).unwrap_or(i64::MAX))
        } else {
            match finder.element(item) {
                Err(message) => return faults.add(path, format!("element {index}: {message}")),
                Ok(element) => {
                    if !seen.insert(element.clone()) && !duplicates {
                        faults.add(path, format!("duplicate entries for key {element}"));
                    }
                    element
                }
            }
        };
        path.push(element);
        walk(finder.item, item, duplicates, path, faults);
        path.pop();
    }
}
