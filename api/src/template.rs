//! The part of Go's text templates that domain, tag and container-name templates use: `{{.Name}}`, `{{.Labels.key}}`,
//! `{{index .Annotations "key"}}` and the trim markers `{{-` and `-}}`.
//!
//! This module must not know which values a template is given. Anything else that Go allows is refused when the
//! template is read, with a message that says what is known.

use std::collections::BTreeMap;

use crate::go::quote;

/// A template that was read; rendering it can only fail for a field that is not given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    source: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(String),
    Entry { map: String, key: String },
}

/// What a template can name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scope<'a> {
    /// Plain values, such as `Name`.
    pub fields: &'a [(&'a str, &'a str)],
    /// Maps, such as `Labels`; a key that is not there is empty text.
    pub maps: &'a [(&'a str, &'a BTreeMap<String, String>)],
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// Names the action that is not understood.
    pub fn parse(source: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = source;
        let mut trim_next = false;
        loop {
            let (text, action) = rest.split_once("{{").map_or((rest, None), |(text, action)| (text, Some(action)));
            let text = if trim_next { text.trim_start() } else { text };
            let trim_this = action.is_some_and(|action| action.starts_with("- "));
            let text = if trim_this { text.trim_end() } else { text };
            if !text.is_empty() {
                parts.push(Part::Text(text.to_owned()));
            }
            let Some(action) = action else { break };
            let (action, after) = action.split_once("}}").ok_or_else(|| format!("unclosed action in template {}", quote(source)))?;
            trim_next = action.ends_with(" -");
            let action = action.strip_prefix("- ").unwrap_or(action);
            parts.push(read_action(action.strip_suffix(" -").unwrap_or(action).trim())?);
            rest = after;
        }
        Ok(Self { source: source.to_owned(), parts })
    }

    /// The text that was read.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Fills the template in.
    ///
    /// # Errors
    /// Names the field that the scope does not have.
    pub fn render(&self, scope: Scope<'_>) -> Result<String, String> {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Field(name) => {
                    let (_, value) = scope.fields.iter().find(|(field, _)| field == name).ok_or_else(|| no_field(name))?;
                    out.push_str(value);
                }
                Part::Entry { map, key } => {
                    let (_, entries) = scope.maps.iter().find(|(name, _)| name == map).ok_or_else(|| no_field(map))?;
                    out.push_str(entries.get(key).map_or("", String::as_str));
                }
            }
        }
        Ok(out)
    }
}

fn no_field(name: &str) -> String {
    format!("can't evaluate field {name}")
}

fn read_action(action: &str) -> Result<Part, String> {
    let unknown = || format!("template action {{{{{action}}}}} is not supported: use {{{{.Field}}}} or {{{{index .Map \"key\"}}}}");
    if let Some(arguments) = action.strip_prefix("index ") {
        let (map, key) = arguments.trim_start().split_once(char::is_whitespace).ok_or_else(unknown)?;
        let map = map.strip_prefix('.').filter(|map| is_word(map)).ok_or_else(unknown)?;
        let key = key.trim();
        let quoted = |mark: char| key.strip_prefix(mark).and_then(|key| key.strip_suffix(mark)).filter(|key| !key.contains([mark, '\\']));
        let key = quoted('"').or_else(|| quoted('`')).ok_or_else(unknown)?;
        return Ok(Part::Entry { map: map.to_owned(), key: key.to_owned() });
    }
    let path = action.strip_prefix('.').ok_or_else(unknown)?;
    match path.split_once('.') {
        Some((map, key)) if is_word(map) && is_word(key) => Ok(Part::Entry { map: map.to_owned(), key: key.to_owned() }),
        None if is_word(path) => Ok(Part::Field(path.to_owned())),
        _ => Err(unknown()),
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests;
