//! What the walks must know of the type of a value: whether it is a scalar, a list or a map, and what its parts are. Where
//! types come from (schemas of custom kinds, a table of the built-in ones) is the shell's business.

use std::borrow::Cow;

use serde_json::Value;

/// What a scalar may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// A number.
    Numeric,
    /// A text.
    String,
    /// True or false.
    Boolean,
    /// Any of them.
    Untyped,
}

/// What a list is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListKind {
    /// One value: it is owned as a whole.
    Atomic,
    /// Each element is owned by itself, and is found by its value.
    Set,
    /// Each element is owned by itself, and is found by some of its members.
    Map,
}

/// What a map is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapKind {
    /// Each member is owned by itself.
    Granular,
    /// One value: it is owned as a whole.
    Atomic,
}

/// What a value may be. Mostly one of the three; all of them where the type is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds {
    /// A scalar.
    pub scalar: Option<Scalar>,
    /// A list.
    pub list: Option<ListKind>,
    /// A map.
    pub map: Option<MapKind>,
}

/// A type.
pub trait Shape<'a>: Copy + 'a {
    /// What a value may be.
    fn kinds(self) -> Kinds;

    /// The members by which elements of a [`ListKind::Map`] are found.
    fn keys(self) -> Vec<&'a str>;

    /// The type of elements.
    fn item(self) -> Self;

    /// The type of a member that the type names.
    fn declared(self, name: &str) -> Option<Self>;

    /// The type of members that the type does not name; `None` when there may be none.
    fn others(self) -> Option<Self>;

    /// What the value is when it is not given.
    fn default(self) -> Option<Cow<'a, Value>>;

    /// Whether nothing is known of a map: its members are whatever they are.
    fn is_deduced(self) -> bool;

    /// The type of a member, named or not.
    fn member(self, name: &str) -> Option<Self> {
        self.declared(name).or_else(|| self.others())
    }
}

/// As what a value is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Map,
    Scalar,
    List,
}

/// The form of a value: what it is if its type allows that, else what its type is.
pub(crate) fn form<'a, S: Shape<'a>>(shape: S, value: Option<&Value>) -> Option<Form> {
    let kinds = shape.kinds();
    let own = match value {
        Some(Value::Object(_)) if kinds.map.is_some() => Some(Form::Map),
        Some(Value::Array(_)) if kinds.list.is_some() => Some(Form::List),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_)) if kinds.scalar.is_some() => Some(Form::Scalar),
        _ => None,
    };
    let map = kinds.map.map(|_| Form::Map);
    own.or(map).or(kinds.scalar.map(|_| Form::Scalar)).or(kinds.list.map(|_| Form::List))
}
