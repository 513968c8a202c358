//! The part of JSONPath that printer columns use: `.a.b`, `['a.b']`, `[0]`, `[*]` and `[?(@.type=='Ready')]`.
//! Source: "JSONPath Support" in Kubernetes' documentation.

use serde_json::Value;

/// A parsed path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Member(String),
    Index(usize),
    All,
    /// The elements in which what stands at the path is the text.
    Where(Vec<String>, String),
}

impl Path {
    /// Parses a path.
    ///
    /// # Errors
    /// A text that says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut rest = text.trim().trim_start_matches('{').trim_end_matches('}').trim_start_matches('$');
        let mut steps = Vec::new();
        while !rest.is_empty() {
            rest = if let Some(bracket) = rest.strip_prefix('[') {
                let (inside, after) = split_bracket(bracket).ok_or_else(|| format!("{text}: a bracket is not closed"))?;
                steps.push(parse_bracket(inside).ok_or_else(|| format!("{text}: [{inside}] is not understood"))?);
                after
            } else {
                let (name, after) = split_member(rest.strip_prefix('.').unwrap_or(rest));
                if !name.is_empty() {
                    steps.push(if name == "*" { Step::All } else { Step::Member(name) });
                }
                after
            };
        }
        Ok(Self(steps))
    }

    /// What stands there; several values if the path says so.
    pub fn find<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        self.0.iter().fold(vec![value], |found, step| found.into_iter().flat_map(|value| step.take(value)).collect())
    }
}

impl Step {
    fn take<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        match (self, value) {
            (Self::Member(name), _) => value.get(name).into_iter().collect(),
            (Self::Index(index), _) => value.get(index).into_iter().collect(),
            (Self::All, Value::Array(list)) => list.iter().collect(),
            (Self::All, Value::Object(fields)) => fields.values().collect(),
            (Self::Where(path, wanted), Value::Array(list)) => list.iter().filter(|element| holds(element, path, wanted)).collect(),
            _ => Vec::new(),
        }
    }
}

fn holds(element: &Value, path: &[String], wanted: &str) -> bool {
    match path.iter().try_fold(element, |value, name| value.get(name)) {
        Some(Value::String(text)) => text == wanted,
        Some(other) => {
            let text = other.to_string();
            text == wanted
        }
        None => false,
    }
}

/// Splits behind the bracket that closes, which may not stand within quotes.
fn split_bracket(text: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, ']') => return Some((&text[..at], &text[at + 1..])),
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

/// A member name; `\.` is a dot within it.
fn split_member(text: &str) -> (String, &str) {
    let mut name = String::new();
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            '\\' if !escaped => {
                escaped = true;
                continue;
            }
            '.' | '[' if !escaped => return (name, &text[at..]),
            c => name.push(c),
        }
        escaped = false;
    }
    (name, "")
}

fn unquote(text: &str) -> Option<String> {
    let text = text.trim();
    let inner = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    let inner = inner.or_else(|| text.strip_prefix('"').and_then(|text| text.strip_suffix('"')));
    inner.map(|inner| inner.replace("\\.", "."))
}

fn parse_bracket(inside: &str) -> Option<Step> {
    if inside == "*" {
        return Some(Step::All);
    }
    if let Some(name) = unquote(inside) {
        return Some(Step::Member(name));
    }
    if let Ok(index) = inside.parse() {
        return Some(Step::Index(index));
    }
    let condition = inside.strip_prefix("?(")?.strip_suffix(')')?;
    let (path, wanted) = condition.split_once("==")?;
    let names = path.trim().strip_prefix("@.")?.split('.').map(str::to_owned).collect();
    Some(Step::Where(names, unquote(wanted).unwrap_or_else(|| wanted.trim().to_owned())))
}

#[cfg(test)]
mod tests;
