//! GET: one object, a list, or the beginning of a watch. Objects go out as the bytes in which they are kept.

pub mod columns;
pub mod jsonpath;
pub mod lister;
pub mod options;
pub mod table;
pub mod watch;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::kinds::{Kind, Shape, Version};
use crate::store::Object;
use crate::value::object_mut;

/// What of objects the client wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// All of them.
    Whole,
    /// `PartialObjectMetadata`.
    Metadata,
    /// `PartialObjectMetadataList`.
    MetadataList,
    /// `Table`, and what goes along with each row.
    Table(RowObject),
}

/// What goes along with each row of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowObject {
    /// The metadata.
    Metadata,
    /// The object.
    Object,
    /// Nothing.
    None,
}

/// An object in the version of the path.
pub fn whole(kind: &Kind, version: &Version, object: &Object) -> Bytes {
    if kind.is_kept_as(version) {
        return object.json();
    }
    let Ok(value) = object.value() else { return object.json() };
    Bytes::from(seen(kind, version, value).to_string())
}

/// An object as it is kept, seen in a version.
pub fn seen(kind: &Kind, version: &Version, kept: Value) -> Value {
    let mut value = match kind.form {
        Some(form) => form.read(kept),
        None => kept,
    };
    object_mut(&mut value).insert("apiVersion".into(), kind.api_version(&version.name).into());
    if let Shape::Schema(schema) = &version.shape {
        schema.prune(&mut value);
        schema.default(&mut value);
    }
    value
}

/// An object as the client wants it.
///
/// # Errors
/// 500; never, in truth.
pub fn show(kind: &Kind, version: &Version, view: View, object: &Object) -> Result<Bytes, ApiError> {
    let parsed = || object.value().map_err(ApiError::internal);
    match view {
        View::Whole => Ok(whole(kind, version, object)),
        View::Metadata | View::MetadataList => Ok(metadata_only(&parsed()?).to_string().into()),
        View::Table(with) => Ok(table::of(version, &object.version.to_string(), row(kind, version, parsed()?, with)).to_string().into()),
    }
}

/// The row of an object as it is kept. All forms of an object have the same cells; its versions each have their own.
pub fn row(kind: &Kind, version: &Version, kept: Value, with: RowObject) -> Value {
    if kind.is_kept_as(version) {
        return table::row(version, &kept, &kept, with);
    }
    let seen = seen(kind, version, kept.clone());
    table::row(version, if kind.form.is_some() { &kept } else { &seen }, &seen, with)
}

/// The metadata of an object, as an object of its own.
pub fn metadata_only(object: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]})
}
