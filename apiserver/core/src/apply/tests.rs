//! The types that the tests below walk along, and whole stories of apply and update.

mod laws;
mod stories;

use std::borrow::Cow;

use serde_json::Value;

use super::shape::{Kinds, ListKind, MapKind, Scalar, Shape};

/// A type, owned.
#[derive(Clone, Debug)]
pub enum Tree {
    Text,
    Number,
    /// A text that is this when it is not given.
    Default(Value),
    Struct(Vec<(&'static str, Tree)>),
    AtomicStruct,
    /// Members of any name.
    Map(Box<Tree>),
    AtomicList,
    Set,
    /// Keys and elements.
    Keyed(Vec<&'static str>, Box<Tree>),
    /// Whatever it is.
    Any,
}

impl<'a> Shape<'a> for &'a Tree {
    fn kinds(self) -> Kinds {
        let (mut scalar, mut list, mut map) = (None, None, None);
        match self {
            Tree::Text | Tree::Default(_) => scalar = Some(Scalar::String),
            Tree::Number => scalar = Some(Scalar::Numeric),
            Tree::Struct(_) | Tree::Map(_) => map = Some(MapKind::Granular),
            Tree::AtomicStruct => map = Some(MapKind::Atomic),
            Tree::AtomicList => list = Some(ListKind::Atomic),
            Tree::Set => list = Some(ListKind::Set),
            Tree::Keyed(..) => list = Some(ListKind::Map),
            Tree::Any => (scalar, list, map) = (Some(Scalar::Untyped), Some(ListKind::Atomic), Some(MapKind::Granular)),
        }
        Kinds { scalar, list, map }
    }

    fn keys(self) -> Vec<&'a str> {
        if let Tree::Keyed(keys, _) = self { keys.clone() } else { Vec::new() }
    }

    fn item(self) -> Self {
        match self {
            Tree::Keyed(_, item) => item,
            Tree::Set => &Tree::Text,
            _ => &Tree::Any,
        }
    }

    fn declared(self, name: &str) -> Option<Self> {
        let Tree::Struct(fields) = self else { return None };
        fields.iter().find(|(field, _)| *field == name).map(|(_, inner)| inner)
    }

    fn others(self) -> Option<Self> {
        match self {
            Tree::Map(inner) => Some(inner),
            Tree::Any | Tree::AtomicStruct => Some(&Tree::Any),
            _ => None,
        }
    }

    fn default(self) -> Option<Cow<'a, Value>> {
        if let Tree::Default(value) = self { Some(Cow::Borrowed(value)) } else { None }
    }

    fn is_deduced(self) -> bool {
        matches!(self, Tree::Any)
    }
}

/// The type of the objects in the stories.
pub fn thing() -> Tree {
    use Tree::{Any, AtomicList, AtomicStruct, Default, Keyed, Map, Number, Set, Struct, Text};
    let port = Struct(vec![("port", Number), ("protocol", Default("TCP".into())), ("name", Text)]);
    let part = Struct(vec![
        ("name", Text),
        ("size", Number),
        ("env", Keyed(vec!["name"], Box::new(Struct(vec![("name", Text), ("value", Text)])))),
    ]);
    let spec = Struct(vec![
        ("size", Number),
        ("color", Text),
        ("nested", Struct(vec![("a", Text), ("b", Text), ("deep", Struct(vec![("c", Text)]))])),
        ("labels", Map(Box::new(Text))),
        ("groups", Map(Box::new(Struct(vec![("x", Text), ("y", Text)])))),
        ("ports", Keyed(vec!["port", "protocol"], Box::new(port))),
        ("parts", Keyed(vec!["name"], Box::new(part))),
        ("set", Set),
        ("list", AtomicList),
        ("whole", AtomicStruct),
        ("free", Any),
    ]);
    let metadata = Struct(vec![
        ("name", Text),
        ("labels", Map(Box::new(Text))),
        ("annotations", Map(Box::new(Text))),
        ("resourceVersion", Text),
        ("managedFields", AtomicList),
    ]);
    Struct(vec![("apiVersion", Text), ("kind", Text), ("metadata", metadata), ("spec", spec), ("status", Any)])
}
