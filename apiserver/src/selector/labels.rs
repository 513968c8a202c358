//! Label selectors: `a=b`, `a!=b`, `a in (b,c)`, `a notin (b)`, `a`, `!a`, `a>1`, `a<1`. The grammar and every message are
//! Kubernetes' own, because clients show them. Source: k8s.io/apimachinery/pkg/labels. Nothing here knows of objects.

use std::collections::BTreeSet;

use super::lexer::{Token, tokens};
use crate::names;

/// One condition on a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// The label is there and has one of the values.
    In(String, Vec<String>),
    /// The label is absent or has none of the values.
    NotIn(String, Vec<String>),
    /// The label is there.
    Exists(String),
    /// The label is absent.
    Absent(String),
    /// The label is a number greater than this.
    Greater(String, i64),
    /// The label is a number less than this.
    Less(String, i64),
}

impl Requirement {
    /// Whether labels, asked by name, fulfil it.
    pub fn holds<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        let number = |key: &str| label(key).and_then(|value| value.parse::<i64>().ok());
        match self {
            Self::In(key, values) => label(key).is_some_and(|value| values.iter().any(|wanted| wanted == value)),
            Self::NotIn(key, values) => !label(key).is_some_and(|value| values.iter().any(|unwanted| unwanted == value)),
            Self::Exists(key) => label(key).is_some(),
            Self::Absent(key) => label(key).is_none(),
            Self::Greater(key, than) => number(key).is_some_and(|number| number > *than),
            Self::Less(key, than) => number(key).is_some_and(|number| number < *than),
        }
    }
}

/// Reads a selector.
///
/// # Errors
/// The message, as Kubernetes words it.
pub fn parse(text: &str) -> Result<Vec<Requirement>, String> {
    let mut parser = Parser { tokens: tokens(text), at: 0 };
    let mut requirements = Vec::new();
    loop {
        match parser.peek() {
            Token::Word(_) | Token::Not => {}
            Token::End => return Ok(requirements),
            other => return Err(format!("found '{other}', expected: !, identifier, or 'end of string'")),
        }
        requirements.push(parser.requirement().map_err(|error| format!("unable to parse requirement: {error}"))?);
        match parser.next() {
            Token::End => return Ok(requirements),
            Token::Comma => {
                let next = parser.peek();
                if !matches!(next, Token::Word(_) | Token::Not) {
                    return Err(format!("found '{next}', expected: identifier after ','"));
                }
            }
            other => return Err(format!("found '{other}', expected: ',' or 'end of string'")),
        }
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    /// The next token; behind the end there are more ends.
    fn peek(&self) -> Token {
        self.tokens.get(self.at).cloned().unwrap_or(Token::End)
    }

    fn next(&mut self) -> Token {
        let token = self.peek();
        self.at += 1;
        token
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let mut first = self.next();
        let negated = first == Token::Not;
        if negated {
            first = self.next();
        }
        let Token::Word(key) = first else { return Err(format!("found '{first}', expected: identifier")) };
        let faults = key_faults(&key);
        if !faults.is_empty() {
            return Err(format!("<nil>: Invalid value: {key:?}: {}", faults.join("; ")));
        }
        if matches!(self.peek(), Token::End | Token::Comma) {
            return Ok(if negated { Requirement::Absent(key) } else { Requirement::Exists(key) });
        }
        self.comparison(key)
    }

    fn comparison(&mut self, key: String) -> Result<Requirement, String> {
        let operator = self.next();
        let values = match &operator {
            Token::Word(word) if word == "in" || word == "notin" => self.values()?,
            Token::Equals | Token::DoubleEquals | Token::NotEquals | Token::Greater | Token::Less => self.value()?,
            other => return Err(format!("found '{other}', expected: in, notin, =, ==, !=, gt, lt")),
        };
        let values: Vec<String> = values.into_iter().collect();
        if matches!(operator, Token::Greater | Token::Less) {
            return compared(key, &operator, &values);
        }
        check_values(&key, &values)?;
        Ok(match operator {
            Token::NotEquals => Requirement::NotIn(key, values),
            Token::Word(word) if word == "notin" => Requirement::NotIn(key, values),
            _ => Requirement::In(key, values),
        })
    }

    fn value(&mut self) -> Result<BTreeSet<String>, String> {
        if matches!(self.peek(), Token::End | Token::Comma) {
            return Ok(BTreeSet::from([String::new()]));
        }
        match self.next() {
            Token::Word(word) => Ok(BTreeSet::from([word])),
            other => Err(format!("found '{other}', expected: identifier")),
        }
    }

    fn values(&mut self) -> Result<BTreeSet<String>, String> {
        let open = self.next();
        if open != Token::Open {
            return Err(format!("found '{open}' expected: '('"));
        }
        let mut values = BTreeSet::new();
        // An empty place in the list, and an empty list, stand for the empty value.
        let mut empty = true;
        loop {
            match self.next() {
                Token::Word(word) if empty => {
                    values.insert(word);
                    empty = false;
                }
                Token::Word(word) => return Err(format!("found '{word}', expected: ',' or ')'")),
                Token::Comma => {
                    if empty {
                        values.insert(String::new());
                    }
                    empty = true;
                }
                Token::Close => {
                    if empty {
                        values.insert(String::new());
                    }
                    return Ok(values);
                }
                other if values.is_empty() => return Err(format!("found '{other}', expected: ',', ')' or identifier")),
                other if empty => return Err(format!("found '{other}', expected: ',', or identifier")),
                other => return Err(format!("found '{other}', expected: ',' or ')'")),
            }
        }
    }
}

fn compared(key: String, operator: &Token, values: &[String]) -> Result<Requirement, String> {
    let value = values.first().map(String::as_str).unwrap_or_default();
    let Ok(number) = value.parse::<i64>() else {
        return Err(format!("values[0]: Invalid value: {value:?}: for 'Gt', 'Lt' operators, the value must be an integer"));
    };
    check_values(&key, values)?;
    Ok(if *operator == Token::Greater { Requirement::Greater(key, number) } else { Requirement::Less(key, number) })
}

fn check_values(key: &str, values: &[String]) -> Result<(), String> {
    let fault = |(index, value): (usize, &String)| {
        let fault = names::label_value_fault(value)?;
        Some(format!("values[{index}][{key}]: Invalid value: {value:?}: {fault}"))
    };
    let faults: Vec<String> = values.iter().enumerate().filter_map(fault).collect();
    match faults.as_slice() {
        [] => Ok(()),
        [one] => Err(one.clone()),
        several => Err(format!("[{}]", several.join(", "))),
    }
}

/// Everything that is wrong with the key of a label: an empty name is told twice, as Kubernetes tells it.
fn key_faults(key: &str) -> Vec<String> {
    let shape = names::qualified_fault("prefix/-").map(|fault| fault.trim_start_matches("name part ").to_owned()).unwrap_or_default();
    if key.matches('/').count() > 1 {
        return vec![format!("a valid label key {shape} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')")];
    }
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    // The faults of the two parts are independent of each other.
    let prefix_fault = prefix.and_then(|prefix| names::qualified_fault(&format!("{prefix}/x")));
    let name_fault = names::qualified_fault(name);
    let empty_too = name.is_empty().then(|| format!("name part {shape}"));
    prefix_fault.into_iter().chain(name_fault).chain(empty_too).collect()
}
