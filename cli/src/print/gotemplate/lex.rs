//! A template's text becomes text and actions, and an action becomes words.
//!
//! This module must not know the grammar.

use anyhow::{Result, anyhow, bail};

/// A piece of a template.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Text as it is.
    Text(String),
    /// What stands between `{{` and `}}`, and on which line.
    Action(String, usize),
}

/// A word of an action.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// A name: a keyword or a function.
    Name(String),
    /// `.a`; without a space before it, it belongs to what stands there.
    Field(String, bool),
    /// `$` and a name.
    Variable(String),
    /// `.` alone.
    Dot,
    /// A string or character.
    Text(String),
    Character(char),
    Number(String),
    /// `|`, `,`, `(`, `)`, `=`, `:=`.
    Sign(&'static str),
    /// `)` directly followed by nothing, `.field` may follow.
    Close,
}

/// Cuts a template into pieces; `{{-` and `-}}` take the white space beside them away.
pub fn pieces(text: &str) -> Result<Vec<Piece>> {
    let mut pieces = Vec::new();
    let (mut rest, mut line, mut trim) = (text, 1, false);
    while let Some((before, after)) = rest.split_once("{{") {
        let trims_left = after.strip_prefix('-').is_some_and(|after| after.starts_with(char::is_whitespace));
        push_text(&mut pieces, before, trim, trims_left);
        line += before.matches('\n').count();
        let after = if trims_left { &after[1..] } else { after };
        let (inner, skipped, trims_right) = action(after).ok_or_else(|| unclosed(after, line))?;
        if !inner.trim_start().starts_with("/*") {
            pieces.push(Piece::Action(inner.trim().to_owned(), line));
        }
        line += after[..skipped].matches('\n').count();
        (rest, trim) = (&after[skipped..], trims_right);
    }
    push_text(&mut pieces, rest, trim, false);
    Ok(pieces)
}

fn unclosed(after: &str, line: usize) -> anyhow::Error {
    let what = if after.trim_start().starts_with("/*") { "comment" } else { "action" };
    anyhow!("template: output:{line}: unclosed {what}")
}

fn push_text(pieces: &mut Vec<Piece>, text: &str, trim_start: bool, trim_end: bool) {
    let text = if trim_start { text.trim_start() } else { text };
    let text = if trim_end { text.trim_end() } else { text };
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
}

/// The inside of an action, the length of it with its end, and whether it trims what follows.
fn action(text: &str) -> Option<(&str, usize, bool)> {
    if text.trim_start().starts_with("/*") {
        let end = text.find("*/")? + 2;
        let rest = text[end..].trim_start();
        let skipped = text.len() - rest.len();
        return match rest.strip_prefix("-}}") {
            Some(_) => Some((&text[..end], skipped + 3, true)),
            None => rest.starts_with("}}").then_some((&text[..end], skipped + 2, false)),
        };
    }
    let (mut quote, mut escaped) = (None, false);
    for (index, c) in text.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some('"' | '\''), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '}') if text[index..].starts_with("}}") => {
                let inner = &text[..index];
                let trimmed = inner.strip_suffix('-').filter(|inner| inner.ends_with(char::is_whitespace));
                return Some((trimmed.unwrap_or(inner), index + 2, trimmed.is_some()));
            }
            _ => {}
        }
    }
    None
}

/// Cuts an action into words.
pub fn tokens(text: &str, line: usize) -> Result<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    let mut spaced = true;
    while let Some(c) = rest.chars().next() {
        let before = rest;
        if c.is_whitespace() {
            (rest, spaced) = (rest.trim_start(), true);
            continue;
        }
        rest = match c {
            '"' => {
                let (value, after) = quoted(rest, line)?;
                tokens.push(Token::Text(value));
                after
            }
            '\'' => {
                let (value, after) = quoted(rest, line)?;
                let mut chars = value.chars();
                let (Some(one), None) = (chars.next(), chars.next()) else {
                    bail!("template: output:{line}: malformed character constant: {text}")
                };
                tokens.push(Token::Character(one));
                after
            }
            '`' => {
                let (value, after) =
                    rest[1..].split_once('`').ok_or_else(|| anyhow!("template: output:{line}: unterminated raw quoted string"))?;
                tokens.push(Token::Text(value.to_owned()));
                after
            }
            '$' => {
                let length = name_length(&rest[1..]);
                tokens.push(Token::Variable(rest[1..=length].to_owned()));
                &rest[1 + length..]
            }
            '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => number(rest, &mut tokens),
            '.' => {
                let length = name_length(&rest[1..]);
                tokens.push(if length == 0 { Token::Dot } else { Token::Field(rest[1..=length].to_owned(), spaced) });
                &rest[1 + length..]
            }
            c if c.is_ascii_digit() || (matches!(c, '-' | '+') && rest[1..].starts_with(|c: char| c.is_ascii_digit() || c == '.')) => {
                number(rest, &mut tokens)
            }
            c if c.is_alphabetic() || c == '_' => {
                let length = name_length(rest);
                tokens.push(Token::Name(rest[..length].to_owned()));
                &rest[length..]
            }
            ':' if rest.starts_with(":=") => sign(":=", rest, &mut tokens),
            '|' => sign("|", rest, &mut tokens),
            ',' => sign(",", rest, &mut tokens),
            '=' => sign("=", rest, &mut tokens),
            '(' => sign("(", rest, &mut tokens),
            ')' => {
                tokens.push(Token::Close);
                &rest[1..]
            }
            '%' => bail!("template: output:{line}: unexpected \"%\" in operand"),
            c => bail!("template: output:{line}: unexpected {} in command", ebb_api::go::quote(&c.to_string())),
        };
        spaced = before.is_empty();
    }
    Ok(tokens)
}

fn sign<'t>(sign: &'static str, rest: &'t str, tokens: &mut Vec<Token>) -> &'t str {
    tokens.push(Token::Sign(sign));
    &rest[sign.len()..]
}

fn name_length(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())
}

fn number<'t>(text: &'t str, tokens: &mut Vec<Token>) -> &'t str {
    let mut last = ' ';
    let length = text
        .find(|c: char| {
            let exponent = matches!(last, 'e' | 'E') && matches!(c, '-' | '+');
            let first = last == ' ' && matches!(c, '-' | '+');
            last = c;
            !(c.is_alphanumeric() || c == '.' || c == '_' || exponent || first)
        })
        .unwrap_or(text.len());
    tokens.push(Token::Number(text[..length].to_owned()));
    &text[length..]
}

/// Reads a quoted string or character with Go's escapes.
fn quoted(text: &str, line: usize) -> Result<(String, &str)> {
    let quote = text.chars().next().unwrap_or('"');
    let mut out = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((index, c)) = chars.next() {
        match c {
            c if c == quote => return Ok((out, &text[index + 1..])),
            '\\' => match chars.next().map(|(_, c)| c) {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('r') => out.push('\r'),
                Some(hex @ ('x' | 'u' | 'U')) => {
                    let digits: String = chars
                        .by_ref()
                        .take(match hex {
                            'x' => 2,
                            'u' => 4,
                            _ => 8,
                        })
                        .map(|(_, c)| c)
                        .collect();
                    let code = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                    out.push(code.ok_or_else(|| anyhow!("template: output:{line}: invalid escape in {text}"))?);
                }
                Some(c) => out.push(c),
                None => break,
            },
            c => out.push(c),
        }
    }
    bail!("template: output:{line}: unterminated quoted string")
}
