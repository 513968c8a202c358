//! JSONPath templates as kubectl knows them: text with `{…}` actions, of which there are paths, quoted text and
//! `{range …}…{end}`.
//!
//! Paths have fields (`.a`, `['a']`), indexes and slices (`[0]`, `[-1]`, `[0:2]`, `[0,2]`), `[*]`, recursion (`..a`) and
//! filters (`[?(@.type=="Ready")]`). This module must not know what it looks into.

mod parse;

use anyhow::{Result, bail};
use serde_json::Value;

/// A template that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Template(Vec<Piece>);

/// A part of a template.
#[derive(Clone, Debug, PartialEq)]
enum Piece {
    /// Text as it is.
    Text(String),
    /// The values of a path, with spaces between.
    Path(Vec<Step>),
    /// Pieces for each value of a path.
    Range(Vec<Step>, Vec<Piece>),
}

/// A step of a path.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    /// From the whole object again.
    Root,
    /// A field of an object.
    Field(String),
    /// All items of a list or fields of an object.
    All,
    /// Items of a list from, to (exclusive), by; negative ends count from the end.
    Slice(Option<i64>, Option<i64>, i64),
    /// Several selections at once.
    Union(Vec<Step>),
    /// The thing itself and everything under it.
    Deep,
    /// Items for which something holds.
    Filter(Operand, Option<(Comparison, Operand)>),
}

/// A side of a comparison.
#[derive(Clone, Debug, PartialEq)]
enum Operand {
    /// A path from the item.
    Path(Vec<Step>),
    /// A value.
    Value(Value),
}

/// How two sides are compared.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// What is malformed.
    pub fn parse(text: &str) -> Result<Self> {
        parse::template(text).map(Self)
    }

    /// The text that the template makes of an object. A `lenient` one ignores fields that are not there.
    ///
    /// # Errors
    /// When something is not there and the template is not lenient.
    pub fn text(&self, object: &Value, lenient: bool) -> Result<String> {
        let mut out = String::new();
        write(&self.0, object, object, lenient, &mut out)?;
        Ok(out)
    }

    /// The values that the template's paths find.
    ///
    /// # Errors
    /// When something is not there and the template is not lenient.
    pub fn values<'v>(&self, object: &'v Value, lenient: bool) -> Result<Vec<&'v Value>> {
        let mut found = Vec::new();
        collect(&self.0, object, object, lenient, &mut found)?;
        Ok(found)
    }
}

fn write(pieces: &[Piece], root: &Value, at: &Value, lenient: bool, out: &mut String) -> Result<()> {
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Path(steps) => {
                let texts: Vec<String> = walk(steps, root, at, lenient)?.into_iter().map(plain).collect();
                out.push_str(&texts.join(" "));
            }
            Piece::Range(steps, inner) => {
                for item in walk(steps, root, at, lenient)? {
                    write(inner, root, item, lenient, out)?;
                }
            }
        }
    }
    Ok(())
}

fn collect<'v>(pieces: &[Piece], root: &'v Value, at: &'v Value, lenient: bool, found: &mut Vec<&'v Value>) -> Result<()> {
    for piece in pieces {
        match piece {
            Piece::Text(_) => {}
            Piece::Path(steps) => found.extend(walk(steps, root, at, lenient)?),
            Piece::Range(steps, inner) => {
                for item in walk(steps, root, at, lenient)? {
                    collect(inner, root, item, lenient, found)?;
                }
            }
        }
    }
    Ok(())
}

/// Text without quotes, everything else as JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn walk<'v>(steps: &[Step], root: &'v Value, at: &'v Value, lenient: bool) -> Result<Vec<&'v Value>> {
    let mut here = vec![at];
    let mut deep = false;
    for step in steps {
        let mut next = Vec::new();
        for value in here {
            // After a recursion most places lack the field, which is no fault.
            take(step, root, value, lenient || deep, &mut next)?;
        }
        deep = matches!(step, Step::Deep);
        here = next;
    }
    Ok(here)
}

fn take<'v>(step: &Step, root: &'v Value, value: &'v Value, lenient: bool, out: &mut Vec<&'v Value>) -> Result<()> {
    match step {
        Step::Root => out.push(root),
        Step::Field(name) => match value.get(name) {
            Some(found) => out.push(found),
            None if lenient => {}
            None => bail!("{name} is not found"),
        },
        Step::All => out.extend(children(value)),
        Step::Slice(from, to, by) => slice(value, *from, *to, *by, lenient, out)?,
        Step::Union(steps) => {
            for step in steps {
                take(step, root, value, lenient, out)?;
            }
        }
        Step::Deep => descend(value, out),
        Step::Filter(left, comparison) => {
            for item in children(value) {
                if holds(left, comparison.as_ref(), root, item)? {
                    out.push(item);
                }
            }
        }
    }
    Ok(())
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(map) => map.values().collect(),
        _ => Vec::new(),
    }
}

fn descend<'v>(value: &'v Value, out: &mut Vec<&'v Value>) {
    out.push(value);
    for child in children(value) {
        descend(child, out);
    }
}

fn slice<'v>(value: &'v Value, from: Option<i64>, to: Option<i64>, by: i64, lenient: bool, out: &mut Vec<&'v Value>) -> Result<()> {
    let Value::Array(items) = value else {
        if lenient {
            return Ok(());
        }
        bail!("an index needs a list");
    };
    let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let place = |end: i64| if end < 0 { end + length } else { end };
    let (from, to) = (place(from.unwrap_or(0)), place(to.unwrap_or(length)).min(length));
    if from < 0 || (from >= length && length > 0 && to == length) {
        if lenient {
            return Ok(());
        }
        bail!("array index out of bounds: index {from}, length {length}");
    }
    let mut index = from;
    while index < to {
        out.extend(usize::try_from(index).ok().and_then(|index| items.get(index)));
        index += by.max(1);
    }
    Ok(())
}

fn holds(left: &Operand, comparison: Option<&(Comparison, Operand)>, root: &Value, item: &Value) -> Result<bool> {
    let Some((comparison, right)) = comparison else {
        return Ok(operand(left, root, item)?.is_some());
    };
    let (Some(left), Some(right)) = (operand(left, root, item)?, operand(right, root, item)?) else { return Ok(false) };
    let order = match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => left.partial_cmp(&right),
        _ => Some(plain(left).cmp(&plain(right))),
    };
    Ok(match comparison {
        Comparison::Equal => order.is_some_and(std::cmp::Ordering::is_eq),
        Comparison::NotEqual => !order.is_some_and(std::cmp::Ordering::is_eq),
        Comparison::Less => order.is_some_and(std::cmp::Ordering::is_lt),
        Comparison::LessOrEqual => order.is_some_and(std::cmp::Ordering::is_le),
        Comparison::Greater => order.is_some_and(std::cmp::Ordering::is_gt),
        Comparison::GreaterOrEqual => order.is_some_and(std::cmp::Ordering::is_ge),
    })
}

fn operand<'v>(operand: &'v Operand, root: &'v Value, item: &'v Value) -> Result<Option<&'v Value>> {
    match operand {
        Operand::Value(value) => Ok(Some(value)),
        Operand::Path(steps) => Ok(walk(steps, root, item, true)?.first().copied()),
    }
}

#[cfg(test)]
mod tests;
