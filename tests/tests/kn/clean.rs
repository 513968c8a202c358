//! Takes out of outputs and objects what differs from run to run: times, ages, ids, the program's name.
//!
//! This module must not hide anything else.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

#[expect(clippy::expect_used, reason = "the patterns stand below, and each test reads all of them")]
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern")
}

/// Lines of progress: how many there are depends on how fast the server is.
static PROGRESS: LazyLock<Regex> = LazyLock::new(|| pattern(r"^ *\d+\.\d{3}s (.*)$"));
/// Ages of lists and descriptions, with the spaces around them, which depend on their width.
static AGE: LazyLock<Regex> = LazyLock::new(|| pattern(r" +\d+(s|m|m\d+s) "));
static LAST_AGE: LazyLock<Regex> = LazyLock::new(|| pattern(r"( |\()\d+(s|m|m\d+s)(\)?)$"));
static TIME: LazyLock<Regex> = LazyLock::new(|| pattern(r#"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"#));
static UID: LazyLock<Regex> = LazyLock::new(|| pattern(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"));
static VERSION: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(resourceVersion"?: )"\d+""#));
static PROGRAM: LazyLock<Regex> = LazyLock::new(|| pattern(r"\bkn (\w|-)"));

/// An output as lines that can be compared.
pub fn lines(text: &str, namespace: &str, directory: &str) -> Vec<String> {
    let text = text.replace(namespace, "NAMESPACE").replace(directory, "DIRECTORY");
    // The order of a JSON object's fields means nothing: Go's is that of its types, ours the alphabet's.
    let text = match serde_json::from_str::<Value>(&text) {
        Ok(value @ Value::Object(_)) => serde_json::to_string_pretty(&sorted(without_nothing(value))).unwrap_or(text).replace(",\n", "\n"),
        _ => text,
    };
    text.lines().filter_map(line).collect()
}

fn line(line: &str) -> Option<String> {
    if let Some(found) = PROGRESS.captures(line) {
        return (&found[1] == "Ready to serve.").then(|| "TIME Ready to serve.".to_owned());
    }
    let line = AGE.replace_all(line, " AGE ");
    let line = LAST_AGE.replace_all(&line, "${1}AGE$3");
    let line = TIME.replace_all(&line, "TIME");
    let line = UID.replace_all(&line, "UID");
    let line = VERSION.replace_all(&line, "${1}VERSION");
    let line = line.replace("'kn --help'", "'ebb --help'").replace("'kn'", "'ebb'").replace("\"kn\"", "\"ebb\"");
    Some(PROGRAM.replace_all(&line, "ebb $1").into_owned())
}

/// What a user meant by an object: everything but what the server adds and what tells the time.
pub fn object(mut object: Value, namespace: &str) -> Value {
    if let Some(map) = object.as_object_mut() {
        map.remove("status");
    }
    if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        meta.retain(|key, _| matches!(key.as_str(), "name" | "labels" | "annotations" | "generation"));
    }
    for pointer in ["/metadata/annotations", "/spec/template/metadata/annotations"] {
        if let Some(annotations) = object.pointer_mut(pointer).and_then(Value::as_object_mut) {
            if let Some(time) = annotations.get_mut("client.knative.dev/updateTimestamp") {
                *time = "TIME".into();
            }
            if let Some(last) = annotations.get_mut("kubectl.kubernetes.io/last-applied-configuration") {
                *last = last.as_str().and_then(|text| serde_json::from_str(text).ok()).map_or(Value::Null, without_nothing);
            }
        }
    }
    serde_json::from_str(&object.to_string().replace(namespace, "NAMESPACE")).unwrap_or(object)
}

/// The same with its fields in the order of the alphabet.
pub fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            entries.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(entries.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

/// Fields that hold nothing mean nothing.
fn without_nothing(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let full = map.into_iter().map(|(key, value)| (key, without_nothing(value)));
            Value::Object(full.filter(|(_, value)| !is_nothing(value)).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_nothing).collect()),
        other => other,
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}
