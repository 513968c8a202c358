//! What is wrong with a field, and where: the errors and warnings that validation collects on its way through an
//! object.
//!
//! This module must not know any field. Texts and paths are those of knative.dev/pkg `apis/field_error.go`.

use std::collections::BTreeMap;
use std::fmt;

/// Whether an object is refused or its author only told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The object is refused.
    #[default]
    Error,
    /// The author is told.
    Warning,
}

/// One complaint about one or more fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldError {
    /// What is wrong.
    pub message: String,
    /// Which fields, as dotted paths such as `spec.template.spec.containers[0].image`.
    pub paths: Vec<String>,
    /// More about it; may have several lines.
    pub details: String,
    /// Whether it counts.
    pub level: Level,
}

/// All complaints about an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldErrors(Vec<FieldError>);

impl FieldErrors {
    /// No complaint.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Any complaint.
    #[must_use]
    pub fn generic(message: impl Into<String>, paths: &[&str]) -> Self {
        Self::detailed(message, paths, "")
    }

    /// Any complaint, with more about it.
    #[must_use]
    pub fn detailed(message: impl Into<String>, paths: &[&str], details: impl Into<String>) -> Self {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        Self(vec![FieldError { message: message.into(), paths, details: details.into(), level: Level::Error }])
    }

    /// Fields that must be there.
    #[must_use]
    pub fn missing(paths: &[&str]) -> Self {
        Self::generic("missing field(s)", paths)
    }

    /// Fields that must not be there.
    #[must_use]
    pub fn disallowed(paths: &[&str]) -> Self {
        Self::generic("must not set the field(s)", paths)
    }

    /// A value that makes no sense.
    #[must_use]
    pub fn invalid(value: impl fmt::Display, path: &str) -> Self {
        Self::invalid_because(value, path, "")
    }

    /// A value that makes no sense, and why.
    #[must_use]
    pub fn invalid_because(value: impl fmt::Display, path: &str, details: impl Into<String>) -> Self {
        Self::detailed(format!("invalid value: {value}"), &[path], details)
    }

    /// A key that is not allowed.
    #[must_use]
    pub fn invalid_key(key: &str, path: &str, details: impl Into<String>) -> Self {
        Self::detailed(format!("invalid key name {}", crate::go::quote(key)), &[path], details)
    }

    /// A value that is too small or too large.
    #[must_use]
    pub fn out_of_bounds(value: impl fmt::Display, lowest: impl fmt::Display, highest: impl fmt::Display, path: &str) -> Self {
        Self::generic(format!("expected {lowest} <= {value} <= {highest}"), &[path])
    }

    /// None of several fields, of which one is needed.
    #[must_use]
    pub fn missing_one_of(paths: &[&str]) -> Self {
        Self::generic("expected exactly one, got neither", paths)
    }

    /// More than one of several fields.
    #[must_use]
    pub fn multiple_one_of(paths: &[&str]) -> Self {
        Self::generic("expected exactly one, got both", paths)
    }

    /// These complaints and those.
    #[must_use]
    pub fn also(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// The same complaints, seen from the parent that has them under this field (a dotted path, or empty for none).
    #[must_use]
    pub fn via_field(mut self, field: &str) -> Self {
        for path in self.0.iter_mut().flat_map(|error| &mut error.paths) {
            *path = join(field, path);
        }
        self
    }

    /// The same complaints, seen from the list that has them at this index.
    #[must_use]
    pub fn via_index(self, index: usize) -> Self {
        self.via_field(&format!("[{index}]"))
    }

    /// The same complaints, seen from the object that has them in this field's list.
    #[must_use]
    pub fn via_field_index(self, field: &str, index: usize) -> Self {
        self.via_index(index).via_field(field)
    }

    /// The same complaints, seen from the map that has them under this key.
    #[must_use]
    pub fn via_key(self, key: &str) -> Self {
        self.via_field(&format!("[{key}]"))
    }

    /// The same complaints as warnings only.
    #[must_use]
    pub fn as_warnings(mut self) -> Self {
        for error in &mut self.0 {
            error.level = Level::Warning;
        }
        self
    }

    /// Whether there are no complaints at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What refuses the object, as one text of one line or more; `None` when nothing does.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        let texts: Vec<String> = self.merged(Level::Error).iter().map(ToString::to_string).collect();
        if texts.is_empty() { None } else { Some(texts.join("\n")) }
    }

    /// What the author is told.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.merged(Level::Warning).iter().map(ToString::to_string).collect()
    }

    /// Equal complaints become one with all their paths; complaints and paths are sorted.
    fn merged(&self, level: Level) -> Vec<FieldError> {
        let mut merged: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
        for error in self.0.iter().filter(|error| error.level == level) {
            let paths = merged.entry((&error.message, &error.details)).or_default();
            paths.extend(error.paths.iter().cloned());
        }
        let whole = |((message, details), mut paths): ((&str, &str), Vec<String>)| {
            paths.sort();
            paths.dedup();
            FieldError { message: message.to_owned(), paths, details: details.to_owned(), level }
        };
        merged.into_iter().map(whole).collect()
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.message, self.paths.join(", "))?;
        if self.details.is_empty() { Ok(()) } else { write!(f, "\n{}", self.details) }
    }
}

impl Extend<FieldErrors> for FieldErrors {
    fn extend<T: IntoIterator<Item = Self>>(&mut self, others: T) {
        self.0.extend(others.into_iter().flat_map(|errors| errors.0));
    }
}

impl FromIterator<FieldErrors> for FieldErrors {
    fn from_iter<T: IntoIterator<Item = Self>>(errors: T) -> Self {
        let mut all = Self::none();
        all.extend(errors);
        all
    }
}

/// Puts a field before a path: `a` and `[0].b` make `a[0].b`, and an empty part leaves no dot.
fn join(field: &str, path: &str) -> String {
    let mut joined = String::with_capacity(field.len() + path.len() + 1);
    for part in field.split('.').chain(path.split('.')).filter(|part| !part.is_empty()) {
        let is_index = part.starts_with('[') && part.ends_with(']');
        if !joined.is_empty() && !is_index {
            joined.push('.');
        }
        joined.push_str(part);
    }
    joined
}

#[cfg(test)]
mod tests;
