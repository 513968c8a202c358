//! From JSON to bytes, led by the table. Members that the table does not know are left out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Fault;
use super::table::{self, Many, Message, Type};
use super::wire::Writer;

const WRONG: Fault = Fault::Malformed("a value does not fit its field");

/// Writes a message.
pub fn message(message: Message, object: &Value) -> Result<Vec<u8>, Fault> {
    let mut writer = Writer::default();
    for field in message.fields() {
        if field.inline {
            let Type::Message(inner) = field.of else { continue };
            let bytes = self::message(inner, object)?;
            if !bytes.is_empty() {
                writer.bytes(field.number, &bytes);
            }
            continue;
        }
        let Some(value) = object.get(field.name).filter(|value| !value.is_null()) else { continue };
        match (field.many, value) {
            (Many::One, value) => put(&mut writer, field.number, field.of, value)?,
            (Many::List, Value::Array(list)) => list.iter().try_for_each(|value| put(&mut writer, field.number, field.of, value))?,
            (Many::Map, Value::Object(map)) => {
                for (key, value) in map {
                    let mut entry = Writer::default();
                    entry.bytes(1, key.as_bytes());
                    put(&mut entry, 2, field.of, value)?;
                    writer.bytes(field.number, &entry.done());
                }
            }
            _ => return Err(WRONG),
        }
    }
    Ok(writer.done())
}

/// Writes a list of objects.
pub fn list(item: Message, list: &Value) -> Result<Vec<u8>, Fault> {
    let mut writer = Writer::default();
    if let (Some(meta), Some(metadata)) = (table::find("meta.v1.ListMeta"), list.get("metadata")) {
        writer.bytes(1, &message(meta, metadata)?);
    }
    for object in list.get("items").and_then(Value::as_array).into_iter().flatten() {
        writer.bytes(2, &message(item, object)?);
    }
    Ok(writer.done())
}

fn put(writer: &mut Writer, number: u64, of: Type, value: &Value) -> Result<(), Fault> {
    match of {
        Type::Text => writer.bytes(number, value.as_str().ok_or(WRONG)?.as_bytes()),
        Type::Integer => writer.varint(number, value.as_i64().ok_or(WRONG)?.cast_unsigned()),
        Type::Bool => writer.varint(number, value.as_bool().ok_or(WRONG)?.into()),
        Type::Double => writer.double(number, value.as_f64().ok_or(WRONG)?),
        Type::Bytes => writer.bytes(number, &STANDARD.decode(value.as_str().ok_or(WRONG)?).map_err(|_| WRONG)?),
        Type::Time { .. } => {
            let time: jiff::Timestamp = value.as_str().ok_or(WRONG)?.parse().map_err(|_| WRONG)?;
            let mut inner = Writer::default();
            inner.varint(1, time.as_second().cast_unsigned());
            inner.varint(2, i64::from(time.subsec_nanosecond()).cast_unsigned());
            writer.bytes(number, &inner.done());
        }
        Type::Quantity => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            writer.bytes(number, &wrapped(text.as_bytes()));
        }
        Type::IntOrString => writer.bytes(number, &int_or_string(value)),
        Type::Json => writer.bytes(number, &wrapped(value.to_string().as_bytes())),
        Type::Texts => writer.bytes(number, &texts(1, value)?),
        Type::SchemaOrArray | Type::SchemaOrBool | Type::SchemaOrTexts => writer.bytes(number, &union(of, value)?),
        Type::Message(inner) => writer.bytes(number, &message(inner, value)?),
    }
    Ok(())
}

/// A message with one field.
fn wrapped(bytes: &[u8]) -> Vec<u8> {
    let mut inner = Writer::default();
    inner.bytes(1, bytes);
    inner.done()
}

fn int_or_string(value: &Value) -> Vec<u8> {
    let mut inner = Writer::default();
    inner.varint(1, u64::from(value.is_string()));
    inner.varint(2, value.as_i64().unwrap_or_default().cast_unsigned());
    inner.bytes(3, value.as_str().unwrap_or_default().as_bytes());
    inner.done()
}

fn texts(number: u64, list: &Value) -> Result<Vec<u8>, Fault> {
    let mut inner = Writer::default();
    for text in list.as_array().ok_or(WRONG)? {
        inner.bytes(number, text.as_str().ok_or(WRONG)?.as_bytes());
    }
    Ok(inner.done())
}

fn union(of: Type, value: &Value) -> Result<Vec<u8>, Fault> {
    let schema = table::schema().ok_or(WRONG)?;
    let mut inner = Writer::default();
    match (of, value) {
        (Type::SchemaOrBool, Value::Bool(allows)) => inner.varint(1, u64::from(*allows)),
        (Type::SchemaOrBool, value) => {
            inner.varint(1, 1);
            inner.bytes(2, &message(schema, value)?);
        }
        (Type::SchemaOrTexts, Value::Array(_)) => return texts(2, value),
        (Type::SchemaOrArray, Value::Array(list)) => {
            for value in list {
                inner.bytes(2, &message(schema, value)?);
            }
        }
        (_, value) => inner.bytes(1, &message(schema, value)?),
    }
    Ok(inner.done())
}
