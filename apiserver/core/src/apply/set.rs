//! Sets of fields: trees in which some nodes are members. FieldsV1 is their JSON.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::element::{Element, Path, Unreadable};
use super::shape::Shape;

/// A set of fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set(BTreeMap<Element, Node>);

/// A node is there if it is a member or has members below.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Node {
    member: bool,
    below: Set,
}

impl Node {
    fn is_empty(&self) -> bool {
        !self.member && self.below.is_empty()
    }
}

impl Set {
    /// A set of paths.
    pub fn of<'a>(paths: impl IntoIterator<Item = &'a [&'a str]>) -> Self {
        let mut set = Self::default();
        for path in paths {
            set.insert(&path.iter().map(|name| Element::field(name)).collect::<Path>());
        }
        set
    }

    /// Adds a field. The empty path is no field: nobody owns an object as a whole.
    pub fn insert(&mut self, path: &[Element]) {
        if let [first, rest @ ..] = path {
            let node = self.0.entry(first.clone()).or_default();
            if rest.is_empty() { node.member = true } else { node.below.insert(rest) }
        }
    }

    /// Whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a field is a member.
    pub fn has(&self, path: &[Element]) -> bool {
        match path {
            [] => false,
            [last] => self.0.get(last).is_some_and(|node| node.member),
            [first, rest @ ..] => self.0.get(first).is_some_and(|node| node.below.has(rest)),
        }
    }

    /// Whether a field of this level is a member.
    pub fn has_here(&self, element: &Element) -> bool {
        self.0.get(element).is_some_and(|node| node.member)
    }

    /// The members below a field of this level.
    pub fn below(&self, element: &Element) -> Option<&Self> {
        self.0.get(element).map(|node| &node.below).filter(|below| !below.is_empty())
    }

    /// The steps of this level: the step, whether it is a member, and what is below it.
    pub(crate) fn steps(&self) -> impl Iterator<Item = (&Element, bool, &Self)> {
        self.0.iter().map(|(element, node)| (element, node.member, &node.below))
    }

    fn keep(nodes: impl Iterator<Item = (Element, Node)>) -> Self {
        Self(nodes.filter(|(_, node)| !node.is_empty()).collect())
    }

    /// What is in one or the other.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let mut all = self.clone();
        for (element, node) in &other.0 {
            let mine = all.0.entry(element.clone()).or_default();
            mine.member |= node.member;
            mine.below = if mine.below.is_empty() { node.below.clone() } else { mine.below.union(&node.below) };
        }
        all
    }

    /// What is in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self::keep(self.0.iter().filter_map(|(element, node)| {
            let theirs = other.0.get(element)?;
            let both = Node { member: node.member && theirs.member, below: node.below.intersection(&theirs.below) };
            Some((element.clone(), both))
        }))
    }

    /// What is in this and not in the other.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Self {
        Self::keep(self.0.iter().map(|(element, node)| {
            let rest = match other.0.get(element) {
                None => node.clone(),
                Some(theirs) => Node { member: node.member && !theirs.member, below: node.below.difference(&theirs.below) },
            };
            (element.clone(), rest)
        }))
    }

    /// What is in this and neither in the other nor below something in the other.
    #[must_use]
    pub fn recursive_difference(&self, other: &Self) -> Self {
        Self::keep(self.0.iter().map(|(element, node)| {
            let rest = match other.0.get(element) {
                None => node.clone(),
                Some(theirs) if theirs.member => Node::default(),
                Some(theirs) => Node { member: node.member, below: node.below.recursive_difference(&theirs.below) },
            };
            (element.clone(), rest)
        }))
    }

    /// The set in which each declared field with members below it is a member too: such fields go when the last member
    /// below them goes.
    #[must_use]
    pub fn with_declared<'a, S: Shape<'a>>(&self, shape: Option<S>) -> Self {
        Self(self.0.iter().map(|(element, node)| (element.clone(), node.with_declared(element, shape))).collect())
    }

    /// All members, those of a level before those below it, which is the order in which messages name them.
    pub fn paths(&self) -> Vec<Path> {
        let mut paths = Vec::new();
        self.collect(&mut Vec::new(), &mut paths);
        paths
    }

    fn collect(&self, prefix: &mut Path, paths: &mut Vec<Path>) {
        for element in self.0.iter().filter(|(_, node)| node.member).map(|(element, _)| element) {
            let mut path = prefix.clone();
            path.push(element.clone());
            paths.push(path);
        }
        for (element, node) in self.0.iter().filter(|(_, node)| !node.below.is_empty()) {
            prefix.push(element.clone());
            node.below.collect(prefix, paths);
            prefix.pop();
        }
    }

    /// FieldsV1.
    pub fn to_json(&self) -> Value {
        let node = |node: &Node| match node.below.to_json() {
            Value::Object(below) if node.member && !below.is_empty() => {
                let own = std::iter::once((".".to_owned(), Value::Object(Map::new())));
                Value::Object(own.chain(below).collect())
            }
            below => below,
        };
        Value::Object(self.0.iter().map(|(element, held)| (element.encode(), node(held))).collect())
    }

    /// Reads FieldsV1; `None` when it is not.
    pub fn from_json(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(Self::default()),
            Value::Object(fields) => Some(Self::read(fields)?.1),
            _ => None,
        }
    }

    /// Whether the node itself is a member, and what is below it.
    fn read(fields: &Map<String, Value>) -> Option<(bool, Self)> {
        let mut set = Self::default();
        let mut member = false;
        for (name, value) in fields {
            if name == "." {
                member = true;
                continue;
            }
            let element = match Element::parse(name) {
                Ok(element) => element,
                Err(Unreadable::Unknown) => continue,
                Err(Unreadable::Malformed) => return None,
            };
            let (own, below) = match value {
                Value::Null => (true, Self::default()),
                Value::Object(fields) => Self::read(fields)?,
                _ => return None,
            };
            let node = set.0.entry(element).or_default();
            node.member |= own;
            node.below = node.below.union(&below);
        }
        let member = member || set.is_empty();
        Some((member, set))
    }
}

impl Node {
    fn with_declared<'a, S: Shape<'a>>(&self, element: &Element, shape: Option<S>) -> Self {
        let declared = match (element, shape) {
            (Element::Field(name), Some(shape)) if shape.kinds().map.is_some() => shape.declared(name),
            _ => None,
        };
        let inner = match (element, shape) {
            (Element::Field(_), Some(shape)) if shape.kinds().map.is_some() => declared.or_else(|| shape.others()),
            (Element::Key(_), Some(shape)) if shape.kinds().list.is_some() => Some(shape.item()),
            _ => None,
        };
        let member = self.member || (declared.is_some() && !self.below.is_empty());
        Self { member, below: self.below.with_declared(inner) }
    }
}

#[cfg(test)]
mod tests;
