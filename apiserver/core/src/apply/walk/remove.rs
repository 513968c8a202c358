//! A value without some of its fields.

use serde_json::{Map, Value};

use super::{Finder, list, map};
use crate::apply::element::Element;
use crate::apply::set::Set;
use crate::apply::shape::{Form, ListKind, MapKind, Shape, form};

/// The value without the fields. A map or a list of which nothing is left becomes null.
pub fn remove<'a, S: Shape<'a>>(shape: S, value: &Value, fields: &Set) -> Value {
    let kinds = shape.kinds();
    match form(shape, Some(value)) {
        Some(Form::List) => match (kinds.list, list(Some(value))) {
            (Some(ListKind::Atomic) | None, _) | (_, None) => Value::Null,
            (Some(kind), Some(items)) => from_list(&Finder::new(shape, kind), items, fields),
        },
        Some(Form::Map) => match (kinds.map, map(Some(value))) {
            (Some(MapKind::Atomic), _) | (_, None) => Value::Null,
            (_, Some(members)) => from_map(shape, members, fields),
        },
        Some(Form::Scalar) | None => value.clone(),
    }
}

fn from_list<'a, S: Shape<'a>>(finder: &Finder<'a, S>, items: &[Value], fields: &Set) -> Value {
    let left: Vec<Value> = items
        .iter()
        .filter_map(|item| match finder.element(item) {
            Ok(element) if fields.has_here(&element) => None,
            Ok(element) => Some(fields.below(&element).map_or_else(|| item.clone(), |below| remove(finder.item, item, below))),
            Err(_) => Some(item.clone()),
        })
        .collect();
    if left.is_empty() { Value::Null } else { left.into() }
}

fn from_map<'a, S: Shape<'a>>(shape: S, members: &Map<String, Value>, fields: &Set) -> Value {
    let mut left = Map::new();
    for (name, value) in members {
        let element = Element::field(name);
        if fields.has_here(&element) {
            continue;
        }
        let value = match (fields.below(&element), shape.member(name)) {
            (Some(below), Some(inner)) => remove(inner, value, below),
            _ => value.clone(),
        };
        left.insert(name.clone(), value);
    }
    if left.is_empty() { Value::Null } else { left.into() }
}
