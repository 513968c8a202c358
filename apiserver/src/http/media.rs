//! Media types: what the client sends, and what it wants to get.

use ::http::{HeaderMap, header};
use bytes::Bytes;
use ebb_apiserver_core::protobuf;
use serde_json::Value;
use serde_saphyr::DuplicateKeyPolicy;

use crate::error::ApiError;
use crate::http::query::Query;
use crate::http::repeated;
use crate::http::represent::Format;
use crate::patch::Patch;
use crate::read::{RowObject, View};
use crate::value::text;

/// The media type of almost every answer.
pub const JSON: &str = "application/json";
const JSON_PATCHES: &str = "application/json-patch+json, application/merge-patch+json";
const APPLY: &str = "application/apply-patch+yaml";

/// The media types of bodies and answers of built-in kinds; custom kinds have no protobuf.
pub const ACCEPTED: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
/// The media types of watches.
pub const STREAMED: &str = "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch";
const ACCEPTED_CUSTOM: &str = "application/json, application/yaml";

fn accepted(custom: bool) -> &'static str {
    if custom { ACCEPTED_CUSTOM } else { ACCEPTED }
}

/// One media type that a client accepts.
#[derive(Clone, Debug, PartialEq)]
pub struct Clause<'a> {
    /// Without parameters.
    pub media_type: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
}

impl Clause<'_> {
    /// A parameter, or empty.
    pub fn parameter(&self, name: &str) -> &str {
        self.parameters.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    }
}

/// What a client accepts, the dearest first; but JSON in front of protobuf, which says the same and has to be made.
pub fn clauses(headers: &HeaderMap) -> Vec<Clause<'_>> {
    let accept = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut clauses: Vec<(f32, Clause<'_>)> = accept.flat_map(|value| value.split(',')).filter_map(clause).collect();
    clauses.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    let (protobuf, mut others): (Vec<Clause<'_>>, Vec<Clause<'_>>) =
        clauses.into_iter().map(|(_, clause)| clause).partition(|clause| clause.media_type == protobuf::MEDIA_TYPE);
    others.extend(protobuf);
    others
}

fn clause(text: &str) -> Option<(f32, Clause<'_>)> {
    let mut parts = text.split(';').map(str::trim);
    let media_type = parts.next().filter(|media_type| !media_type.is_empty())?;
    let parameters: Vec<(&str, &str)> = parts.filter_map(|part| part.split_once('=')).collect();
    let clause = Clause { media_type, parameters };
    let quality = clause.parameter("q").parse().unwrap_or(1.0);
    Some((quality, clause))
}

/// Whether the answer is a watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watched {
    /// It is about one object, or a write.
    Never,
    /// It could be: it is about a collection.
    Perhaps,
    /// It is.
    Now,
}

/// The view that the client prefers among those that it accepts.
///
/// # Errors
/// 406 when there is none, and for watches as YAML, 400 for tables with something odd in their rows.
pub fn view(headers: &HeaderMap, query: &Query, custom: bool, may: Watched) -> Result<View, ApiError> {
    let clauses = clauses(headers);
    if clauses.is_empty() {
        return Ok(View::Whole);
    }
    let view = clauses.iter().find_map(|clause| view_of(clause, query, custom));
    let view = view.ok_or_else(|| match clauses.iter().any(|clause| custom || Format::of(clause.media_type).is_some()) {
        true => ApiError::not_acceptable_but(accepted(custom)),
        false => ApiError::not_acceptable(may != Watched::Never),
    })?;
    if may == Watched::Now && clauses.iter().find_map(|clause| Format::of(clause.media_type)) == Some(Format::Yaml) {
        return Err(ApiError::not_acceptable_but(STREAMED));
    }
    match (view, query.get("includeObject")) {
        (View::Table(_), "" | "Metadata" | "Object" | "None") => Ok(view),
        (View::Table(_), odd) => {
            let why = "must be 'Metadata', 'Object', 'None', or empty";
            let message = format!("Unable to convert to Table as requested: includeObject: Invalid value: {odd:?}: {why}");
            Err(ApiError::bad_request(message))
        }
        _ => Ok(view),
    }
}

fn view_of(clause: &Clause<'_>, query: &Query, custom: bool) -> Option<View> {
    Format::of(clause.media_type).filter(|format| !custom || *format != Format::Protobuf)?;
    match (clause.parameter("as"), clause.parameter("g"), clause.parameter("v")) {
        ("", "", "") => Some(View::Whole),
        ("Table", "meta.k8s.io", "v1") => Some(View::Table(match query.get("includeObject") {
            "Object" => RowObject::Object,
            "None" => RowObject::None,
            _ => RowObject::Metadata,
        })),
        ("PartialObjectMetadata", "meta.k8s.io", "v1") => Some(View::Metadata),
        ("PartialObjectMetadataList", "meta.k8s.io", "v1") => Some(View::MetadataList),
        _ => None,
    }
}

