//! From bytes to JSON, led by the table.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value};

use super::table::{self, Field, Many, Message, Type};
use super::wire::{Reader, Wire, text};
use super::{Fault, empty};

/// Messages within messages: as deep as JSON may go, so that both bodies can say the same.
const DEPTH_MAX: usize = 128;

/// Reads a message.
pub fn message(message: Message, bytes: &[u8]) -> Result<Map<String, Value>, Fault> {
    let mut into = Map::new();
    members(message, bytes, &mut into, 0)?;
    Ok(into)
}

/// Reads a list of objects; all lists have the same two fields.
pub fn list(item: &str, bytes: &[u8]) -> Result<Map<String, Value>, Fault> {
    let item = table::find(item).ok_or(Fault::Malformed("a list of unknown items"))?;
    let meta = table::find("meta.v1.ListMeta").ok_or(Fault::Malformed("lists have no metadata"))?;
    let mut metadata = Map::new();
    let mut items = Vec::new();
    for field in Reader::new(bytes) {
        match field? {
            (1, Wire::Bytes(bytes)) => members(meta, bytes, &mut metadata, 1)?,
            (2, Wire::Bytes(bytes)) => {
                let mut object = Map::new();
                members(item, bytes, &mut object, 1)?;
                items.push(Value::Object(object));
            }
            _ => {}
        }
    }
    Ok(Map::from_iter([("metadata".to_owned(), Value::Object(metadata)), ("items".to_owned(), Value::Array(items))]))
}

fn members(message: Message, bytes: &[u8], into: &mut Map<String, Value>, depth: usize) -> Result<(), Fault> {
    if depth > DEPTH_MAX {
        return Err(Fault::Malformed("nested too deeply"));
    }
    // The definition is read once for a message, however long its lists are.
    let fields: Vec<Field> = if bytes.is_empty() { Vec::new() } else { message.fields().collect() };
    for field in Reader::new(bytes) {
        let (number, wire) = field?;
        let Some(field) = fields.iter().find(|field| field.number == number) else { continue };
        match (field.many, field.of, wire) {
            (_, Type::Message(inner), Wire::Bytes(bytes)) if field.inline => members(inner, bytes, into, depth + 1)?,
            (Many::Map, of, Wire::Bytes(bytes)) => entry(field.name, of, bytes, into, depth)?,
            (Many::List, Type::Integer, Wire::Bytes(packed)) => {
                let mut packed = Reader::new(packed);
                while let Some(value) = packed.varint()? {
                    push(into, field.name, value.cast_signed().into());
                }
            }
            (Many::List, of, wire) => push(into, field.name, value(of, wire, depth)?),
            (_, of, wire) => {
                let value = value(of, wire, depth)?;
                if !value.is_null() && (field.keep_zero || !is_zero(&value)) {
                    into.insert(field.name.into(), value);
                }
            }
        }
    }
    Ok(())
}

fn push(into: &mut Map<String, Value>, name: &str, value: Value) {
    if let Value::Array(list) = into.entry(name).or_insert_with(|| Value::Array(Vec::new())) {
        list.push(value);
    }
}

