//! Events in the form of `events.k8s.io`: what the newer form demands, and that hardly anything of it may change. Messages name the
//! fields as they are kept, as Kubernetes' do.
//! Source: k8s.io/kubernetes/pkg/apis/core/validation/events.go.

use serde_json::{Map, Value, json};

use crate::error::Cause;
use crate::names;
use crate::value;

/// The longest word for a machine, and the longest note for people.
const WORD_MAX: usize = 128;
const NOTE_MAX: usize = 1024;

/// What may not change: the member, and how messages call it.
const FIXED: [(&str, &str); 13] = [
    ("regarding", "involvedObject"),
    ("reason", "reason"),
    ("note", "message"),
    ("deprecatedSource", "source"),
    ("deprecatedFirstTimestamp", "firstTimestamp"),
    ("deprecatedLastTimestamp", "lastTimestamp"),
    ("deprecatedCount", "count"),
    ("type", "type"),
    ("eventTime", "eventTime"),
    ("action", "action"),
    ("related", "related"),
    ("reportingController", "reportingController"),
    ("reportingInstance", "reportingInstance"),
];

pub fn faults(old: Option<&Value>, event: &Value) -> Vec<Cause> {
    match old {
        None => new_faults(event),
        Some(old) => change_faults(old, event),
    }
}

fn new_faults(event: &Value) -> Vec<Cause> {
    let is_set = |name: &str| event.get(name).is_some_and(|value| !is_nothing(value));
    let mut faults = if is_set("eventTime") { told_faults(event) } else { Vec::new() };
    faults.extend(series_faults(event));
    if !is_set("eventTime") {
        faults.push(Cause::required("eventTime", ""));
    }
    let kind = value::text(event, &["type"]);
    if !matches!(kind, "Normal" | "Warning") {
        faults.push(invalid("type", &format!("has invalid value: {kind}")));
    }
    for (name, told) in FIXED.iter().filter(|(name, _)| name.starts_with("deprecated")) {
        // The source comes last.
        if *name != "deprecatedSource" && is_set(name) {
            faults.push(invalid(told, "needs to be unset"));
        }
    }
    if is_set("deprecatedSource") {
        faults.push(invalid("source", "needs to be unset"));
    }
    faults
}

/// Who tells, and what.
fn told_faults(event: &Value) -> Vec<Cause> {
    let mut faults = Vec::new();
    let of_cluster = matches!(value::meta(event, "namespace"), "default" | "kube-system");
    if value::text(event, &["regarding", "namespace"]).is_empty() && !of_cluster {
        faults.push(invalid("involvedObject.namespace", "does not match event.namespace"));
    }
    let controller = value::text(event, &["reportingController"]);
    if controller.is_empty() {
        faults.push(Cause::required("reportingController", ""));
    }
    if let Some(fault) = names::qualified_fault(controller) {
        faults.push(Cause::invalid("reportingController", &controller.into(), &fault));
    }
    for name in ["reportingInstance", "action", "reason"] {
        match value::text(event, &[name]).len() {
            0 => faults.push(Cause::required(name, "")),
            length if length > WORD_MAX => faults.push(invalid(name, &format!("can have at most {WORD_MAX} characters"))),
            _ => {}
        }
    }
    if value::text(event, &["note"]).len() > NOTE_MAX {
        faults.push(invalid("message", &format!("can have at most {NOTE_MAX} characters")));
    }
    faults
}

fn series_faults(event: &Value) -> Vec<Cause> {
    let count = value::at(event, &["series", "count"]).and_then(Value::as_i64);
    count.filter(|count| *count < 2).map(|_| invalid("series.count", "should be at least 2")).into_iter().collect()
}

fn change_faults(old: &Value, event: &Value) -> Vec<Cause> {
    let member = |event: &Value, name: &str| event.get(name).filter(|value| !is_nothing(value)).cloned().unwrap_or_default();
    let changed = FIXED.iter().filter(|(name, _)| member(old, name) != member(event, name));
    let fixed = changed.map(|(name, told)| Cause::invalid(*told, &shown(name, member(event, name)), "field is immutable"));
    fixed.chain(series_faults(event)).collect()
}

fn invalid(field: &str, why: &str) -> Cause {
    Cause::invalid(field, &"".into(), why)
}

/// Whether a member is as if it was not there.
fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_i64() == Some(0),
        Value::Object(fields) => fields.values().all(is_nothing),
        Value::Bool(_) | Value::Array(_) => false,
    }
}

/// How messages show a value: structs by the names that their members have in Kubernetes' code.
fn shown(name: &str, value: Value) -> Value {
    let members: &[(&str, &str)] = match name {
        "regarding" | "related" if !value.is_null() => &[
            ("Kind", "kind"),
            ("Namespace", "namespace"),
            ("Name", "name"),
            ("UID", "uid"),
            ("APIVersion", "apiVersion"),
            ("ResourceVersion", "resourceVersion"),
            ("FieldPath", "fieldPath"),
        ],
        "deprecatedSource" => &[("Component", "component"), ("Host", "host")],
        _ => return value,
    };
    let shown = members.iter().map(|(shown, name)| ((*shown).to_owned(), json!(value::text(&value, &[name]))));
    Value::Object(shown.collect::<Map<_, _>>())
}
