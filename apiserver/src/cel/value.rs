//! Values of expressions. Documents are looked at where they are, through their schema; only what an expression makes is
//! made.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use kube_cel::cel;
use serde_json::Value;

use super::foreign;
use crate::schema::{Additional, Schema, Type};

/// A value.
#[derive(Clone, Debug)]
pub enum Val<'a> {
    Null,
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(Cow<'a, str>),
    Bytes(Arc<[u8]>),
    /// An object or a list of the document.
    Doc(&'a Value, &'a Schema),
    List(Arc<Vec<Val<'a>>>),
    Map(Arc<Vec<(Val<'a>, Val<'a>)>>),
    Optional(Option<Box<Val<'a>>>),
    /// Times, quantities, addresses and so on, which only the functions of `kube-cel` understand.
    Foreign(cel::Value),
    Type(&'static str),
}

/// A schema that says nothing: of fields that are kept although nobody knows them.
pub static ANYTHING: LazyLock<Schema> = LazyLock::new(Schema::anything);
/// What every object has, whatever its schema says.
static OBJECT_META: LazyLock<Schema> = LazyLock::new(|| Schema::of_texts(&["name", "generateName"]));

impl<'a> Val<'a> {
    /// A value of the document.
    pub fn of(value: &'a Value, schema: &'a Schema) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Number(number) if schema.kind == Some(Type::Number) => Self::Double(number.as_f64().unwrap_or(f64::NAN)),
            Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(number), _, _) => Self::Int(number),
                (None, Some(number), _) => Self::Uint(number),
                // An integer may be written as 3.0.
                (None, None, Some(number)) if schema.kind == Some(Type::Integer) => {
                    format!("{number:.0}").parse().map_or(Self::Double(number), Self::Int)
                }
                (None, None, number) => Self::Double(number.unwrap_or(f64::NAN)),
            },
            Value::String(text) => foreign::formatted(text, schema.format()).unwrap_or(Self::Text(Cow::Borrowed(text))),
            Value::Array(_) | Value::Object(_) => Self::Doc(value, schema),
        }
    }

    /// A text of one's own.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(Cow::Owned(text.into()))
    }

    /// A list of one's own.
    pub fn list(items: Vec<Self>) -> Self {
        Self::List(Arc::new(items))
    }

    /// The name of its type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null_type",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Uint(_) => "uint",
            Self::Double(_) => "double",
            Self::Text(_) => "string",
            Self::Bytes(_) => "bytes",
            Self::Doc(Value::Array(_), _) | Self::List(_) => "list",
            Self::Doc(..) | Self::Map(_) => "map",
            Self::Optional(_) => "optional_type",
            Self::Foreign(cel::Value::Timestamp(_)) => "google.protobuf.Timestamp",
            Self::Foreign(cel::Value::Duration(_)) => "google.protobuf.Duration",
            Self::Foreign(_) => "opaque",
            Self::Type(_) => "type",
        }
    }

    /// How many elements, members or characters it has, if it has any.
    pub fn size(&self) -> Option<usize> {
        match self {
            Self::Text(text) => Some(text.chars().count()),
            Self::Bytes(bytes) => Some(bytes.len()),
            Self::List(items) => Some(items.len()),
            Self::Map(members) => Some(members.len()),
            Self::Doc(Value::Array(items), _) => Some(items.len()),
            Self::Doc(Value::Object(fields), _) => Some(fields.len()),
            _ => None,
        }
    }

    /// What it weighs when it is looked at as a whole: about one per scalar and per ten characters. No more than needed to
    /// exceed `limit` is counted.
    pub fn weight(&self, limit: u64) -> u64 {
        match self {
            Self::Text(text) => 1 + length(text.len() / 10),
            Self::Bytes(bytes) => 1 + length(bytes.len() / 10),
            Self::List(items) => sum(items.iter(), limit, |item, left| item.weight(left)),
            Self::Map(members) => sum(members.iter(), limit, |(key, value), left| key.weight(left) + value.weight(left)),
            Self::Doc(value, _) => weight(value, limit),
            Self::Optional(Some(value)) => 1 + value.weight(limit),
            _ => 1,
        }
    }

    /// The elements of a list, the keys of a map.
    pub fn elements(&self) -> Option<Vec<Self>> {
        match self {
            Self::List(items) => Some(items.to_vec()),
            Self::Map(members) => Some(members.iter().map(|(key, _)| key.clone()).collect()),
            Self::Doc(Value::Array(items), schema) => {
                let of = schema.items.as_deref().unwrap_or(&ANYTHING);
                Some(items.iter().map(|item| Self::of(item, of)).collect())
            }
            Self::Doc(Value::Object(fields), _) => Some(fields.keys().map(|name| Self::Text(Cow::Borrowed(name))).collect()),
            _ => None,
        }
    }

    /// The member of a name, as expressions spell it.
    pub fn member(&self, name: &str) -> Option<Self> {
        match self {
            Self::Doc(Value::Object(fields), schema) => {
                if matches!(schema.additional, Additional::Fitting(_) | Additional::Any) && schema.properties.is_empty() {
                    let of = if let Additional::Fitting(of) = &schema.additional { &**of } else { &*ANYTHING };
                    return fields.get(name).map(|value| Self::of(value, of));
                }
                let plain = unescape(name);
                let of = schema_of_member(schema, &plain)?;
                fields.get(&*plain).map(|value| Self::of(value, of))
            }
            Self::Map(members) => {
                members.iter().find(|(key, _)| matches!(key, Self::Text(key) if key == name)).map(|(_, value)| value.clone())
            }
            _ => None,
        }
    }
}

