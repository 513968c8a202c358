//! Lists of `NAME=value` and `NAME-`, read by kn's rules.
//!
//! This module must not know what is named.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use ebb_api::go;

/// What a list sets, in the order of first mention, and what it removes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Assignments {
    /// Names and their values.
    pub set: Vec<(String, String)>,
    /// Names to take away.
    pub removed: Vec<String>,
}

impl Assignments {
    /// Sets a name, or changes its value in place.
    pub fn assign(&mut self, name: &str, value: &str) {
        match self.set.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.set.push((name.to_owned(), value.to_owned())),
        }
    }
}

/// One item that sets or removes.
#[derive(Clone, Debug, PartialEq)]
pub enum Item<'a> {
    /// `NAME=value`.
    Set(&'a str, &'a str),
    /// `NAME-`.
    Removed(&'a str),
}

/// Reads one `NAME=value` or `NAME-`.
///
/// # Errors
/// When it is neither.
pub fn item(text: &str) -> Result<Item<'_>> {
    match (text.split_once('='), text.strip_suffix('-')) {
        (Some((name, value)), _) => Ok(Item::Set(name, value)),
        (None, Some(name)) => Ok(Item::Removed(name)),
        (None, None) => bail!("argument requires a value that contains the \"=\" character; got {}", go::quote(text)),
    }
}

/// Reads a list of them, keeping their order.
///
/// # Errors
/// When one is neither.
pub fn assignments(texts: &[String]) -> Result<Assignments> {
    let mut all = Assignments::default();
    for text in texts {
        match item(text)? {
            Item::Set(name, value) => all.assign(name, value),
            Item::Removed(name) => all.removed.push(name.to_owned()),
        }
    }
    Ok(all)
}

/// Reads `NAME=value` and bare `NAME`, whose value is empty.
///
/// # Errors
/// When a name is empty or given twice.
pub fn map_with_singles(texts: &[String]) -> Result<BTreeMap<String, String>> {
    read_map(texts, true)
}

/// Reads `NAME=value` only.
///
/// # Errors
/// When a name is empty, given twice or has no value.
pub fn map(texts: &[String]) -> Result<BTreeMap<String, String>> {
    read_map(texts, false)
}

fn read_map(texts: &[String], singles: bool) -> Result<BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    for text in texts {
        match text.split_once('=') {
            None if singles => {
                all.insert(text.clone(), String::new());
            }
            None => bail!("Argument requires a value that contains the \"=\" character as delimiter; got {}", go::quote(text)),
            Some(("", _)) => bail!("The key is empty"),
            Some((name, _)) if all.contains_key(name) => {
                bail!("The key {} has been duplicate in {}", go::quote(name), go::slice(texts))
            }
            Some((name, value)) => {
                all.insert(name.to_owned(), value.to_owned());
            }
        }
    }
    Ok(all)
}

/// Takes the names with a trailing `-` out of a map: they are to be removed.
pub fn take_removals(map: &mut BTreeMap<String, String>) -> Vec<String> {
    let removed: Vec<String> = map.keys().filter_map(|name| name.strip_suffix('-')).map(str::to_owned).collect();
    map.retain(|name, _| !name.ends_with('-'));
    removed
}

#[cfg(test)]
mod tests;
