//! Protobuf as Kubernetes speaks it: from the bytes of an object to the JSON that the server works with, and back. One
//! table knows the messages of the built-in kinds; custom kinds have no protobuf, as in Kubernetes.
//!
//! It must not judge objects: what is missing or wrong in them is found later, in the same place as for JSON.
//! Sources: k8s.io/apimachinery/pkg/runtime/serializer/protobuf (the frame), and the `generated.proto` files and field tags
//! of k8s.io/api, k8s.io/apimachinery and k8s.io/apiextensions-apiserver v0.36 (the table).

mod decode;
mod encode;
mod table;
mod wire;

use serde_json::{Value, json};

use wire::{Reader, Wire, Writer};

/// The media type of bodies of this kind.
pub const MEDIA_TYPE: &str = "application/vnd.kubernetes.protobuf";
/// What every body begins with.
const MAGIC: &[u8] = b"k8s\0";

/// Why bytes are no object, or an object cannot be written as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The body does not begin as such bodies do.
    Prefix,
    /// There is no such message in the table.
    Unknown {
        /// `apiVersion` of the object.
        api_version: String,
        /// `kind` of the object.
        kind: String,
    },
    /// The bytes break off or make no sense, or a value does not fit its field.
    Malformed(&'static str),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Prefix => write!(f, "provided data does not appear to be a protobuf message, expected prefix {MAGIC:?}"),
            Self::Unknown { api_version, kind } => {
                write!(f, "no kind \"{kind}\" is registered for version \"{api_version}\" with a protobuf form")
            }
            Self::Malformed(what) => write!(f, "proto: {what}"),
        }
    }
}

impl std::error::Error for Fault {}

/// The frame of an object: `runtime.Unknown`.
struct Frame<'a> {
    api_version: &'a str,
    kind: &'a str,
    raw: &'a [u8],
    content_type: &'a str,
}

fn frame(body: &[u8]) -> Result<Frame<'_>, Fault> {
    let rest = body.strip_prefix(MAGIC).ok_or(Fault::Prefix)?;
    let mut frame = Frame { api_version: "", kind: "", raw: &[], content_type: "" };
    for field in Reader::new(rest) {
        match field? {
            (1, Wire::Bytes(meta)) => {
                for field in Reader::new(meta) {
                    match field? {
                        (1, Wire::Bytes(text)) => frame.api_version = wire::text(text)?,
                        (2, Wire::Bytes(text)) => frame.kind = wire::text(text)?,
                        _ => {}
                    }
                }
            }
            (2, Wire::Bytes(raw)) => frame.raw = raw,
            (4, Wire::Bytes(text)) => frame.content_type = wire::text(text)?,
            _ => {}
        }
    }
    Ok(frame)
}

/// The name of a message in the table, such as `apps.v1.Deployment`.
fn message_name(api_version: &str, kind: &str) -> String {
    // What is said beside objects has one form in every group.
    if matches!(kind, "DeleteOptions" | "CreateOptions" | "UpdateOptions" | "PatchOptions" | "Status") {
        return format!("meta.v1.{kind}");
    }
    let (group, version) = api_version.split_once('/').unwrap_or(("core", api_version));
    let group = group.split('.').next().unwrap_or_default();
    format!("{group}.{version}.{kind}")
}

/// Reads a body.
///
/// # Errors
/// [`Fault`], which is the client's.
pub fn decode(body: &[u8]) -> Result<Value, Fault> {
    let Frame { api_version, kind, raw, content_type } = frame(body)?;
    if content_type == "application/json" {
        return serde_json::from_slice(raw).map_err(|_| Fault::Malformed("the object within is no JSON"));
    }
    let unknown = || Fault::Unknown { api_version: api_version.into(), kind: kind.into() };
    let mut object = match kind.strip_suffix("List").map(|item| message_name(api_version, item)) {
        Some(item) if table::find(&item).is_some() => decode::list(&item, raw)?,
        _ => decode::message(table::find(&message_name(api_version, kind)).ok_or_else(unknown)?, raw)?,
    };
    for (name, text) in [("kind", kind), ("apiVersion", api_version)] {
        if !text.is_empty() {
            object.shift_insert(0, name.into(), text.into());
        }
    }
    Ok(Value::Object(object))
}

/// Whether objects of a kind can be written in this form.
pub fn knows(api_version: &str, kind: &str) -> bool {
    let item = kind.strip_suffix("List").unwrap_or(kind);
    [item, kind].into_iter().any(|kind| table::find(&message_name(api_version, kind)).is_some())
}

/// Writes an object or a list of objects.
///
/// # Errors
/// [`Fault`] when its kind has no such form.
pub fn encode(object: &Value) -> Result<Vec<u8>, Fault> {
    let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
    let (api_version, kind) = (text("apiVersion"), text("kind"));
    let unknown = || Fault::Unknown { api_version: api_version.into(), kind: kind.into() };
    let raw = match object.get("items").and(kind.strip_suffix("List")).map(|item| message_name(api_version, item)) {
        Some(item) => encode::list(table::find(&item).ok_or_else(unknown)?, object)?,
        None => encode::message(table::find(&message_name(api_version, kind)).ok_or_else(unknown)?, object)?,
    };
    let mut meta = Writer::default();
    meta.bytes(1, api_version.as_bytes());
    meta.bytes(2, kind.as_bytes());
    let mut frame = Writer::new(MAGIC);
    frame.bytes(1, &meta.done());
    frame.bytes(2, &raw);
    frame.bytes(3, b"");
    frame.bytes(4, b"");
    Ok(frame.done())
}

/// Writes one event of a watch, with the length in front that says where it ends.
///
/// # Errors
/// [`Fault`] when the kind of the object has no such form.
pub fn encode_event(what: &str, object: &Value) -> Result<Vec<u8>, Fault> {
    let mut raw = Writer::default();
    raw.bytes(1, &encode(object)?);
    let mut event = Writer::default();
    event.bytes(1, what.as_bytes());
    event.bytes(2, &raw.done());
    let mut frame = Writer::new(MAGIC);
    let mut meta = Writer::default();
    meta.bytes(1, b"v1");
    meta.bytes(2, b"WatchEvent");
    frame.bytes(1, &meta.done());
    frame.bytes(2, &event.done());
    let frame = frame.done();
    let length = u32::try_from(frame.len()).map_err(|_| Fault::Malformed("the event is too long"))?;
    Ok([&length.to_be_bytes()[..], &frame].concat())
}

/// An empty value for what is there but has no members.
fn empty() -> Value {
    json!({})
}

#[cfg(test)]
mod tests;