/// The schema of a member of an object; `None` when rules may not see it.
pub fn schema_of_member<'a>(schema: &'a Schema, name: &str) -> Option<&'a Schema> {
    match (schema.properties.get(name), &schema.additional) {
        (Some(of), _) if name == "metadata" && (schema.root || schema.embedded_resource) && of.properties.is_empty() => Some(&OBJECT_META),
        (Some(of), _) => Some(of),
        (None, Additional::Fitting(of)) => Some(of),
        (None, Additional::Any) => Some(&ANYTHING),
        (None, Additional::None) if schema.root || schema.embedded_resource => match name {
            "apiVersion" | "kind" => Some(&ANYTHING),
            "metadata" => Some(&OBJECT_META),
            _ => schema.preserve_unknown.then(|| &*ANYTHING),
        },
        (None, Additional::None) => schema.preserve_unknown.then(|| &*ANYTHING),
    }
}

const WORDS: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// A member name as it stands in the document, of one as it stands in an expression.
fn unescape(name: &str) -> Cow<'_, str> {
    if !name.contains("__") {
        return Cow::Borrowed(name);
    }
    if let Some(word) = name.strip_prefix("__").and_then(|rest| rest.strip_suffix("__")).filter(|word| WORDS.contains(word)) {
        return Cow::Borrowed(word);
    }
    let pairs = [("__dot__", "."), ("__dash__", "-"), ("__slash__", "/")];
    let plain = pairs.into_iter().fold(name.replace("__underscores__", "\0"), |name, (from, to)| name.replace(from, to));
    Cow::Owned(plain.replace('\0', "__"))
}

fn length(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}

fn sum<T>(items: impl Iterator<Item = T>, limit: u64, weigh: impl Fn(T, u64) -> u64) -> u64 {
    let mut total = 1_u64;
    for item in items {
        total = total.saturating_add(weigh(item, limit.saturating_sub(total)));
        if total > limit {
            break;
        }
    }
    total
}

fn weight(value: &Value, limit: u64) -> u64 {
    match value {
        Value::String(text) => 1 + length(text.len() / 10),
        Value::Array(items) => sum(items.iter(), limit, weight),
        Value::Object(fields) => sum(fields.iter(), limit, |(name, value), left| length(name.len() / 10) + weight(value, left)),
        _ => 1,
    }
}
