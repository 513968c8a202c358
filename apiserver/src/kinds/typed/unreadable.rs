//! Why an object cannot be read as its Rust type, in the words in which Go's clients know it. The type says what it expected, but
//! not where: the place is found by reading parts of the object, which is slow and only done for those who must be told.

use serde_json::{Map, Value, json};

use super::Normalise;
use crate::http::media::go_type;

/// What is wrong with an object that cannot be read.
pub fn explain(normalise: Normalise, object: &Value) -> String {
    let Some(told) = fault(normalise, object.clone()) else { return String::new() };
    if let Some(place) = told.strip_prefix("Invalid symbol ").and_then(|rest| rest.split_once("offset ")) {
        return format!("illegal base64 data at input byte {}", place.1.trim_end_matches('.'));
    }
    let path = culprit(normalise, object);
    let found = path.iter().try_fold(object, |value, step| step.of(value));
    match (found, told.rsplit_once("expected ")) {
        (Some(found), Some((_, expected))) if told.starts_with("invalid type") || told.starts_with("invalid value") => {
            let (holder, fields) = holder(normalise, object, &path);
            let wanted = wanted(normalise, object, &path, expected);
            format!("json: cannot unmarshal {} into Go struct field {holder}.{fields} of type {wanted}", shown(found, &wanted))
        }
        (Some(Value::String(text)), _) if !text.starts_with(|first: char| first.is_ascii_digit()) => {
            format!("parsing time {text:?} as \"2006-01-02T15:04:05Z07:00\": cannot parse {text:?} as \"2006\"")
        }
        _ => told,
    }
}

/// One step from a value to a part of it.
#[derive(Clone, Debug)]
enum Step {
    Member(String),
    Item(usize),
}

impl Step {
    fn of<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        match self {
            Self::Member(name) => value.get(name),
            Self::Item(index) => value.get(*index),
        }
    }

    fn of_mut<'a>(&self, value: &'a mut Value) -> Option<&'a mut Value> {
        match self {
            Self::Member(name) => value.get_mut(name),
            Self::Item(index) => value.get_mut(*index),
        }
    }
}

fn fault(normalise: Normalise, object: Value) -> Option<String> {
    normalise(object).err().map(|error| error.to_string())
}

/// The object with something else at a path.
fn with(object: &Value, path: &[Step], part: Value) -> Value {
    let mut object = object.clone();
    if let Some(slot) = path.iter().try_fold(&mut object, |value, step| step.of_mut(value)) {
        *slot = part;
    }
    object
}

/// The path to the first part that cannot be read: as long as it is there, and nothing after it, reading fails.
fn culprit(normalise: Normalise, object: &Value) -> Vec<Step> {
    let mut path = Vec::new();
    while let Some(value) = path.iter().try_fold(object, |value, step: &Step| step.of(value)) {
        let beginning = |count: usize| match value {
            Value::Object(members) => {
                Value::Object(members.iter().take(count).map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
            }
            Value::Array(items) => Value::Array(items.iter().take(count).cloned().collect()),
            other => other.clone(),
        };
        let fails = |count: usize| fault(normalise, with(object, &path, beginning(count))).is_some();
        let length = value.as_object().map_or_else(|| value.as_array().map_or(0, Vec::len), Map::len);
        // Empty, and still no good: it is this one.
        if length == 0 || fails(0) {
            break;
        }
        // More is never better, so that the first beginning that fails can be found by halves.
        let (mut good, mut bad) = (0, length);
        while bad - good > 1 {
            let middle = good.midpoint(bad);
            if fails(middle) { bad = middle } else { good = middle }
        }
        path.push(match value {
            Value::Object(members) => Step::Member(members.keys().nth(good).cloned().unwrap_or_default()),
            _ => Step::Item(good),
        });
    }
    path
}

/// The struct that has the field at the end of a path, and the names of the fields that lead to it.
fn holder(normalise: Normalise, object: &Value, path: &[Step]) -> (String, String) {
    let mut holder = String::new();
    let mut fields = Vec::new();
    for (length, step) in path.iter().enumerate() {
        // Whatever a type is, it is not `true`, unless that is what it is.
        let expected = expected(normalise, object, &path[..length], true.into());
        // Keys of maps and places in lists are no fields.
        if let Step::Member(name) = step
            && expected.starts_with(|first: char| first.is_ascii_uppercase())
        {
            holder = expected;
            fields.push(name.as_str());
        }
    }
    (holder, fields.join("."))
}

/// What is expected at a path instead of something that cannot be there.
fn expected(normalise: Normalise, object: &Value, path: &[Step], odd: Value) -> String {
    let told = fault(normalise, with(object, path, odd)).unwrap_or_default();
    told.rsplit_once("expected ").map_or_else(String::new, |(_, expected)| expected.trim_start_matches("struct ").to_owned())
}

/// What was expected at a path, as Go names it. What lists and maps hold is found by putting something odd into them.
fn wanted(normalise: Normalise, object: &Value, path: &[Step], told: &str) -> String {
    let within = |odd: Value| wanted(normalise, object, path, &expected(normalise, object, path, odd));
    match told {
        "a string" => "string".into(),
        "a boolean" => "bool".into(),
        "i32" => "int32".into(),
        "i64" => "int64".into(),
        "f64" => "float64".into(),
        "a sequence" => format!("[]{}", within(json!([true]))),
        "a map" => format!("map[string]{}", within(json!({"": true}))),
        of if of.starts_with(|first: char| first.is_ascii_uppercase()) => format!("v1.{of}"),
        other => other.into(),
    }
}

/// What was found instead. Of numbers that do not fit, Go shows which.
fn shown(found: &Value, wanted: &str) -> String {
    if found.is_number() && wanted.starts_with("int") { format!("number {found}") } else { go_type(found).to_owned() }
}
