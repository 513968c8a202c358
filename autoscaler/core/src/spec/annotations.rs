//! Reading `autoscaling.knative.dev/*` annotations: names, old spellings, and values in their bounds.
//!
//! This module must not know what the values are used for. The bounds are those of admission; an object that slipped
//! past it is scaled by the defaults and the problem is told.

use std::collections::BTreeMap;
use std::time::Duration;

use ebb_api::duration::GoDuration;
use ebb_api::go;
use ebb_api::keys::annotation::AUTOSCALING_PREFIX;

/// An annotation that could not be taken as it stands; the default is in force instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("annotation {annotation} is {value:?}, which is not used: {why}")]
pub struct Problem {
    /// The annotation's full name.
    pub annotation: String,
    /// Its value.
    pub value: String,
    /// What is wrong with it.
    pub why: String,
}

/// An object's annotations, and what was wrong with those that were read.
pub(super) struct Annotations<'a> {
    all: &'a BTreeMap<String, String>,
    problems: Vec<Problem>,
}

impl<'a> Annotations<'a> {
    pub(super) fn new(all: &'a BTreeMap<String, String>) -> Self {
        Self { all, problems: Vec::new() }
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// The value of `name` under Knative's prefix. The kebab-case name wins over the older camelCase one.
    fn find(&self, name: &str) -> Option<(String, &'a str)> {
        [name.to_owned(), camel_case(name)].into_iter().find_map(|name| {
            let key = format!("{AUTOSCALING_PREFIX}{name}");
            self.all.get(&key).map(|value| (key, value.as_str()))
        })
    }

    fn read<T>(&mut self, name: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let (key, value) = self.find(name)?;
        self.judge(key, value, read)
    }

    fn judge<T>(&mut self, key: String, value: &str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        match read(value) {
            Ok(value) => Some(value),
            Err(why) => {
                self.problem(key, value, why);
                None
            }
        }
    }

    pub(super) fn problem(&mut self, annotation: String, value: &str, why: String) {
        self.problems.push(Problem { annotation, value: value.to_owned(), why });
    }

    /// A count of at least `least`.
    pub(super) fn count(&mut self, name: &str, least: u32) -> Option<u32> {
        self.read(name, |text| match u32::try_from(go::parse_int(text, 32)?) {
            Ok(count) if count >= least => Ok(count),
            _ => Err(format!("it must be at least {least}")),
        })
    }

    /// A number for which `fits` holds; `bounds` says so in words.
    pub(super) fn number(&mut self, name: &str, bounds: &str, fits: impl Fn(f64) -> bool) -> Option<f64> {
        self.read(name, |text| {
            let value = go::parse_float(text)?;
            if fits(value) { Ok(value) } else { Err(format!("it must be {bounds}")) }
        })
    }

    /// A span of time between `least` and an hour.
    pub(super) fn span(&mut self, name: &str, least: Duration, whole_seconds: bool) -> Option<Duration> {
        self.read(name, |text| {
            let span: GoDuration = text.parse()?;
            let (shortest, longest) = (GoDuration::from_std(least), GoDuration::from_seconds(3_600));
            if !(shortest..=longest).contains(&span) {
                return Err(format!("it must be between {shortest} and {longest}"));
            }
            if whole_seconds && !span.is_whole_seconds() {
                return Err("it must be whole seconds".to_owned());
            }
            Ok(span.to_std())
        })
    }

    /// One of some words.
    pub(super) fn word<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Option<T> {
        self.read(name, |text| {
            let known = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
            words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| format!("it must be one of {}", known()))
        })
    }

    /// A positive span of whole seconds under its full name.
    pub(super) fn deadline(&mut self, key: &str) -> Option<Duration> {
        let value = self.all.get(key)?;
        self.judge(key.to_owned(), value, |text| {
            let span: GoDuration = text.parse()?;
            let fits = span > GoDuration::ZERO && span.is_whole_seconds();
            if fits { Ok(span.to_std()) } else { Err("it must be positive and whole seconds".to_owned()) }
        })
    }
}

/// `min-scale` → `minScale`.
fn camel_case(name: &str) -> String {
    let mut words = name.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut whole, word| {
        let (initial, rest) = word.split_at(word.len().min(1));
        whole.push_str(&initial.to_ascii_uppercase());
        whole.push_str(rest);
        whole
    })
}
