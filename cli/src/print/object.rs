//! `-o`: objects for machines, as JSON, YAML, names or what a template picks out.
//!
//! This module must not read template files; [`Format::needs_file`] says which.

use anyhow::{Context as _, Result, anyhow, bail};
use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

use super::{gotemplate, jsonpath};
use crate::args::output::OutputArgs;

/// What `-o` may be, for messages.
const ALLOWED: &str = "go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,name,template,templatefile,yaml";

/// What `-o` asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Format {
    /// Indented JSON.
    Json,
    /// YAML.
    Yaml,
    /// `KIND.GROUP/NAME` lines.
    Name,
    /// `status.url` alone.
    Url,
    /// What a template picks out, as text.
    JsonPath(String),
    /// What a template picks out, as a JSON list.
    JsonPathAsJson(String),
    /// What the template in a file picks out.
    JsonPathFile(String),
    /// What a Go template makes of it.
    GoTemplate(String),
    /// What the Go template in a file makes of it.
    GoTemplateFile(String),
}

impl Format {
    /// Reads `-o` and `--template`.
    ///
    /// # Errors
    /// When the format is not known or lacks its template.
    pub fn read(args: &OutputArgs) -> Result<Option<Self>> {
        let Some(text) = args.output.as_deref().filter(|text| !text.is_empty()) else { return Ok(None) };
        let (kind, inline) = text.split_once('=').map_or((text, None), |(kind, template)| (kind, Some(template)));
        let template = || {
            let template = inline.or(args.template.as_deref()).filter(|template| !template.is_empty());
            template.map(str::to_owned).ok_or_else(|| anyhow!("template format specified but no template given"))
        };
        Ok(Some(match kind.to_lowercase().as_str() {
            "json" => Self::Json,
            "yaml" => Self::Yaml,
            "name" => Self::Name,
            "url" => Self::Url,
            "jsonpath" => Self::JsonPath(template()?),
            "jsonpath-as-json" => Self::JsonPathAsJson(template()?),
            "jsonpath-file" => Self::JsonPathFile(template()?),
            "go-template" | "template" => Self::GoTemplate(template()?),
            "go-template-file" | "templatefile" => Self::GoTemplateFile(template()?),
            _ => bail!("unable to match a printer suitable for the output format \"{text}\", allowed formats are: {ALLOWED}"),
        }))
    }

    /// The file that holds the template.
    #[must_use]
    pub fn needs_file(&self) -> Option<&str> {
        match self {
            Self::JsonPathFile(path) | Self::GoTemplateFile(path) => Some(path),
            _ => None,
        }
    }

    /// The same with its template read.
    #[must_use]
    pub fn with_template(self, template: String) -> Self {
        match self {
            Self::JsonPathFile(_) => Self::JsonPath(template),
            Self::GoTemplateFile(_) => Self::GoTemplate(template),
            other => other,
        }
    }
}

/// Prints an object or a list in a format.
///
/// # Errors
/// When a template is malformed or names what is not there.
pub fn print(object: Value, format: &Format, args: &OutputArgs) -> Result<String> {
    let object = if args.show_managed_fields { object } else { without_managed_fields(object) };
    let lenient = args.allow_missing_template_keys.unwrap_or(true);
    match format {
        Format::Json => json(&object),
        Format::Yaml => yaml(&object),
        Format::Name => Ok(names(&object)),
        Format::Url => Ok(format!("{}\n", object.pointer("/status/url").and_then(Value::as_str).unwrap_or_default())),
        Format::JsonPath(text) | Format::JsonPathFile(text) => {
            path(text)?.text(&object, lenient).with_context(|| format!("error executing jsonpath {}", ebb_api::go::quote(text)))
        }
        Format::JsonPathAsJson(text) => {
            let template = path(text)?;
            let found =
                template.values(&object, lenient).with_context(|| format!("error executing jsonpath {}", ebb_api::go::quote(text)))?;
            json(&Value::Array(found.into_iter().cloned().collect()))
        }
        Format::GoTemplate(text) | Format::GoTemplateFile(text) => {
            let template = gotemplate::Template::parse(text).map_err(|why| anyhow!("error parsing template {text}, {why}"))?;
            template.text(&object, lenient).with_context(|| format!("error executing template {}", ebb_api::go::quote(text)))
        }
    }
}

fn path(text: &str) -> Result<jsonpath::Template> {
    jsonpath::Template::parse(text).map_err(|why| anyhow!("error parsing jsonpath {text}, {why}"))
}

/// A list object of some kind.
///
/// # Errors
/// When an item cannot be written as JSON.
pub fn list<T: Serialize>(api_version: &str, kind: &str, items: &[T]) -> Result<Value> {
    let items = items.iter().map(value).collect::<Result<Vec<_>>>()?;
    Ok(serde_json::json!({ "apiVersion": api_version, "items": items, "kind": kind }))
}

/// An object as a JSON value with sorted keys.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn value<T: Serialize>(object: &T) -> Result<Value> {
    Ok(sorted(serde_json::to_value(object).context("cannot write the object as JSON")?))
}

/// Indented JSON with sorted keys.
///
/// # Errors
/// Never for a value that came from JSON.
pub fn json(value: &Value) -> Result<String> {
    let mut out = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut out, PrettyFormatter::with_indent(b"    "));
    sorted(value.clone()).serialize(&mut serializer).context("cannot write JSON")?;
    out.push(b'\n');
    String::from_utf8(out).context("cannot write JSON")
}

/// YAML with sorted keys.
///
/// # Errors
/// When a value cannot be written as YAML.
pub fn yaml(value: &Value) -> Result<String> {
    let options = serde_saphyr::ser_options! { folded_wrap_chars: usize::MAX };
    serde_saphyr::to_string_with_options(&sorted(value.clone()), options).context("cannot write YAML")
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(String, Value)> = map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            entries.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(entries.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

fn without_managed_fields(mut object: Value) -> Value {
    for item in object.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten() {
        remove_managed_fields(item);
    }
    remove_managed_fields(&mut object);
    object
}

fn remove_managed_fields(object: &mut Value) {
    if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        meta.remove("managedFields");
    }
}

fn names(object: &Value) -> String {
    match object.get("items").and_then(Value::as_array) {
        Some(items) => items.iter().map(name).collect(),
        None => name(object),
    }
}

fn name(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let group = text("/apiVersion").split_once('/').map_or_else(String::new, |(group, _)| format!(".{group}"));
    format!("{}{group}/{}\n", text("/kind").to_lowercase(), text("/metadata/name"))
}

#[cfg(test)]
mod tests;
