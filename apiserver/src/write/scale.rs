//! The scale subresource: a small object of its own that stands for one number of a larger one.

use serde_json::{Value, json};

use super::edit::{self, Edit};
use super::{Answer, Call, Core, RACES_MAX, Written, commit, fit, parse};
use crate::error::{ApiError, Cause};
use crate::http::query::FieldValidation;
use crate::kinds::{Scale, Shape, Version, typed};
use crate::managed::scale::Parent;
use crate::options::Operation;
use crate::patch::{Patch, go_print};
use crate::read::{View, columns, table};
use crate::rules;
use crate::store::{Change, Expected, Object};
use crate::value::{self, child, object_mut};

fn paths(call: &Call) -> Result<&Scale, ApiError> {
    call.version.scale.as_ref().ok_or_else(ApiError::no_such_resource)
}

fn number(object: &Value, path: &[String]) -> i64 {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    value::at(object, &path).and_then(Value::as_i64).unwrap_or_default()
}

/// The scale of an object.
fn view(paths: &Scale, object: &Value) -> Value {
    let mut metadata = serde_json::Map::new();
    for name in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        value::carry(value::at(object, &["metadata", name]), &mut metadata, name);
    }
    // A wish for none goes without saying.
    let spec = match number(object, &paths.spec) {
        0 => json!({}),
        wanted => json!({"replicas": wanted}),
    };
    let mut scale = json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata,
        "spec": spec, "status": {"replicas": number(object, &paths.status)},
    });
    let selector_path: Vec<&str> = paths.selector.iter().map(String::as_str).collect();
    let selector = if selector_path.is_empty() { None } else { value::at(object, &selector_path) };
    if let Some(selector) = selector.map(selector_text).filter(|text| !text.is_empty()) {
        scale["status"]["selector"] = selector.into();
    }
    scale
}

/// What is wrong with the numbers and the selector of a custom object that can be scaled.
pub fn faults(paths: &Scale, object: &Value) -> Vec<Cause> {
    let found = |path: &[String]| path.iter().try_fold(object, |value, name| value.get(name)).filter(|value| !value.is_null());
    let told = |path: &[String]| format!(".{}", path.join("."));
    let unfit = |path: &[String], found: &Value, wanted: &str| {
        let shown = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
        format!("{} accessor error: {shown} is of the type {}, expected {wanted}", told(path), go_kind(found))
    };
    let mut faults = Vec::new();
    for path in [&paths.spec, &paths.status] {
        let Some(number) = found(path) else { continue };
        let (shown, why) = match number.as_i64() {
            None => (0.into(), unfit(path, number, "int64")),
            Some(..0) => (number.clone(), "should be a non-negative integer".into()),
            Some(more) if more > i64::from(i32::MAX) => (number.clone(), format!("should be less than or equal to {}", i32::MAX)),
            Some(_) => continue,
        };
        faults.push(Cause::invalid(told(path), &shown, &why));
    }
    if let Some(selector) = found(&paths.selector).filter(|selector| !paths.selector.is_empty() && !selector.is_string()) {
        faults.push(Cause::invalid(told(&paths.selector), &"".into(), &unfit(&paths.selector, selector, "string")));
    }
    faults
}

/// The type of a JSON value, as Go names it.
fn go_kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

/// A label selector as text.
pub fn selector_text(selector: &Value) -> String {
    if let Some(text) = selector.as_str() {
        return text.to_owned();
    }
    let labels = selector.get("matchLabels").and_then(Value::as_object).into_iter().flatten();
    let mut parts: Vec<(&str, String)> =
        labels.map(|(name, value)| (name.as_str(), format!("{name}={}", value.as_str().unwrap_or_default()))).collect();
    for expression in selector.get("matchExpressions").and_then(Value::as_array).into_iter().flatten() {
        let key = value::text(expression, &["key"]);
        let mut values: Vec<&str> =
            expression.get("values").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        values.sort_unstable();
        let values = values.join(",");
        let part = match value::text(expression, &["operator"]) {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "DoesNotExist" => format!("!{key}"),
            _ => key.to_owned(),
        };
        parts.push((key, part));
    }
    // In one order, whatever the order in which they are given.
    parts.sort_by_key(|(key, _)| *key);
    parts.into_iter().map(|(_, part)| part).collect::<Vec<_>>().join(",")
}

/// GET.
///
/// # Errors
/// 404.
pub fn get(call: &Call, wanted: View) -> Result<Value, ApiError> {
    let object = call.object()?;
    let scale = view(paths(call)?, &parse(&object)?);
    Ok(match wanted {
        View::Table(with) => table::of(&as_version(), &object.version.to_string(), table::row(&as_version(), &scale, &scale, with)),
        _ => scale,
    })
}

/// What tables must know of scales.
fn as_version() -> Version {
    Version { name: "v1".into(), status: true, scale: None, shape: Shape::Free, columns: columns::scale(), warning: None }
}

