//! Go's text templates over JSON, as `-o go-template` means them.
//!
//! Known are actions with pipelines, variables, `if`, `range` (with `break` and `continue`), `with`, `define`, `template`,
//! `block`, comments and trim markers, and all functions that kubectl offers: and, or, not, len, index, slice, print,
//! printf, println, html, js, urlquery, eq, ne, lt, le, gt, ge, exists, base64decode. `call` has nothing to call in JSON.
//! Numbers are floats, as JSON's are in Go. This module must not know what it looks into.

mod exec;
mod format;
mod funcs;
mod lex;
mod parse;

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::Value;

/// A template that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    main: Vec<Node>,
    named: BTreeMap<String, Vec<Node>>,
}

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    /// Text as it is.
    Text(String),
    /// A pipeline whose value is printed, unless it sets a variable.
    Action(Pipeline),
    If(Branch),
    With(Branch),
    Range(Branch),
    Break,
    Continue,
    /// Another template, by name, with what it looks at.
    Template(String, Option<Pipeline>),
}

/// A pipeline, what is done if it holds something, and what if not.
#[derive(Clone, Debug, PartialEq)]
struct Branch {
    pipeline: Pipeline,
    then: Vec<Node>,
    otherwise: Vec<Node>,
}

/// Commands, each getting the value of the one before as its last argument.
#[derive(Clone, Debug, PartialEq)]
struct Pipeline {
    /// As it was written, for messages.
    text: String,
    /// Variables that are set, and whether they are new.
    variables: Vec<String>,
    declares: bool,
    commands: Vec<Vec<Operand>>,
}

/// An argument.
#[derive(Clone, Debug, PartialEq)]
enum Operand {
    /// `.`
    Dot,
    /// `nil`
    Nil,
    /// A name, which must be a function's.
    Function(String),
    /// `.a.b`
    Field(Vec<String>),
    /// `$x.a.b`
    Variable(String, Vec<String>),
    /// `(…).a.b`
    Inner(Box<Pipeline>, Vec<String>),
    /// A literal.
    Constant(Value),
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// What is malformed, in Go's words.
    pub fn parse(text: &str) -> Result<Self> {
        parse::template(text)
    }

    /// The text that the template makes of an object. A `lenient` one prints `<no value>` for fields that are not there.
    ///
    /// # Errors
    /// When something is not there and the template is not lenient, or a function does not take what it is given.
    pub fn text(&self, object: &Value, lenient: bool) -> Result<String> {
        exec::run(self, object, lenient)
    }
}

#[cfg(test)]
mod tests;
