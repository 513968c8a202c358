//! An applied configuration laid over an object. Where both say something, the configuration wins; lists with keys keep the
//! order of the configuration among its own elements, and the rest of the object's where it was.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Map, Value};

use super::{Faults, Finder, list, map, scalar_fault};
use crate::apply::element::{Element, Path};
use crate::apply::shape::{Form, ListKind, MapKind, Shape, form};

/// Lays a configuration over an object.
///
/// # Errors
/// What does not fit the type.
pub fn merge<'a, S: Shape<'a>>(shape: S, object: &Value, config: &Value) -> Result<Value, Faults> {
    let mut walk = Walk { path: Vec::new(), faults: Faults::default() };
    let merged = walk.pair(shape, Some(object), Some(config));
    walk.faults.none()?;
    Ok(merged.unwrap_or(Value::Null))
}

struct Walk {
    path: Path,
    faults: Faults,
}

impl Walk {
    fn pair<'a, S: Shape<'a>>(&mut self, shape: S, left: Option<&Value>, right: Option<&Value>) -> Option<Value> {
        let (before, after) = (form(shape, left), form(shape, right));
        match (left, right) {
            (_, None) => self.one(shape, before, left, right),
            (None, _) => self.one(shape, after, left, right),
            _ if before == after => self.one(shape, after, left, right),
            // Only the faults of the object's own form count.
            _ => {
                self.one(shape, before, left, right);
                self.one(shape, after, left, right)
            }
        }
    }

    fn one<'a, S: Shape<'a>>(&mut self, shape: S, form: Option<Form>, left: Option<&Value>, right: Option<&Value>) -> Option<Value> {
        let kinds = shape.kinds();
        let whole = || right.or(left).cloned();
        match form {
            Some(Form::Scalar) => {
                let fault = |value| kinds.scalar.and_then(|kind| scalar_fault(kind, value));
                if let (Some(left), Some(right)) = (fault(left), fault(right)) {
                    self.faults.add(&self.path, format!("lhs: {left}"));
                    self.faults.add(&self.path, format!("rhs: {right}"));
                    return None;
                }
                whole()
            }
            Some(Form::List) => {
                let (old, new) = (list(left), list(right));
                let empty = old.is_none_or(<[Value]>::is_empty) && new.is_none_or(<[Value]>::is_empty);
                match kinds.list {
                    Some(kind) if kind != ListKind::Atomic && !empty => {
                        self.items(&Finder::new(shape, kind), old.unwrap_or_default(), new.unwrap_or_default())
                    }
                    _ => whole(),
                }
            }
            Some(Form::Map) => {
                let (old, new) = (map(left), map(right));
                let empty = old.is_none_or(Map::is_empty) && new.is_none_or(Map::is_empty);
                if kinds.map == Some(MapKind::Atomic) || empty { whole() } else { self.fields(shape, old, new) }
            }
            None => {
                self.faults.add(&self.path, "schema error: invalid atom");
                None
            }
        }
    }

    fn fields<'a, S: Shape<'a>>(
        &mut self,
        shape: S,
        left: Option<&Map<String, Value>>,
        right: Option<&Map<String, Value>>,
    ) -> Option<Value> {
        let own = left.into_iter().flatten().map(|(name, _)| name);
        let new = right.into_iter().flatten().map(|(name, _)| name).filter(|name| left.is_none_or(|left| !left.contains_key(*name)));
        let mut out = Map::new();
        for name in own.chain(new) {
            let (left, right) = (left.and_then(|fields| fields.get(name)), right.and_then(|fields| fields.get(name)));
            self.path.push(Element::field(name));
            match shape.member(name) {
                Some(inner) => out.extend(self.pair(inner, left, right).map(|value| (name.clone(), value))),
                None => self.faults.add(&self.path, "field not declared in schema"),
            }
            self.path.pop();
        }
        (!out.is_empty()).then_some(Value::Object(out))
    }

    fn index<'v, 'a, S: Shape<'a>>(&mut self, finder: &Finder<'a, S>, items: &'v [Value], duplicates: bool) -> Index<'v> {
        let mut index = Index::default();
        for (place, item) in items.iter().enumerate() {
            match finder.element(item) {
                Err(message) => self.faults.add(&self.path, format!("element {place}: {message}")),
                Ok(element) if index.found.contains_key(&element) => {
                    if !duplicates {
                        self.faults.add(&self.path, format!("duplicate entries for key {element}"));
                        continue;
                    }
                    index.found.insert(element.clone(), &Value::Null);
                    index.order.push((element, item));
                }
                Ok(element) => {
                    index.found.insert(element.clone(), item);
                    index.order.push((element, item));
                }
            }
        }
        index
    }

    fn item<'a, S: Shape<'a>>(&mut self, item: S, element: &Element, left: Option<&Value>, right: Option<&Value>, out: &mut Vec<Value>) {
        self.path.push(element.clone());
        out.extend(self.pair(item, left, right));
        self.path.pop();
    }

    fn items<'a, S: Shape<'a>>(&mut self, finder: &Finder<'a, S>, left: &[Value], right: &[Value]) -> Option<Value> {
        let new = self.index(finder, right, false);
        let old = self.index(finder, left, true);
        if !self.faults.0.is_empty() {
            return None;
        }
        let mut shared: VecDeque<&Element> =
            new.order.iter().map(|(element, _)| element).filter(|element| old.found.contains_key(*element)).collect();
        let mut next = shared.pop_front();
        let mut merged = BTreeSet::new();
        let mut out = Vec::new();
        let (mut at_old, mut at_new) = (0, 0);
        loop {
            let (mine, theirs) = (old.order.get(at_old), new.order.get(at_new));
            match (mine, theirs) {
                (None, None) => break,
                (Some((element, _)), Some((other, _))) if element == other => {
                    merged.insert(element.clone());
                    self.item(finder.item, element, old.get(element), new.get(element), &mut out);
                    (at_old, at_new, next) = (at_old + 1, at_new + 1, shared.pop_front());
                    continue;
                }
                // Shared, but not the one whose turn it is: it comes where the configuration has it.
                (Some((element, _)), Some(_)) if new.found.contains_key(element) && next.is_some_and(|next| next != element) => {
                    at_old += 1;
                    continue;
                }
                (Some((element, item)), _) if !new.found.contains_key(element) => {
                    self.item(finder.item, element, Some(*item), None, &mut out);
                    at_old += 1;
                    continue;
                }
                (Some((element, _)), _) if merged.contains(element) => at_old += 1,
                _ => {}
            }
            if let Some((element, _)) = theirs {
                merged.insert(element.clone());
                self.item(finder.item, element, old.get(element), new.get(element), &mut out);
                at_new += 1;
                if next.is_some_and(|next| next == element) {
                    next = shared.pop_front();
                }
            }
        }
        (!out.is_empty()).then_some(Value::Array(out))
    }
}

/// The elements of a list in their order, and by their keys. One that is there twice counts as null, so that nothing is
/// merged into it.
#[derive(Default)]
struct Index<'v> {
    order: Vec<(Element, &'v Value)>,
    found: BTreeMap<Element, &'v Value>,
}

impl<'v> Index<'v> {
    fn get(&self, element: &Element) -> Option<&'v Value> {
        self.found.get(element).copied()
    }
}
