//! The list of differences that are meant, each with its reason.

use std::cell::Cell;
use std::fs;
use std::path::Path;

use ebb_tests::Result;
use serde::Deserialize;

use crate::compare::Difference;

/// One entry. `*` in a pattern stands for any text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Which steps: patterns on `THEME/STEP`.
    at: Patterns,
    /// Which places of the answer.
    path: Patterns,
    /// Which side has more than the other: `ebb`, `kube`, or `both` (the default: whichever).
    #[serde(default)]
    side: Side,
    /// Why it is so.
    why: String,
    #[serde(skip)]
    used: Cell<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Patterns {
    One(String),
    Many(Vec<String>),
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Side {
    Ebb,
    Kube,
    #[default]
    Both,
}

/// The whole list.
#[derive(Debug)]
pub struct Allowed(Vec<Entry>);

impl Allowed {
    /// Reads every file of a directory.
    pub fn read(directory: &Path) -> Result<Self> {
        let mut all = Vec::new();
        for file in fs::read_dir(directory)? {
            let path = file?.path();
            let text = fs::read_to_string(&path)?;
            let entries: Vec<Entry> = serde_saphyr::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
            if let Some(entry) = entries.iter().find(|entry| entry.why.trim().is_empty()) {
                return Err(format!("{}: {entry:?} has no reason", path.display()).into());
            }
            all.extend(entries);
        }
        Ok(Self(all))
    }

    /// Whether a difference stands in the list.
    pub fn allows(&self, difference: &Difference) -> bool {
        let mut allowed = false;
        // All that match are used, so that none looks idle because of another.
        for entry in self.0.iter().filter(|entry| entry.matches(difference)) {
            entry.used.set(true);
            allowed = true;
        }
        allowed
    }

    /// Entries that matched nothing: what they excuse is gone, so must they be.
    pub fn idle(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter().filter(|entry| !entry.used.get())
    }
}

impl Entry {
    fn matches(&self, difference: &Difference) -> bool {
        let side = match (&difference.ebb, &difference.kube) {
            (Some(_), None) => Side::Ebb,
            (None, Some(_)) => Side::Kube,
            _ => Side::Both,
        };
        (self.side == Side::Both || self.side == side) && self.at.match_any(&difference.step) && self.path.match_any(&difference.path)
    }
}

impl Patterns {
    fn match_any(&self, text: &str) -> bool {
        match self {
            Self::One(pattern) => matches(pattern, text),
            Self::Many(patterns) => patterns.iter().any(|pattern| matches(pattern, text)),
        }
    }
}

/// Whether a pattern describes the whole text.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(start) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = text.find(part) else { return false };
        text = &text[at + part.len()..];
    }
    text.ends_with(end)
}

#[test]
fn patterns() {
    for (pattern, text) in [("a", "a"), ("*", ""), ("a*", "abc"), ("*c", "abc"), ("a*b*c", "a1b2c"), ("body.items[*].x", "body.items[a].x")]
    {
        assert!(matches(pattern, text), "{pattern} {text}");
    }
    for (pattern, text) in [("a", "ab"), ("a*b", "ac"), ("a*bb", "ab"), ("*x*", "abc")] {
        assert!(!matches(pattern, text), "{pattern} {text}");
    }
}
