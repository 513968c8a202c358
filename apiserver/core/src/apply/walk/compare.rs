//! What differs between two values: which fields were removed, modified, added.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Faults, Finder, list, map, scalar_fault};
use crate::apply::element::{Element, Path};
use crate::apply::order::equal;
use crate::apply::set::Set;
use crate::apply::shape::{Form, ListKind, MapKind, Shape, form};

/// The difference. No field is in two of the sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// In the old value only.
    pub removed: Set,
    /// In both, but not the same.
    pub modified: Set,
    /// In the new value only.
    pub added: Set,
}

impl Comparison {
    /// The same without some fields and all below them.
    #[must_use]
    pub fn without(&self, fields: &Set) -> Self {
        let rest = |set: &Set| set.recursive_difference(fields);
        Self { removed: rest(&self.removed), modified: rest(&self.modified), added: rest(&self.added) }
    }
}

/// Compares two values of a type.
///
/// # Errors
/// What does not fit the type.
pub fn compare<'a, S: Shape<'a>>(shape: S, old: &Value, new: &Value) -> Result<Comparison, Faults> {
    let mut walk = Walk { path: Vec::new(), out: Comparison::default(), faults: Faults::default() };
    walk.pair(shape, Some(old), Some(new));
    walk.faults.none()?;
    Ok(walk.out)
}

struct Walk {
    path: Path,
    out: Comparison,
    faults: Faults,
}

impl Walk {
    fn pair<'a, S: Shape<'a>>(&mut self, shape: S, old: Option<&Value>, new: Option<&Value>) {
        let (before, after) = (form(shape, old), form(shape, new));
        let leaf = match (old, new) {
            (_, None) => self.one(shape, before, old, new),
            (None, _) => self.one(shape, after, old, new),
            _ if before == after => self.one(shape, after, old, new),
            // A scalar became a list or the like: both of them count.
            _ => {
                self.one(shape, before, old, new);
                self.one(shape, after, old, new)
            }
        };
        if !leaf {
            match (old, new) {
                (None, _) => self.out.added.insert(&self.path),
                (_, None) => self.out.removed.insert(&self.path),
                _ => {}
            }
        }
    }

    /// Compares in a form; whether that was a leaf.
    fn one<'a, S: Shape<'a>>(&mut self, shape: S, form: Option<Form>, old: Option<&Value>, new: Option<&Value>) -> bool {
        let kinds = shape.kinds();
        match form {
            Some(Form::Scalar) => self.scalars(shape, old, new),
            Some(Form::List) => {
                let (left, right) = (list(old), list(new));
                let empty = left.is_none_or(<[Value]>::is_empty) && right.is_none_or(<[Value]>::is_empty);
                let kind = kinds.list.unwrap_or(ListKind::Atomic);
                if kind == ListKind::Atomic || empty {
                    return self.leaf(old, new);
                }
                self.items(&Finder::new(shape, kind), left.unwrap_or_default(), right.unwrap_or_default());
                false
            }
            Some(Form::Map) => {
                let (left, right) = (map(old), map(new));
                let empty = left.is_none_or(serde_json::Map::is_empty) && right.is_none_or(serde_json::Map::is_empty);
                if kinds.map == Some(MapKind::Atomic) || empty {
                    return self.leaf(old, new);
                }
                let names = left.into_iter().flatten().map(|(name, _)| name);
                let added =
                    right.into_iter().flatten().map(|(name, _)| name).filter(|name| left.is_none_or(|left| !left.contains_key(*name)));
                for name in names.chain(added) {
                    let (left, right) = (left.and_then(|fields| fields.get(name)), right.and_then(|fields| fields.get(name)));
                    self.path.push(Element::field(name));
                    match shape.member(name) {
                        Some(inner) => self.pair(inner, left, right),
                        None => self.faults.add(&self.path, "field not declared in schema"),
                    }
                    self.path.pop();
                }
                false
            }
            None => {
                self.faults.add(&self.path, "schema error: invalid atom");
                false
            }
        }
    }

    fn scalars<'a, S: Shape<'a>>(&mut self, shape: S, old: Option<&Value>, new: Option<&Value>) -> bool {
        let fault = |value| shape.kinds().scalar.and_then(|kind| scalar_fault(kind, value));
        if let (Some(left), Some(right)) = (fault(old), fault(new)) {
            self.faults.add(&self.path, format!("lhs: {left}"));
            self.faults.add(&self.path, format!("rhs: {right}"));
            return false;
        }
        self.leaf(old, new)
    }

    fn leaf(&mut self, old: Option<&Value>, new: Option<&Value>) -> bool {
        match (old, new) {
            (None, _) => self.out.added.insert(&self.path),
            (_, None) => self.out.removed.insert(&self.path),
            (Some(old), Some(new)) if !equal(old, new) => self.out.modified.insert(&self.path),
            _ => {}
        }
        true
    }

    fn items<'a, S: Shape<'a>>(&mut self, finder: &Finder<'a, S>, old: &[Value], new: &[Value]) {
        let mut pairs: BTreeMap<Element, (Vec<&Value>, Vec<&Value>)> = BTreeMap::new();
        for (index, (item, is_old)) in old.iter().map(|item| (item, true)).chain(new.iter().map(|item| (item, false))).enumerate() {
            match finder.element(item) {
                Ok(element) => {
                    let (left, right) = pairs.entry(element).or_default();
                    if is_old { left.push(item) } else { right.push(item) }
                }
                Err(message) => {
                    let index = if is_old { index } else { index - old.len() };
                    self.faults.add(&self.path, format!("element {index}: {message}"));
                }
            }
        }
        for (element, (left, right)) in pairs {
            self.path.push(element);
            self.group(finder.item, &left, &right);
            self.path.pop();
        }
    }

    /// Compares the elements of one key. Several of them are one value, without what is in them.
    fn group<'a, S: Shape<'a>>(&mut self, item: S, old: &[&Value], new: &[&Value]) {
        match (old, new) {
            ([], []) => {}
            ([] | [_], [] | [_]) => self.pair(item, old.first().copied(), new.first().copied()),
            ([_, _, ..], [_, _, ..]) => {
                if old.len() != new.len() || old.iter().zip(new).any(|(old, new)| !equal(old, new)) {
                    self.out.modified.insert(&self.path);
                }
            }
            ([_, _, ..], rest) => {
                if let [one] = rest {
                    self.pair(item, None, Some(*one));
                }
                self.out.removed.insert(&self.path);
            }
            (rest, [_, _, ..]) => {
                if let [one] = rest {
                    self.pair(item, Some(*one), None);
                }
                self.out.added.insert(&self.path);
            }
        }
    }
}
