//! A set of fields brought up to date with a type that has changed since the set was written: what became atomic is owned
//! as a whole.

use crate::apply::element::{Element, Path};
use crate::apply::set::Set;
use crate::apply::shape::{ListKind, MapKind, Shape};

/// The set as the type has it; `None` when nothing changes.
pub fn reconcile<'a, S: Shape<'a>>(shape: S, set: &Set) -> Option<Set> {
    let mut whole = Set::default();
    walk(shape, Some(set), false, &mut Vec::new(), &mut whole);
    (!whole.is_empty()).then(|| set.recursive_difference(&whole).union(&whole))
}

/// `is_whole`: the field is owned and nothing below it is.
fn walk<'a, S: Shape<'a>>(shape: S, set: Option<&Set>, is_whole: bool, path: &mut Path, whole: &mut Set) {
    let kinds = shape.kinds();
    let set = set.filter(|set| !set.is_empty());
    if let Some(kind) = kinds.map {
        if shape.is_deduced() {
            return;
        }
        match (kind, set) {
            (MapKind::Atomic, Some(_)) if !is_whole => whole.insert(path),
            (MapKind::Atomic, _) | (_, None) => {}
            (MapKind::Granular, Some(set)) => each(set, path, whole, |element| match element {
                Element::Field(name) => shape.member(name),
                _ => shape.others(),
            }),
        }
    } else if kinds.scalar.is_some() {
    } else if let Some(kind) = kinds.list {
        match (kind, set) {
            (ListKind::Atomic, _) if !is_whole => whole.insert(path),
            (ListKind::Atomic, _) | (_, None) => {}
            (_, Some(set)) => each(set, path, whole, |_| Some(shape.item())),
        }
    }
}

fn each<'a, S: Shape<'a>>(set: &Set, path: &mut Path, whole: &mut Set, inner: impl Fn(&Element) -> Option<S>) {
    for (element, member, below) in set.steps() {
        let Some(shape) = inner(element) else { continue };
        path.push(element.clone());
        walk(shape, Some(below), member && below.is_empty(), path, whole);
        path.pop();
    }
}
