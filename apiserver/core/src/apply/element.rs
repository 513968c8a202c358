//! One step of the way to a field: a member of a map, an element of a list by its keys or by its value, or a plain index.
//! `f:`, `k:`, `v:` and `i:` in FieldsV1.

use std::cmp::Ordering;
use std::fmt;

use serde_json::{Map, Value};

use super::order;

/// A step.
#[derive(Clone, Debug)]
pub enum Element {
    /// The member of a map.
    Field(Box<str>),
    /// The element of a list that has these members, sorted by name.
    Key(Vec<(Box<str>, Value)>),
    /// The element of a list that is this value.
    Value(Value),
    /// The element at a place of a list.
    Index(i64),
}

/// The way to a field.
pub type Path = Vec<Element>;

/// Why a step cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is of a kind that only later releases know; it is passed over.
    Unknown,
    /// It is none.
    Malformed,
}

impl Element {
    /// The member of a map.
    pub fn field(name: &str) -> Self {
        Self::Field(name.into())
    }

    /// The element of a list with these members.
    pub fn key(mut members: Vec<(Box<str>, Value)>) -> Self {
        members.sort_by(|a, b| a.0.cmp(&b.0));
        Self::Key(members)
    }

    /// Reads a step as FieldsV1 spells it.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        let (kind, rest) = text.split_once(':').filter(|(kind, _)| kind.len() == 1).ok_or(Unreadable::Malformed)?;
        let value = || serde_json::from_str::<Value>(rest).map_err(|_| Unreadable::Malformed);
        match kind {
            "f" => Ok(Self::field(rest)),
            "v" => value().map(Self::Value),
            "i" => rest.parse().map(Self::Index).map_err(|_| Unreadable::Malformed),
            "k" => match value()? {
                Value::Object(members) => Ok(Self::key(members.into_iter().map(|(name, value)| (name.into(), value)).collect())),
                _ => Err(Unreadable::Malformed),
            },
            _ => Err(Unreadable::Unknown),
        }
    }

    /// The step as FieldsV1 spells it.
    pub fn encode(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(members) => {
                let members: Map<String, Value> = members.iter().map(|(name, value)| (name.to_string(), value.clone())).collect();
                format!("k:{}", escaped(&Value::Object(members)))
            }
            Self::Value(value) => format!("v:{}", escaped(value)),
            Self::Index(index) => format!("i:{index}"),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Field(_) => 0,
            Self::Key(_) => 1,
            Self::Value(_) => 2,
            Self::Index(_) => 3,
        }
    }
}

/// JSON as upstream's encoder writes it into keys: with the characters of HTML escaped.
fn escaped(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

impl Ord for Element {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Field(a), Self::Field(b)) => a.cmp(b),
            (Self::Index(a), Self::Index(b)) => a.cmp(b),
            (Self::Value(a), Self::Value(b)) => order::compare(a, b),
            (Self::Key(a), Self::Key(b)) => {
                let members = a.iter().zip(b).map(|(a, b)| a.0.cmp(&b.0).then_with(|| order::compare(&a.1, &b.1)));
                members.fold(Ordering::Equal, Ordering::then).then(a.len().cmp(&b.len()))
            }
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Element {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Element {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Element {}

/// As messages show it: `.name`, `[name="x"]`, `[="x"]`, `[0]`.
impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(f, ".{name}"),
            Self::Key(members) => {
                let members: Vec<String> = members.iter().map(|(name, value)| format!("{name}={value}")).collect();
                write!(f, "[{}]", members.join(","))
            }
            Self::Value(value) => write!(f, "[={value}]"),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// A path as messages show it.
pub fn show(path: &[Element]) -> String {
    path.iter().map(Element::to_string).collect()
}
