//! The schema as server-side apply sees it: what a value may be, and of what parts. Source: the conversion of OpenAPI
//! schemas in k8s.io/kube-openapi/pkg/schemaconv.

use ebb_apiserver_core::apply::{Kinds, ListKind, MapKind, Scalar};
use serde_json::Value;

use super::{Additional, ListType, Schema, Type};

/// What members that are not named may be.
pub enum Others<'a> {
    /// There may be none.
    None,
    /// Anything.
    Any,
    /// What fits.
    Fitting(&'a Schema),
}

impl Schema {
    /// What a value may be.
    pub fn kinds(&self) -> Kinds {
        let list = match &self.list_type {
            ListType::Atomic => ListKind::Atomic,
            ListType::Set => ListKind::Set,
            ListType::Map(_) => ListKind::Map,
        };
        let map = if self.atomic_map { MapKind::Atomic } else { MapKind::Granular };
        let scalar = |scalar| Kinds { scalar: Some(scalar), ..Kinds::default() };
        match self.kind.filter(|_| !self.int_or_string) {
            None => Kinds { scalar: Some(Scalar::Untyped), list: Some(list), map: Some(map) },
            Some(Type::Object) => Kinds { map: Some(map), ..Kinds::default() },
            Some(Type::Array) => Kinds { list: Some(list), ..Kinds::default() },
            Some(Type::Integer | Type::Number) => scalar(Scalar::Numeric),
            Some(Type::Boolean) => scalar(Scalar::Boolean),
            Some(Type::String) => match self.limits.as_ref().and_then(|limits| limits.format.as_deref()) {
                None | Some("" | "byte") => scalar(Scalar::String),
                Some(_) => scalar(Scalar::Untyped),
            },
        }
    }

    /// The members by which elements are found.
    pub fn keys(&self) -> Vec<&str> {
        if let ListType::Map(keys) = &self.list_type { keys.iter().map(String::as_str).collect() } else { Vec::new() }
    }

    /// The schema of elements, if there is one.
    pub fn element(&self) -> Option<&Self> {
        self.items.as_deref()
    }

    /// What other members may be. `preserved`: the schema, or one around it, keeps what it does not know.
    pub fn others(&self, preserved: bool) -> Others<'_> {
        match &self.additional {
            Additional::Fitting(schema) => Others::Fitting(schema),
            Additional::Any => Others::Any,
            Additional::None if preserved || self.preserve_unknown || self.properties.is_empty() => Others::Any,
            Additional::None => Others::None,
        }
    }

    /// Whether what it does not know is kept, here and below.
    pub fn preserves(&self) -> bool {
        self.preserve_unknown
    }

    /// Whether it names no member and allows any.
    pub fn is_open(&self, preserved: bool) -> bool {
        self.properties.is_empty() && matches!(self.others(preserved), Others::Any)
    }

    /// Whether values are whole objects, with metadata.
    pub fn is_embedded(&self) -> bool {
        self.embedded_resource
    }

    /// What a value is when it is not given.
    pub fn default_value(&self) -> Option<&Value> {
        self.default.as_deref()
    }
}