/// One entry of a map: a message of a key and a value.
fn entry(name: &str, of: Type, bytes: &[u8], into: &mut Map<String, Value>, depth: usize) -> Result<(), Fault> {
    let mut key = "";
    let mut held = None;
    for field in Reader::new(bytes) {
        match field? {
            (1, Wire::Bytes(bytes)) => key = text(bytes)?,
            (2, wire) => held = Some(value(of, wire, depth)?),
            _ => {}
        }
    }
    // An empty value may be left out.
    let held = held.map_or_else(|| value(of, Wire::Bytes(&[]), depth), Ok)?;
    if let Value::Object(map) = into.entry(name).or_insert_with(empty) {
        map.insert(key.into(), held);
    }
    Ok(())
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

fn value(of: Type, wire: Wire<'_>, depth: usize) -> Result<Value, Fault> {
    Ok(match (of, wire) {
        (Type::Integer, Wire::Varint(value)) => value.cast_signed().into(),
        (Type::Bool, Wire::Varint(value)) => (value != 0).into(),
        (Type::Double, Wire::Fixed64(bits)) => double(f64::from_bits(bits))?,
        (Type::Text, Wire::Bytes(bytes)) => text(bytes)?.into(),
        (Type::Bytes, Wire::Bytes(bytes)) => STANDARD.encode(bytes).into(),
        (Type::Time { micro }, Wire::Bytes(bytes)) => time(bytes, micro)?,
        (Type::Quantity, Wire::Bytes(bytes)) => quantity(bytes)?,
        (Type::IntOrString, Wire::Bytes(bytes)) => int_or_string(bytes)?,
        (Type::Json, Wire::Bytes(bytes)) => json(bytes)?,
        (Type::Texts, Wire::Bytes(bytes)) => texts(bytes, 1)?.into(),
        (Type::SchemaOrArray | Type::SchemaOrBool | Type::SchemaOrTexts, Wire::Bytes(bytes)) => union(of, bytes, depth)?,
        (Type::Message(message), Wire::Bytes(bytes)) => {
            let mut into = Map::new();
            members(message, bytes, &mut into, depth + 1)?;
            Value::Object(into)
        }
        _ => return Err(Fault::Malformed("wrong wireType")),
    })
}

/// Whole numbers are written without a point, as Go does.
fn double(value: f64) -> Result<Value, Fault> {
    value.to_string().parse::<Number>().map(Value::Number).map_err(|_| Fault::Malformed("a number is not finite"))
}

/// An empty message is the time that nobody set.
fn time(bytes: &[u8], micro: bool) -> Result<Value, Fault> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let (mut seconds, mut nanos) = (0, 0);
    for field in Reader::new(bytes) {
        match field? {
            (1, Wire::Varint(value)) => seconds = value.cast_signed(),
            (2, Wire::Varint(value)) => {
                nanos = i32::try_from(value.cast_signed()).map_err(|_| Fault::Malformed("a time is out of range"))?
            }
            _ => {}
        }
    }
    let nanos = if micro { nanos } else { 0 };
    let time = jiff::Timestamp::new(seconds, nanos).map_err(|_| Fault::Malformed("a time is out of range"))?;
    let format = if micro { "%Y-%m-%dT%H:%M:%S.%6fZ" } else { "%Y-%m-%dT%H:%M:%SZ" };
    Ok(time.strftime(format).to_string().into())
}

fn quantity(bytes: &[u8]) -> Result<Value, Fault> {
    for field in Reader::new(bytes) {
        if let (1, Wire::Bytes(bytes)) = field? {
            return Ok(text(bytes)?.into());
        }
    }
    Ok("0".into())
}

fn int_or_string(bytes: &[u8]) -> Result<Value, Fault> {
    let (mut is_text, mut number, mut string) = (false, 0, "");
    for field in Reader::new(bytes) {
        match field? {
            (1, Wire::Varint(value)) => is_text = value == 1,
            (2, Wire::Varint(value)) => number = value.cast_signed(),
            (3, Wire::Bytes(bytes)) => string = text(bytes)?,
            _ => {}
        }
    }
    Ok(if is_text { string.into() } else { number.into() })
}

fn json(bytes: &[u8]) -> Result<Value, Fault> {
    for field in Reader::new(bytes) {
        if let (1, Wire::Bytes(raw)) = field?
            && !raw.is_empty()
        {
            return serde_json::from_slice(raw).map_err(|_| Fault::Malformed("a value is no JSON"));
        }
    }
    Ok(Value::Null)
}

fn texts(bytes: &[u8], number: u64) -> Result<Vec<Value>, Fault> {
    let mut all = Vec::new();
    for field in Reader::new(bytes) {
        match field? {
            (found, Wire::Bytes(bytes)) if found == number => all.push(text(bytes)?.into()),
            _ => {}
        }
    }
    Ok(all)
}

/// A schema or something else: `items`, `additionalProperties` and `dependencies`.
fn union(of: Type, bytes: &[u8], depth: usize) -> Result<Value, Fault> {
    let schema = Type::Message(table::schema().ok_or(Fault::Malformed("schemas are unknown"))?);
    let (mut one, mut several, mut allows) = (None, Vec::new(), false);
    for field in Reader::new(bytes) {
        match (of, field?) {
            (Type::SchemaOrBool, (1, Wire::Varint(value))) => allows = value != 0,
            (Type::SchemaOrBool, (2, wire)) | (_, (1, wire)) => one = Some(value(schema, wire, depth + 1)?),
            (Type::SchemaOrArray, (2, wire)) => several.push(value(schema, wire, depth + 1)?),
            (Type::SchemaOrTexts, (2, Wire::Bytes(bytes))) => several.push(text(bytes)?.into()),
            _ => {}
        }
    }
    Ok(match (of, one) {
        (Type::SchemaOrBool, None) => allows.into(),
        (_, Some(one)) if several.is_empty() => one,
        _ => several.into(),
    })
}
