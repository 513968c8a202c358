//! Media types: what the client sends, and what it wants to get.

use ::http::{HeaderMap, header};
use bytes::Bytes;
use serde_json::Value;

use crate::error::ApiError;
use crate::http::query::Query;
use crate::patch::Patch;
use crate::read::{RowObject, View};

/// The media type of almost every answer.
pub const JSON: &str = "application/json";
const PATCHES: &str = "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json";

/// The view that the client prefers among those that it accepts.
///
/// # Errors
/// 406 when there is none.
pub fn view(headers: &HeaderMap, query: &Query) -> Result<View, ApiError> {
    let accept = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut accepted = accept.flat_map(|value| value.split(',')).map(str::trim).filter(|part| !part.is_empty()).peekable();
    if accepted.peek().is_none() {
        return Ok(View::Whole);
    }
    accepted.find_map(|part| view_of(part, query)).ok_or_else(ApiError::not_acceptable)
}

fn view_of(media_type: &str, query: &Query) -> Option<View> {
    let mut parts = media_type.split(';').map(str::trim);
    if !matches!(parts.next(), Some("application/json" | "*/*" | "application/*" | "text/plain" | "application/yaml")) {
        return None;
    }
    let parameters: Vec<(&str, &str)> = parts.filter_map(|part| part.split_once('=')).collect();
    let parameter = |name: &str| parameters.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
    match (parameter("as"), parameter("g"), parameter("v")) {
        (None, _, _) => Some(View::Whole),
        (Some("Table"), Some("meta.k8s.io"), Some("v1")) => Some(View::Table(match query.get("includeObject") {
            "Object" => RowObject::Object,
            "None" => RowObject::None,
            _ => RowObject::Metadata,
        })),
        (Some("PartialObjectMetadata" | "PartialObjectMetadataList"), Some("meta.k8s.io"), Some("v1")) => Some(View::Metadata),
        _ => None,
    }
}

fn content_type(headers: &HeaderMap) -> &str {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

/// Reads an object. A body without a type is JSON.
///
/// # Errors
/// 415 and 400.
pub fn object(headers: &HeaderMap, body: &Bytes) -> Result<Value, ApiError> {
    match content_type(headers) {
        "" | JSON | "*/*" | "application/octet-stream" | "text/plain" | "application/x-www-form-urlencoded" => json(body),
        "application/yaml" | "application/x-yaml" | "text/yaml" => yaml(body),
        _ => Err(ApiError::unsupported_media_type("application/json, application/yaml")),
    }
}

/// Reads an object that may be absent.
///
/// # Errors
/// As [`object`].
pub fn optional_object(headers: &HeaderMap, body: &Bytes) -> Result<Value, ApiError> {
    if body.trim_ascii().is_empty() { Ok(Value::Null) } else { object(headers, body) }
}

fn json(body: &Bytes) -> Result<Value, ApiError> {
    serde_json::from_slice(body).map_err(|error| ApiError::bad_request(format!("the body of the request is no JSON: {error}")))
}

fn yaml(body: &Bytes) -> Result<Value, ApiError> {
    let text = std::str::from_utf8(body).map_err(|error| ApiError::bad_request(format!("the body of the request is no YAML: {error}")))?;
    serde_saphyr::from_str(text).map_err(|error| ApiError::bad_request(format!("the body of the request is no YAML: {error}")))
}

/// Reads a patch. Custom kinds have no strategic merge.
///
/// # Errors
/// 415 and 400.
pub fn patch(headers: &HeaderMap, body: &Bytes, custom: bool) -> Result<Patch, ApiError> {
    match content_type(headers) {
        "application/json-patch+json" => Patch::json(json(body)?),
        "application/merge-patch+json" => Ok(Patch::Merge(json(body)?)),
        "application/strategic-merge-patch+json" if !custom => Ok(Patch::Strategic(json(body)?)),
        "application/apply-patch+yaml" | "application/apply-patch+cbor" => {
            let ours = format!("{PATCHES} (server-side apply is not supported yet)");
            Err(ApiError::unsupported_media_type(&ours))
        }
        _ => Err(ApiError::unsupported_media_type(PATCHES)),
    }
}
