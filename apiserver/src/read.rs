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
    if version.name == kind.stored {
        return object.json();
    }
    let Ok(mut value) = object.value() else { return object.json() };
    object_mut(&mut value).insert("apiVersion".into(), kind.api_version(&version.name).into());
    if let Shape::Schema(schema) = &version.shape {
        schema.prune(&mut value);
        schema.default(&mut value);
    }
    Bytes::from(value.to_string())
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
        View::Table(with) => Ok(table::of(version, &object.version.to_string(), &parsed()?, with).to_string().into()),
    }
}

/// The metadata of an object, as an object of its own.
pub fn metadata_only(object: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"]})
}