fn content_type(headers: &HeaderMap) -> &str {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim()
}

/// Reads an object of a kind. A body without a type is JSON. Custom kinds have no protobuf.
///
/// # Errors
/// 415 and 400.
pub fn object(headers: &HeaderMap, body: &Bytes, kind: &str, custom: bool) -> Result<Value, ApiError> {
    let unrecognized = |why: String| {
        ApiError::bad_request(format!("the object provided is unrecognized (must be of type {kind}): {why} ({})", summary(body)))
    };
    let unparsed = |why: String| unrecognized(format!("couldn't get version/kind; json parse error: {why}"));
    match content_type(headers) {
        "" | JSON => match serde_json::from_slice(body) {
            Ok(value @ Value::Object(_)) => match ["kind", "apiVersion"].into_iter().find(|name| text(&value, &[*name]).is_empty()) {
                Some(missing) if custom => {
                    let missing = if missing == "kind" { "Kind" } else { missing };
                    Err(unrecognized(format!("Object '{missing}' is missing in '{}'", String::from_utf8_lossy(body))))
                }
                _ => Ok(value),
            },
            Ok(other) => Err(unparsed(no_object(&other, HEAD))),
            Err(error) => Err(unparsed(json_fault(body, &error))),
        },
        "application/yaml" => yaml(body).map_err(|why| unrecognized(format!("yaml: {why}"))),
        protobuf::MEDIA_TYPE if !custom => protobuf::decode(body).map_err(|fault| unrecognized(fault.to_string())),
        _ => Err(ApiError::unsupported_media_type(accepted(custom))),
    }
}

/// Reads options that may be absent. They have protobuf, whatever they are about.
///
/// # Errors
/// As [`object`].
pub fn optional_object(headers: &HeaderMap, body: &Bytes) -> Result<Value, ApiError> {
    if body.trim_ascii().is_empty() {
        return Ok(Value::Null);
    }
    if matches!(content_type(headers), "" | JSON)
        && let Err(error) = serde_json::from_slice::<Value>(body)
    {
        let why = format!("couldn't get version/kind; json parse error: {}", json_fault(body, &error));
        return Err(ApiError::bad_request(why));
    }
    object(headers, body, "DeleteOptions", false)
}

/// What the beginning of an object is read as, in Go's words.
const HEAD: &str = "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }";
/// What a merge patch is read as, in Go's words.
const MAP: &str = "map[string]interface {}";

/// What is wrong with JSON that is of another type, as Go says it.
fn no_object(value: &Value, wanted: &str) -> String {
    format!("json: cannot unmarshal {} into Go value of type {wanted}", go_type(value))
}

/// The type of a JSON value, as Go names it in its messages.
pub fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        other => crate::error::json_type(other),
    }
}

/// The beginning of a body, in hexadecimal digits if it is no JSON object.
fn summary(body: &[u8]) -> String {
    const MAX: usize = 30;
    let (begin, dots) = if body.len() > MAX { (&body[..MAX], " ...") } else { (body, "") };
    match begin.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => format!("{}{dots}", String::from_utf8_lossy(begin)),
        Some(_) => format!("{}{dots}", begin.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
    }
}

/// What is wrong with JSON, as Go says it.
pub fn json_fault(body: &[u8], error: &serde_json::Error) -> String {
    let told = error.to_string();
    if error.is_eof() {
        return "unexpected end of JSON input".into();
    }
    let line = body.split(|byte| *byte == b'\n').nth(error.line().saturating_sub(1)).unwrap_or_default();
    let culprit = String::from_utf8_lossy(line).chars().nth(error.column().saturating_sub(1)).unwrap_or('?');
    let looking = match told.as_str() {
        told if told.starts_with("key must be a string") => "looking for beginning of object key string",
        told if told.starts_with("expected value") => "looking for beginning of value",
        told if told.starts_with("expected `:`") => "after object key",
        told if told.starts_with("expected `,` or `}`") => "after object key:value pair",
        told if told.starts_with("expected `,` or `]`") => "after array element",
        told if told.starts_with("trailing characters") => "after top-level value",
        told if told.starts_with("expected ident") => return literal_fault(line, error.column()),
        _ => return told,
    };
    format!("invalid character '{culprit}' {looking}")
}

