//! Takes out of an answer what must differ between two servers: uids, times, resource versions, addresses, tokens.

use std::net::{IpAddr, SocketAddr};

use ebb_tests::Result;
use regex::Regex;
use serde_json::{Map, Value, json};

use crate::script::{Kept, Step};
use crate::servers::Reply;

/// Headers that clients act on. Others (dates, audit ids, priorities) are each server's own.
const HEADERS: [&str; 9] = [
    "content-type",
    "content-encoding",
    "allow",
    "warning",
    "retry-after",
    "www-authenticate",
    "location",
    "cache-control",
    "accept-patch",
];

/// What is replaced in texts, in this order.
const WORDS: [(&str, &str); 5] = [
    (r"eyJ[\w-]+\.[\w-]+\.[\w-]+", "<token>"),
    ("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "<uid>"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", "<microtime>"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "<time>"),
    // Resource versions within messages.
    (r"(current: |version: |in record \(|ResourceVersion: )\d+", "$1<rv>"),
];

/// The patterns, made once.
pub struct Cleaner {
    words: Vec<(Regex, &'static str)>,
    /// A resource version.
    number: Regex,
    /// An age in a table.
    age: Regex,
}

/// What is known of the server that answered.
#[derive(Clone, Copy)]
pub struct Of<'a> {
    pub kept: &'a Kept,
    pub address: SocketAddr,
}

impl Cleaner {
    pub fn new() -> Result<Self> {
        let words = WORDS.iter().map(|(pattern, word)| Ok((Regex::new(pattern)?, *word))).collect::<Result<_>>()?;
        Ok(Self { words, number: Regex::new(r"^[1-9]\d*$")?, age: Regex::new(r"^\d+(ms|s|m|h)(\d+s)?$")? })
    }

    /// An answer as it is compared: status, the headers that matter, and the body.
    pub fn clean(&self, reply: &Reply, step: &Step, of: Of<'_>) -> Value {
        let mut headers = Map::new();
        for name in HEADERS {
            let mut values: Vec<&str> = reply.headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
            values.sort_unstable();
            if !values.is_empty() {
                headers.insert(name.into(), self.text(&values.join(" | "), of).into());
            }
        }
        let part = |pointer: &String| {
            let found = reply.body.pointer(pointer).map_or(Value::Null, |found| self.value(last(pointer), found, of));
            (pointer.clone(), found)
        };
        let body = match step.only.as_slice() {
            [] => self.value("", &reply.body, of),
            only => Value::Object(only.iter().map(part).collect()),
        };
        json!({"status": reply.status.as_u16(), "header": headers, "body": body})
    }

    fn value(&self, name: &str, found: &Value, of: Of<'_>) -> Value {
        match found {
            Value::String(found) => Value::String(self.string(name, found, of)),
            Value::Array(items) => Value::Array(items.iter().map(|item| self.value(name, item, of)).collect()),
            Value::Object(members) => {
                Value::Object(members.iter().map(|(name, member)| (self.text(name, of), self.value(name, member, of))).collect())
            }
            Value::Number(_) if name == "nodePort" => "<port>".into(),
            other => other.clone(),
        }
    }

    fn string(&self, name: &str, found: &str, of: Of<'_>) -> String {
        match name {
            "resourceVersion" | "k8s.io/initial-events-resource-version" if self.number.is_match(found) => "<rv>".into(),
            "continue" if !found.is_empty() => "<continue>".into(),
            "clusterIP" | "clusterIPs" if found.parse::<IpAddr>().is_ok() => "<ip>".into(),
            "cells" if self.age.is_match(found) => "<age>".into(),
            _ => self.text(found, of),
        }
    }

    fn text(&self, found: &str, of: Of<'_>) -> String {
        let mut text = found.replace(&of.address.to_string(), "<address>");
        for (pattern, word) in &self.words {
            text = pattern.replace_all(&text, *word).into_owned();
        }
        for (name, kept) in of.kept.0.iter().filter(|(name, kept)| kept.len() > 1 && *name != "ns" && *name != "i") {
            text = whole_words(&text, kept, &format!("<{name}>"));
        }
        text
    }
}

fn last(pointer: &str) -> &str {
    pointer.rsplit('/').next().unwrap_or_default()
}

/// Replaces a text where it is not part of a longer word.
fn whole_words(text: &str, found: &str, by: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    let joins = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    while let Some(at) = rest.find(found) {
        let (before, after) = (&rest[..at], &rest[at + found.len()..]);
        out.push_str(before);
        out.push_str(if joins(before.chars().last()) || joins(after.chars().next()) { found } else { by });
        rest = after;
    }
    out.push_str(rest);
    out
}
