//! The grammar of JSONPath templates.
//!
//! This module must not look into objects.

use anyhow::{Result, anyhow, bail};
use serde_json::Value;

use super::{Comparison, Operand, Piece, Step};

/// Reads a whole template.
///
/// # Errors
/// What is malformed.
pub fn template(text: &str) -> Result<Vec<Piece>> {
    // What is open: the paths of ranges, and the pieces inside of them; the first level has no path.
    let mut open: Vec<(Vec<Step>, Vec<Piece>)> = vec![(Vec::new(), Vec::new())];
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        push(&mut open, Piece::Text(before.to_owned()));
        let end = action_end(after).ok_or_else(|| anyhow!("unclosed action"))?;
        action(after[..end].trim(), &mut open)?;
        rest = &after[end + 1..];
    }
    push(&mut open, Piece::Text(rest.to_owned()));
    match (open.pop(), open.is_empty()) {
        (Some((_, pieces)), true) => Ok(pieces),
        _ => bail!("unexpected end of template, a range is not closed with {{end}}"),
    }
}

fn push(open: &mut [(Vec<Step>, Vec<Piece>)], piece: Piece) {
    if piece != Piece::Text(String::new())
        && let Some((_, pieces)) = open.last_mut()
    {
        pieces.push(piece);
    }
}

fn action(text: &str, open: &mut Vec<(Vec<Step>, Vec<Piece>)>) -> Result<()> {
    if text == "end" {
        let (steps, inner) = open.pop().filter(|_| !open.is_empty()).ok_or_else(|| anyhow!("not in range, nothing to end"))?;
        push(open, Piece::Range(steps, inner));
    } else if let Some(path) = text.strip_prefix("range").filter(|path| path.starts_with([' ', '.', '[', '$', '@'])) {
        open.push((steps(path.trim())?, Vec::new()));
    } else if text.starts_with(['"', '\'']) {
        push(open, Piece::Text(quoted(text)?));
    } else {
        push(open, Piece::Path(steps(text)?));
    }
    Ok(())
}

/// Where the `}` is that closes an action; braces in quotes do not count.
fn action_end(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut escaped = false;
    for (index, c) in text.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '}') => return Some(index),
            _ => {}
        }
    }
    None
}

fn quoted(text: &str) -> Result<String> {
    let quote = text.chars().next().unwrap_or('"');
    let inner = text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote)).filter(|_| text.len() > 1);
    let inner = inner.ok_or_else(|| anyhow!("unterminated quoted string"))?;
    let mut out = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some('t')) => out.push('\t'),
            ('\\', Some('r')) => out.push('\r'),
            ('\\', Some(other)) => out.push(other),
            (c, _) => out.push(c),
        }
    }
    Ok(out)
}

/// Reads a path such as `.status.conditions[?(@.type=="Ready")].status`.
fn steps(text: &str) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = text;
    if let Some(after) = rest.strip_prefix('$') {
        steps.push(Step::Root);
        rest = after;
    }
    rest = rest.strip_prefix('@').unwrap_or(rest);
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("..") {
            steps.push(Step::Deep);
            rest = if after.starts_with('[') { after } else { field(after, &mut steps)? };
        } else if let Some(after) = rest.strip_prefix('.') {
            rest = if after.is_empty() { after } else { field(after, &mut steps)? };
        } else if let Some(after) = rest.strip_prefix('[') {
            let end = bracket_end(after).ok_or_else(|| anyhow!("unterminated array"))?;
            steps.push(bracket(after[..end].trim())?);
            rest = &after[end + 1..];
        } else {
            bail!("unrecognized character in action: {rest}");
        }
    }
    Ok(steps)
}

/// Reads the name after a dot; `\.` is a dot within a name.
fn field<'t>(text: &'t str, steps: &mut Vec<Step>) -> Result<&'t str> {
    if text.starts_with('[') {
        return Ok(text);
    }
    let mut name = String::new();
    let mut chars = text.char_indices();
    let mut end = text.len();
    while let Some((index, c)) = chars.next() {
        match c {
            '\\' => name.extend(chars.next().map(|(_, c)| c)),
            '.' | '[' => {
                end = index;
                break;
            }
            c => name.push(c),
        }
    }
    match name.as_str() {
        "" => bail!("a field name is missing in {text}"),
        "*" => steps.push(Step::All),
        _ => steps.push(Step::Field(name)),
    }
    Ok(&text[end..])
}

/// Where the `]` is that closes a bracket; inner brackets and quotes are skipped.
fn bracket_end(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0_usize, None);
    for (index, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') if depth == 0 => return Some(index),
            (None, ']') => depth -= 1,
            _ => {}
        }
    }
    None
}

fn bracket(text: &str) -> Result<Step> {
    if let Some(filter) = text.strip_prefix("?(").and_then(|text| text.strip_suffix(')')) {
        return self::filter(filter);
    }
    if text == "*" {
        return Ok(Step::All);
    }
    let mut parts = text.split(',').map(|part| selection(part.trim())).collect::<Result<Vec<_>>>()?;
    match (parts.len(), parts.pop()) {
        (1, Some(only)) => Ok(only),
        (_, Some(last)) => {
            parts.push(last);
            Ok(Step::Union(parts))
        }
        _ => bail!("empty array selection"),
    }
}

fn selection(text: &str) -> Result<Step> {
    if text.starts_with(['\'', '"']) {
        return Ok(Step::Field(quoted(text)?));
    }
    let number = |text: &str| text.trim().parse::<i64>().map_err(|_| anyhow!("invalid array index {text}"));
    let optional = |text: &str| if text.trim().is_empty() { Ok(None) } else { number(text).map(Some) };
    let parts: Vec<&str> = text.split(':').collect();
    match parts[..] {
        [index] => {
            let index = number(index)?;
            // The last item ends where the list ends, not at zero.
            Ok(Step::Slice(Some(index), if index == -1 { None } else { Some(index + 1) }, 1))
        }
        [from, to] => Ok(Step::Slice(optional(from)?, optional(to)?, 1)),
        [from, to, by] => Ok(Step::Slice(optional(from)?, optional(to)?, optional(by)?.unwrap_or(1))),
        _ => bail!("invalid array index {text}"),
    }
}

fn filter(text: &str) -> Result<Step> {
    let comparisons = [
        ("==", Comparison::Equal),
        ("!=", Comparison::NotEqual),
        ("<=", Comparison::LessOrEqual),
        (">=", Comparison::GreaterOrEqual),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
    ];
    for (sign, comparison) in comparisons {
        if let Some((left, right)) = text.split_once(sign) {
            return Ok(Step::Filter(operand(left.trim())?, Some((comparison, operand(right.trim())?))));
        }
    }
    Ok(Step::Filter(operand(text.trim())?, None))
}

fn operand(text: &str) -> Result<Operand> {
    if text.starts_with(['\'', '"']) {
        return Ok(Operand::Value(Value::String(quoted(text)?)));
    }
    if text.starts_with(['@', '$', '.']) {
        return steps(text).map(Operand::Path);
    }
    serde_json::from_str(text).map(Operand::Value).map_err(|_| anyhow!("cannot read {text} in a filter"))
}