/// What is wrong with a word that is not the literal as which it begins. The column is that of the letter that is wrong.
fn literal_fault(line: &[u8], column: usize) -> String {
    let place = column.saturating_sub(1);
    let before = line.get(..place).unwrap_or_default();
    let begin = before.iter().rposition(|byte| !byte.is_ascii_alphabetic()).map_or(0, |at| at + 1);
    let literal = ["null", "true", "false"].into_iter().find(|literal| literal.as_bytes().first() == line.get(begin)).unwrap_or_default();
    let wanted = literal.chars().nth(place - begin).unwrap_or('?');
    let culprit = line.get(place).map_or('?', |byte| char::from(*byte));
    format!("invalid character '{culprit}' in literal {literal} (expecting '{wanted}')")
}

fn undecoded(why: &str) -> ApiError {
    ApiError::bad_request(format!("error decoding patch: {why}"))
}

fn json(body: &Bytes) -> Result<Value, ApiError> {
    serde_json::from_slice(body).map_err(|error| undecoded(&json_fault(body, &error)))
}

/// A patch that is an object.
fn merge(body: &Bytes) -> Result<Value, ApiError> {
    match json(body)? {
        patch @ Value::Object(_) => Ok(patch),
        other => Err(undecoded(&no_object(&other, MAP))),
    }
}

fn yaml(body: &Bytes) -> Result<Value, String> {
    let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
    let options = serde_saphyr::options! { duplicate_keys: DuplicateKeyPolicy::LastWins };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| yaml_fault(&error))
}

/// What is wrong with YAML, as Go's reader says it: in one line, which does not name the first line of the text.
fn yaml_fault(error: &serde_saphyr::Error) -> String {
    let told = error.to_string();
    let first = told.lines().next().unwrap_or_default();
    let place = first.strip_prefix("error: line ").and_then(|rest| rest.split_once(" column "));
    match place.and_then(|(line, rest)| Some((line, rest.split_once(": ")?.1))) {
        Some(("1", why)) => why.to_owned(),
        Some((line, why)) => format!("line {line}: {why}"),
        None => first.to_owned(),
    }
}

/// What a body has twice, of which nothing is known any more once it is read.
pub fn repeated(headers: &HeaderMap, body: &Bytes) -> Vec<String> {
    match content_type(headers) {
        "application/yaml" => repeated_in_yaml(body).into_iter().collect(),
        APPLY => Vec::new(),
        _ => repeated::find(body).into_iter().map(|path| format!("duplicate field \"{path}\"")).collect(),
    }
}

/// What an applied configuration has twice.
pub fn repeated_in_yaml(body: &Bytes) -> Option<String> {
    let error = serde_saphyr::from_str::<Value>(std::str::from_utf8(body).ok()?).err()?;
    match error.without_snippet() {
        serde_saphyr::Error::DuplicateMappingKey { key, location } => {
            let key = key.as_deref().unwrap_or_default();
            Some(format!("yaml: unmarshal errors:\n  line {}: key {key:?} already set in map", location.line()))
        }
        _ => None,
    }
}

/// The applied configuration, if that is what the patch is. It is YAML, of which JSON is a part.
///
/// # Errors
/// 400 when it cannot be read or is no object.
pub fn applied(headers: &HeaderMap, body: &Bytes) -> Result<Option<Value>, ApiError> {
    if content_type(headers) != APPLY {
        return Ok(None);
    }
    let read = match serde_json::from_slice(body) {
        Ok(value) => value,
        Err(_) => {
            yaml(body).map_err(|why| ApiError::bad_request(format!("error decoding YAML: error converting YAML to JSON: yaml: {why}")))?
        }
    };
    match read {
        Value::Object(_) => Ok(Some(read)),
        Value::Null => Ok(Some(Value::Object(serde_json::Map::new()))),
        other => {
            let why = format!("error decoding YAML: error unmarshaling JSON: while decoding JSON: {}", no_object(&other, MAP));
            Err(ApiError::bad_request(why))
        }
    }
}

/// Reads a patch that is no applied configuration. Custom kinds have no strategic merge.
///
/// # Errors
/// 415 and 400.
pub fn patch(headers: &HeaderMap, body: &Bytes, custom: bool) -> Result<Patch, ApiError> {
    match content_type(headers) {
        "application/json-patch+json" => match json(body)? {
            patch @ Value::Array(_) => Patch::json(patch),
            other => Err(undecoded(&no_object(&other, "[]handlers.jsonPatchOp"))),
        },
        "application/merge-patch+json" => Ok(Patch::Merge(merge(body)?)),
        "application/strategic-merge-patch+json" if !custom => match serde_json::from_slice(body) {
            Ok(patch @ Value::Object(_)) => Ok(Patch::Strategic(patch)),
            Ok(other) => Err(ApiError::bad_request(no_object(&other, MAP))),
            Err(error) => Err(ApiError::bad_request(json_fault(body, &error))),
        },
        _ if custom => Err(ApiError::unsupported_media_type(&format!("{JSON_PATCHES}, {APPLY}"))),
        _ => Err(ApiError::unsupported_patch()),
    }
}