/// PUT and PATCH.
///
/// # Errors
/// As Kubernetes answers.
pub async fn edit(core: &Core, call: &Call, edit: &Edit) -> Result<Answer, ApiError> {
    let paths = paths(call)?;
    for _ in 0..RACES_MAX {
        let current = call.object()?;
        let mut warnings = Vec::new();
        let old = parse(&current)?;
        let mut new = next(call, paths, edit, &current, &old)?;
        if rules::differ(&old, &new) {
            // The hook may refuse, but has nothing to complete: only a number changes.
            fit::ask(core, call, Operation::Update, Some(&new), Some(&old), &mut warnings)?;
            rules::raise_generation(&call.kind, &call.version, &old, &mut new);
        } else {
            return Ok(Answer { written: Written::Value(view(paths, &old)), code: 200, warnings });
        }
        if call.query.dry_run()? {
            return Ok(Answer { written: Written::Value(view(paths, &new)), code: 200, warnings });
        }
        let version = Expected::At(current.version);
        if let Some(stored) = commit(call, &current.key, version, Change::Put(new.clone())).await? {
            value::metadata(&mut new).insert("resourceVersion".into(), stored.version.to_string().into());
            return Ok(Answer { written: Written::Value(view(paths, &new)), code: 200, warnings });
        }
    }
    Err(ApiError::conflict(&call.kind, &call.name))
}

/// The object with the scale that the client wants.
fn next(call: &Call, paths: &Scale, edit: &Edit, current: &Object, old: &Value) -> Result<Value, ApiError> {
    let before = view(paths, old);
    let parent = Parent { old, scale: &before, field: &paths.spec };
    let (wanted, managers) = match edit {
        Edit::Replace(scale) => {
            rules::fit_type("autoscaling/v1", "autoscaling", "Scale", scale)?;
            rules::fit_to_name(&call.name, scale)?;
            (read(call, scale).map_err(unreadable)?, None)
        }
        Edit::Patch(patch) => {
            let made = patch.apply(before.clone())?;
            let shown = || if let Patch::Strategic(patch) = patch { go_print(patch) } else { made.to_string() };
            (read(call, &made).map_err(|why| ApiError::invalid_patch(&shown(), &why))?, None)
        }
        Edit::Apply(config) => parent.apply(call, config).map(|(scale, managers)| (scale, Some(managers)))?,
    };
    check(call, current, &wanted, matches!(edit, Edit::Replace(_)))?;
    let mut new = old.clone();
    if let Some((last, parents)) = paths.spec.split_last() {
        let holder = parents.iter().fold(object_mut(&mut new), |fields, name| child(fields, name));
        holder.insert(last.clone(), value::at(&wanted, &["spec", "replicas"]).cloned().unwrap_or_else(|| 0.into()));
    }
    match managers {
        Some(managers) => parent.note_applied(call, managers, &mut new),
        None => parent.note(call, &wanted, &mut new),
    }
    Ok(new)
}

/// Reads a scale as its type, or says why it cannot be.
fn read(call: &Call, scale: &Value) -> Result<Value, String> {
    let normalise = typed::normalise::<k8s_openapi::api::autoscaling::v1::Scale>;
    let mut kept = normalise(scale.clone()).map_err(|_| typed::unreadable::explain(normalise, scale))?;
    if call.query.field_validation() == Some(FieldValidation::Strict) {
        let unknown: Vec<String> = typed::dropped(scale, &kept).into_iter().map(|path| format!("unknown field \"{path}\"")).collect();
        if !unknown.is_empty() {
            return Err(format!("strict decoding error: {}", unknown.join(", ")));
        }
    }
    // A wish for none goes without saying, and nobody manages it.
    if let Some(Value::Object(spec)) = kept.get_mut("spec") {
        spec.retain(|name, wanted| name != "replicas" || *wanted != 0);
    }
    Ok(kept)
}

fn unreadable(why: String) -> ApiError {
    ApiError::bad_request(format!("Scale in version \"v1\" cannot be handled as a Scale: {why}"))
}

fn check(call: &Call, current: &Object, wanted: &Value, replaces: bool) -> Result<(), ApiError> {
    let name = value::meta(wanted, "name");
    if !name.is_empty() && name != call.name {
        let message = format!("the name of the object ({name}) does not match the name on the URL ({})", call.name);
        return Err(ApiError::bad_request(message));
    }
    let namespace = value::meta(wanted, "namespace");
    if !namespace.is_empty() && namespace != call.namespace {
        let message = "the namespace of the provided object does not match the namespace sent on the request";
        return Err(ApiError::bad_request(message));
    }
    edit::check_version(call, current, wanted, replaces && !value::meta(wanted, "uid").is_empty())?;
    let replicas = value::at(wanted, &["spec", "replicas"]).cloned().unwrap_or_else(|| 0.into());
    if replicas.as_i64().is_none_or(|number| number < 0) {
        let cause = Cause::invalid("spec.replicas", &replicas, "must be greater than or equal to 0");
        return Err(ApiError::invalid_kind("autoscaling", "Scale", &call.name, &[cause]));
    }
    Ok(())
}
