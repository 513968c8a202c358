//! Field selectors: `metadata.name=a,status.phase!=Running`. Grammar and messages are Kubernetes' own.
//! Source: k8s.io/apimachinery/pkg/fields.

use serde_json::Value;

use crate::kinds::Kind;
use crate::value;

/// One condition on a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldRequirement {
    /// Member names.
    pub path: Vec<String>,
    /// The text that the field is compared with.
    pub value: String,
    /// Whether it must be equal, or must not.
    pub equal: bool,
}

impl FieldRequirement {
    /// Whether an object fulfils it. What is absent is empty.
    pub fn holds(&self, object: &Value) -> bool {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        let found = match value::at(object, &path) {
            Some(Value::String(text)) => text.clone(),
            None | Some(Value::Null) => String::new(),
            Some(other) => other.to_string(),
        };
        (found == self.value) == self.equal
    }
}

/// Reads a selector of a kind.
///
/// # Errors
/// The message, as Kubernetes words it.
pub fn parse(kind: &Kind, text: &str) -> Result<Vec<FieldRequirement>, String> {
    let mut parts = split_terms(text);
    parts.sort_unstable();
    let terms: Vec<FieldRequirement> =
        parts.into_iter().filter(|part| !part.is_empty()).map(|part| parse_term(text, part)).collect::<Result<_, _>>()?;
    terms.into_iter().map(|term| known(kind, term)).collect()
}

/// Splits at commas before which there is no backslash.
fn split_terms(text: &str) -> Vec<&str> {
    let (mut start, mut escaped, mut parts) = (0, false, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn parse_term(whole: &str, term: &str) -> Result<FieldRequirement, String> {
    let operator = |at: usize| ["!=", "==", "="].into_iter().find(|operator| term[at..].starts_with(operator)).map(|found| (at, found));
    let Some((at, operator)) = term.char_indices().find_map(|(at, _)| operator(at)) else {
        return Err(format!("invalid selector: '{whole}'; can't understand '{term}'"));
    };
    let path = term[..at].split('.').map(str::to_owned).collect();
    Ok(FieldRequirement { path, value: unescape(&term[at + operator.len()..])?, equal: operator != "!=" })
}

fn unescape(text: &str) -> Result<String, String> {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(escaped @ ('\\' | ',' | '=')) => plain.push(escaped),
                other => {
                    let sequence: String = std::iter::once('\\').chain(other).collect();
                    return Err(format!("invalid field selector: invalid escape sequence: {sequence}"));
                }
            },
            ',' | '=' => return Err(format!("invalid field selector: unescaped character in value: {}", u32::from(c))),
            plain_char => plain.push(plain_char),
        }
    }
    Ok(plain)
}

/// The term with the name that its field has where objects are kept.
fn as_kept(kind: &Kind, mut term: FieldRequirement) -> FieldRequirement {
    if let (Some(form), Some(name)) = (kind.form, term.path.first_mut()) {
        *name = form.kept_name(name).to_owned();
    }
    term
}

/// Whether objects of the kind can be selected by the field.
fn known(kind: &Kind, term: FieldRequirement) -> Result<FieldRequirement, String> {
    let path = term.path.join(".");
    let everywhere = path == "metadata.name" || (path == "metadata.namespace" && (kind.namespaced || !kind.custom));
    // Kinds with fields of their own have a list, all others a common rule; their messages differ.
    let own = kind.custom || !kind.selectable.is_empty();
    match (everywhere || kind.selectable.contains(&term.path), own) {
        (true, _) => Ok(as_kept(kind, term)),
        (false, true) => Err(format!("field label not supported: {path}")),
        (false, false) => Err(format!("{path:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")),
    }
}
