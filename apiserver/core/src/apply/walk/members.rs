//! Which fields a value has: what an applied configuration owns.

use serde_json::Value;

use super::{Finder, list, map};
use crate::apply::element::{Element, Path};
use crate::apply::set::Set;
use crate::apply::shape::{Form, ListKind, MapKind, Shape, form};

/// The fields of a value: its leaves, the elements of its lists, and the members of maps that their type does not name.
pub fn members<'a, S: Shape<'a>>(shape: S, value: &Value) -> Set {
    let mut set = Set::default();
    walk(shape, value, &mut Vec::new(), &mut set);
    set
}

fn walk<'a, S: Shape<'a>>(shape: S, value: &Value, path: &mut Path, set: &mut Set) {
    let kinds = shape.kinds();
    match form(shape, Some(value)) {
        Some(Form::Scalar) => set.insert(path),
        Some(Form::List) => match (kinds.list, list(Some(value))) {
            (Some(ListKind::Atomic), _) => set.insert(path),
            (Some(kind), Some(items)) => walk_items(&Finder::new(shape, kind), items, path, set),
            _ => {}
        },
        Some(Form::Map) => match (kinds.map, map(Some(value))) {
            (Some(MapKind::Atomic), _) => set.insert(path),
            (_, Some(fields)) => {
                for (name, value) in fields {
                    path.push(Element::field(name));
                    let declared = shape.declared(name);
                    if let Some(inner) = declared.or_else(|| shape.others()) {
                        walk(inner, value, path, set);
                    }
                    let empty = value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty);
                    if empty || declared.is_none() {
                        set.insert(path);
                    }
                    path.pop();
                }
            }
            _ => {}
        },
        None => {}
    }
}

/// Elements that are there twice are owned as one, without what is in them.
fn walk_items<'a, S: Shape<'a>>(finder: &Finder<'a, S>, items: &[Value], path: &mut Path, set: &mut Set) {
    let found: Vec<(Element, &Value)> = items.iter().filter_map(|item| Some((finder.element(item).ok()?, item))).collect();
    let mut counts = std::collections::BTreeMap::new();
    for (element, _) in &found {
        *counts.entry(element.clone()).or_insert(0_usize) += 1;
    }
    for (element, item) in found {
        let twice = counts.get(&element).is_some_and(|count| *count > 1);
        path.push(element);
        if !twice {
            walk(finder.item, item, path, set);
        }
        set.insert(path);
        path.pop();
    }
}
