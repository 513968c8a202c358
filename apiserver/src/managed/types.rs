//! The types of objects as server-side apply walks them: built-in kinds by their table, custom kinds by their schema.

use std::borrow::Cow;

use ebb_apiserver_core::apply::{Kinds, ListKind, MapKind, Scalar, Shape};
use serde_json::Value;

use super::table::{self, Field, Struct};
use crate::kinds::{self, Kind, Version};
use crate::schema::Schema;
use crate::schema::ownership::Others;

/// A type.
#[derive(Clone, Copy)]
pub enum Type<'a> {
    /// Part of a built-in kind of which nothing is to be said: a leaf, a list that is one value, a struct.
    Plain,
    /// Whatever it is; members of maps are owned one by one, and lists as a whole.
    Deduced,
    /// Whatever it is, as a whole.
    Whole,
    /// A text that is this when it is not given.
    Text(&'static str),
    /// A list of values, each once.
    Set,
    /// A list of structs, found by these members.
    Keyed(&'static [&'static str], &'static Struct),
    /// A list of structs, found by these members, each of them one value.
    KeyedWhole(&'static [&'static str]),
    /// A struct of a built-in kind.
    Struct(&'static Struct),
    /// What a schema describes; the flag tells whether a schema around it keeps what it does not know.
    Schema(&'a Schema, bool),
    /// A custom object: metadata besides what the schema describes.
    Object(Option<&'a Schema>),
}

/// The type of objects of a kind in a version.
pub fn of<'a>(kind: &Kind, version: &'a Version) -> Type<'a> {
    match &version.shape {
        kinds::Shape::Typed(_) => Type::Struct(table::of(&kind.group, &kind.kind)),
        kinds::Shape::Schema(schema) => Type::Object(Some(schema)),
        kinds::Shape::Free => Type::Object(None),
    }
}

impl Type<'_> {
    const EVERYTHING: Kinds = Kinds { scalar: Some(Scalar::Untyped), list: Some(ListKind::Atomic), map: Some(MapKind::Granular) };
}

impl Field {
    fn type_of(&self) -> Type<'static> {
        match self {
            Self::Always(inner) | Self::Maybe(inner) => Type::Struct(inner),
            Self::Whole | Self::AlwaysWhole => Type::Whole,
            Self::Keyed(keys, inner) | Self::AlwaysKeyed(keys, inner) => Type::Keyed(keys, inner),
            Self::KeyedWhole(keys) => Type::KeyedWhole(keys),
            Self::Set => Type::Set,
            Self::AlwaysList => Type::Plain,
            Self::Default(text) => Type::Text(text),
        }
    }
}

impl<'a> Shape<'a> for Type<'a> {
    fn kinds(self) -> Kinds {
        match self {
            Self::Plain | Self::Deduced => Self::EVERYTHING,
            Self::Whole => Kinds { map: Some(MapKind::Atomic), ..Self::EVERYTHING },
            Self::Text(_) => Kinds { scalar: Some(Scalar::String), ..Kinds::default() },
            Self::Set => Kinds { list: Some(ListKind::Set), ..Kinds::default() },
            Self::Keyed(..) | Self::KeyedWhole(_) => Kinds { list: Some(ListKind::Map), ..Kinds::default() },
            Self::Struct(_) | Self::Object(None) => Kinds { map: Some(MapKind::Granular), ..Kinds::default() },
            Self::Schema(schema, _) | Self::Object(Some(schema)) => schema.kinds(),
        }
    }

    fn keys(self) -> Vec<&'a str> {
        match self {
            Self::Keyed(keys, _) | Self::KeyedWhole(keys) => keys.to_vec(),
            Self::Schema(schema, _) => schema.keys(),
            _ => Vec::new(),
        }
    }

    fn item(self) -> Self {
        match self {
            Self::Keyed(_, inner) => Self::Struct(inner),
            Self::Plain | Self::Set => Self::Plain,
            Self::Schema(schema, kept) => schema.element().map_or(Self::Whole, |inner| Self::Schema(inner, kept || schema.preserves())),
            _ => Self::Whole,
        }
    }

    fn declared(self, name: &str) -> Option<Self> {
        let schema = match self {
            Self::Plain => return Some(Self::Plain),
            Self::Struct(Struct(fields)) => {
                let known = fields.iter().find(|(field, _)| *field == name);
                return Some(known.map_or(Self::Plain, |(_, field)| field.type_of()));
            }
            Self::Object(schema) => schema.map(|schema| (schema, false, true)),
            Self::Schema(schema, kept) => Some((schema, kept, schema.is_embedded())),
            _ => None,
        };
        match (name, schema) {
            ("apiVersion" | "kind", Some((_, _, true))) => Some(Self::Plain),
            ("metadata", Some((_, _, true))) => Some(Self::Struct(&table::METADATA)),
            (name, Some((schema, kept, _))) => schema.property(name).map(|inner| Self::Schema(inner, kept || schema.preserves())),
            ("apiVersion" | "kind", None) if matches!(self, Self::Object(None)) => Some(Self::Plain),
            ("metadata", None) if matches!(self, Self::Object(None)) => Some(Self::Struct(&table::METADATA)),
            _ => None,
        }
    }

    fn others(self) -> Option<Self> {
        let (schema, kept) = match self {
            Self::Plain | Self::Struct(_) => return None,
            Self::Deduced | Self::Object(None) => return Some(Self::Deduced),
            Self::Schema(schema, kept) => (schema, kept),
            Self::Object(Some(schema)) => (schema, false),
            _ => return Some(Self::Whole),
        };
        match schema.others(kept) {
            Others::None => None,
            Others::Any => Some(Self::Deduced),
            Others::Fitting(inner) => Some(Self::Schema(inner, kept || schema.preserves())),
        }
    }

    fn default(self) -> Option<Cow<'a, Value>> {
        match self {
            Self::Text(text) => Some(Cow::Owned(text.into())),
            Self::Schema(schema, _) => schema.default_value().map(Cow::Borrowed),
            _ => None,
        }
    }

    fn is_deduced(self) -> bool {
        match self {
            Self::Plain | Self::Deduced => true,
            Self::Schema(schema, kept) => schema.is_open(kept),
            _ => false,
        }
    }
}
