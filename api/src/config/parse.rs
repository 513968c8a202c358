//! Reading single keys of a ConfigMap's data, with the messages of knative.dev/pkg `configmap/parser`.
//!
//! This module must not know any key.

use std::collections::{BTreeMap, BTreeSet};

use super::ConfigError;
use crate::duration::GoDuration;
use crate::go;
use crate::quantity::Quantity;

/// A ConfigMap's data. Every reader leaves its target alone when the key is not there.
#[derive(Clone, Copy)]
pub(super) struct Data<'a>(pub &'a BTreeMap<String, String>);

impl<'a> Data<'a> {
    pub fn get(self, key: &str) -> Option<&'a str> {
        self.0.get(key).map(String::as_str)
    }

    pub fn read<T>(self, key: &str, target: &mut T, parse: impl FnOnce(&str) -> Result<T, String>) -> Result<(), ConfigError> {
        if let Some(text) = self.get(key) {
            *target = parse(text).map_err(|why| ConfigError(format!("failed to parse {}: {why}", go::quote(key))))?;
        }
        Ok(())
    }

    pub fn string(self, key: &str, target: &mut String) {
        if let Some(text) = self.get(key) {
            text.trim().clone_into(target);
        }
    }

    pub fn bool(self, key: &str, target: &mut bool) -> Result<(), ConfigError> {
        self.read(key, target, go::parse_bool)
    }

    pub fn i32(self, key: &str, target: &mut i32) -> Result<(), ConfigError> {
        self.read(key, target, |text| go::parse_int(text, 32).and_then(|value| i32::try_from(value).map_err(|why| why.to_string())))
    }

    pub fn i64(self, key: &str, target: &mut i64) -> Result<(), ConfigError> {
        self.read(key, target, |text| go::parse_int(text, 64))
    }

    pub fn f64(self, key: &str, target: &mut f64) -> Result<(), ConfigError> {
        self.read(key, target, go::parse_float)
    }

    pub fn duration(self, key: &str, target: &mut GoDuration) -> Result<(), ConfigError> {
        self.read(key, target, str::parse)
    }

    /// A quantity keeps its spelling, because it is copied into pods as it is.
    pub fn quantity(self, key: &str, target: &mut Option<String>) -> Result<(), ConfigError> {
        self.read(key, target, |text| text.parse::<Quantity>().map(|_| Some(text.to_owned())))
    }

    /// A list separated by commas.
    pub fn set(self, key: &str, target: &mut BTreeSet<String>) {
        if let Some(text) = self.get(key) {
            *target = text.split(',').map(|word| word.trim().to_owned()).collect();
        }
    }
}

/// Refuses with a message unless the condition holds.
pub(super) fn ensure(holds: bool, message: impl FnOnce() -> String) -> Result<(), ConfigError> {
    if holds { Ok(()) } else { Err(ConfigError(message())) }
}
