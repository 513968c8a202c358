//! The grammar of templates.
//!
//! This module must not look into objects.

use std::collections::BTreeMap;

use anyhow::{Result, anyhow, bail};
use serde_json::Value;

use super::lex::{self, Piece, Token};
use super::{Branch, Node, Operand, Pipeline, Template, funcs};

/// Deepest nesting of blocks and of parentheses; Go's own limit is far beyond what anybody types.
const DEEPEST: usize = 100;

/// Reads a whole template.
pub fn template(text: &str) -> Result<Template> {
    let mut parser = Parser {
        pieces: lex::pieces(text)?.into_iter(),
        line: 1,
        named: BTreeMap::new(),
        variables: vec![String::new()],
        loops: 0,
        depth: 0,
    };
    let (main, end) = parser.list()?;
    match end {
        None => Ok(Template { main, named: parser.named }),
        Some(end) => bail!("template: output:{}: unexpected {{{{{end}}}}}", parser.line),
    }
}

struct Parser {
    pieces: std::vec::IntoIter<Piece>,
    line: usize,
    named: BTreeMap<String, Vec<Node>>,
    /// Names of the variables in scope.
    variables: Vec<String>,
    /// How many loops are open.
    loops: usize,
    depth: usize,
}

impl Parser {
    /// Nodes up to `end` or `else`, which is returned as it was written.
    fn list(&mut self) -> Result<(Vec<Node>, Option<String>)> {
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.next() {
            let (text, line) = match piece {
                Piece::Text(text) => {
                    nodes.push(Node::Text(text));
                    continue;
                }
                Piece::Action(text, line) => (text, line),
            };
            self.line = line;
            let keyword = text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
            let rest = text[keyword.len()..].trim();
            match keyword {
                "end" | "else" => return Ok((nodes, Some(text))),
                "if" => nodes.push(Node::If(self.branch("if", rest)?)),
                "with" => nodes.push(Node::With(self.branch("with", rest)?)),
                "range" => nodes.push(Node::Range(self.branch("range", rest)?)),
                "break" | "continue" if self.loops == 0 => bail!("template: output:{line}: {{{{{keyword}}}}} outside {{{{range}}}}"),
                "break" => nodes.push(Node::Break),
                "continue" => nodes.push(Node::Continue),
                "define" => self.define(rest)?,
                "template" => nodes.push(self.call(rest)?),
                "block" => {
                    let node = self.call(rest)?;
                    self.define(rest)?;
                    nodes.push(node);
                }
                "" if text.is_empty() => bail!("template: output:{line}: missing value for command"),
                _ => nodes.push(Node::Action(self.pipeline(&text, "command")?)),
            }
        }
        Ok((nodes, None))
    }

    /// What follows `if`, `with` or `range`, up to its `end`.
    fn branch(&mut self, keyword: &str, text: &str) -> Result<Branch> {
        let scope = self.variables.len();
        self.enter()?;
        let pipeline = self.pipeline(text, keyword)?;
        self.loops += usize::from(keyword == "range");
        let (then, end) = self.list()?;
        self.loops -= usize::from(keyword == "range");
        let otherwise = match end.as_deref() {
            None => bail!("template: output:{}: unexpected EOF", self.line),
            Some("end") => Vec::new(),
            Some("else") => {
                let (otherwise, end) = self.list()?;
                if end.as_deref() != Some("end") {
                    bail!("template: output:{}: expected end; found {}", self.line, end.as_deref().unwrap_or("EOF"));
                }
                otherwise
            }
            Some(chained) => vec![self.chained(keyword, chained)?],
        };
        self.depth -= 1;
        self.variables.truncate(scope);
        Ok(Branch { pipeline, then, otherwise })
    }

    /// `else if` and `else with`: another block, which shares the end.
    fn chained(&mut self, keyword: &str, text: &str) -> Result<Node> {
        let rest = text.strip_prefix("else").unwrap_or_default().trim_start();
        match rest.strip_prefix(keyword).filter(|rest| rest.starts_with([' ', '(', '$', '.']) && keyword != "range") {
            Some(rest) if keyword == "if" => Ok(Node::If(self.branch("if", rest.trim())?)),
            Some(rest) => Ok(Node::With(self.branch("with", rest.trim())?)),
            None => bail!("template: output:{}: unexpected {text} in {keyword}", self.line),
        }
    }

    fn define(&mut self, rest: &str) -> Result<()> {
        let name = self.name(rest)?.0;
        let outer = std::mem::replace(&mut self.variables, vec![String::new()]);
        self.enter()?;
        let (nodes, end) = self.list()?;
        self.depth -= 1;
        self.variables = outer;
        if end.as_deref() != Some("end") {
            bail!("template: output:{}: unexpected EOF", self.line);
        }
        self.named.insert(name, nodes);
        Ok(())
    }

    fn call(&mut self, rest: &str) -> Result<Node> {
        let (name, rest) = self.name(rest)?;
        let pipeline = if rest.is_empty() { None } else { Some(self.pipeline(&rest, "template clause")?) };
        Ok(Node::Template(name, pipeline))
    }

    /// A quoted name, and what follows it.
    fn name(&self, text: &str) -> Result<(String, String)> {
        let end = text.get(1..).and_then(|rest| rest.find(['"', '`'])).map(|end| end + 2);
        let quoted = end.filter(|_| text.starts_with(['"', '`'])).and_then(|end| Some((text.get(1..end - 1)?, text.get(end..)?)));
        let (name, rest) = quoted.ok_or_else(|| anyhow!("template: output:{}: a template's name must be in quotes", self.line))?;
        Ok((name.to_owned(), rest.trim().to_owned()))
    }

    fn enter(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > DEEPEST { bail!("template: output:{}: nested too deeply", self.line) } else { Ok(()) }
    }

    fn pipeline(&mut self, text: &str, context: &str) -> Result<Pipeline> {
        let tokens = lex::tokens(text, self.line)?;
        let mut words = tokens.as_slice();
        let pipeline = self.read(&mut words, text, context)?;
        match words.first() {
            None => Ok(pipeline),
            Some(_) => bail!("template: output:{}: unexpected right paren", self.line),
        }
    }

    /// Reads up to the end or to a closing parenthesis, which stays.
    fn read(&mut self, words: &mut &[Token], text: &str, context: &str) -> Result<Pipeline> {
        let (variables, declares) = self.assignment(words, context)?;
        let mut commands = vec![Vec::new()];
        while let Some(word) = words.first().filter(|word| **word != Token::Close) {
            *words = &words[1..];
            if *word == Token::Sign("|") {
                commands.push(Vec::new());
            } else {
                let operand = self.operand(word, words, text)?;
                if let Some(command) = commands.last_mut() {
                    command.push(operand);
                }
            }
        }
        if commands.iter().any(Vec::is_empty) {
            bail!("template: output:{}: missing value for {context}", self.line);
        }
        // What gets a value must be able to take it.
        if let Some(first) = commands
            .iter()
            .skip(1)
            .filter_map(|command| command.first())
            .find(|first| matches!(first, Operand::Constant(_) | Operand::Dot | Operand::Nil))
        {
            let _ = first;
            bail!("template: output:{}: non executable command in pipeline stage 2", self.line);
        }
        if declares {
            self.variables.extend(variables.iter().cloned());
        }
        Ok(Pipeline { text: text.to_owned(), variables, declares, commands })
    }

    /// `$x :=`, `$x =`, and in a range `$i, $x :=`.
    fn assignment(&mut self, words: &mut &[Token], context: &str) -> Result<(Vec<String>, bool)> {
        let (names, rest): (Vec<String>, &[Token]) = match *words {
            [Token::Variable(one), Token::Sign(":=" | "="), rest @ ..] => (vec![one.clone()], rest),
            [Token::Variable(one), Token::Sign(","), Token::Variable(two), Token::Sign(":=" | "="), rest @ ..] if context == "range" => {
                (vec![one.clone(), two.clone()], rest)
            }
            _ => return Ok((Vec::new(), false)),
        };
        let declares = words[words.len() - rest.len() - 1] == Token::Sign(":=");
        if let Some(unknown) = names.iter().find(|name| !declares && !self.variables.contains(name)) {
            bail!("template: output:{}: undefined variable \"${unknown}\"", self.line);
        }
        *words = rest;
        Ok((names, declares))
    }

    fn operand(&mut self, word: &Token, words: &mut &[Token], text: &str) -> Result<Operand> {
        Ok(match word {
            Token::Dot => Operand::Dot,
            Token::Field(name, _) => Operand::Field(std::iter::once(name.clone()).chain(chain(words)).collect()),
            Token::Variable(name) if !self.variables.contains(name) => {
                bail!("template: output:{}: undefined variable \"${name}\"", self.line)
            }
            Token::Variable(name) => Operand::Variable(name.clone(), chain(words)),
            Token::Name(name) => match name.as_str() {
                "nil" => Operand::Nil,
                "true" => Operand::Constant(Value::Bool(true)),
                "false" => Operand::Constant(Value::Bool(false)),
                name if funcs::is_known(name) => Operand::Function(name.to_owned()),
                name => bail!("template: output:{}: function {} not defined", self.line, ebb_api::go::quote(name)),
            },
            Token::Text(text) => Operand::Constant(Value::String(text.clone())),
            Token::Character(c) => Operand::Constant(Value::from(u32::from(*c))),
            Token::Number(number) => Operand::Constant(
                read_number(number)
                    .ok_or_else(|| anyhow!("template: output:{}: bad number syntax: {}", self.line, ebb_api::go::quote(number)))?,
            ),
            Token::Sign("(") => {
                self.enter()?;
                let inner = self.read(words, text, "parenthesized pipeline")?;
                self.depth -= 1;
                if words.first() != Some(&Token::Close) {
                    bail!("template: output:{}: unclosed left paren", self.line);
                }
                *words = &words[1..];
                Operand::Inner(Box::new(inner), chain(words))
            }
            Token::Sign(sign) => bail!("template: output:{}: unexpected {} in operand", self.line, ebb_api::go::quote(sign)),
            Token::Close => bail!("template: output:{}: unexpected right paren", self.line),
        })
    }
}

/// Fields that follow without a space.
fn chain(words: &mut &[Token]) -> Vec<String> {
    let mut fields = Vec::new();
    while let [Token::Field(name, false), rest @ ..] = *words {
        fields.push(name.clone());
        *words = rest;
    }
    fields
}

fn read_number(text: &str) -> Option<Value> {
    let plain = text.replace('_', "");
    let (sign, digits) = plain.strip_prefix('-').map_or((1, plain.trim_start_matches('+')), |digits| (-1, digits));
    let radix =
        |prefix: &str, radix| digits.strip_prefix(prefix).map(|digits| i64::from_str_radix(digits, radix).ok().map(|value| sign * value));
    let whole = radix("0x", 16)
        .or_else(|| radix("0b", 2))
        .or_else(|| radix("0o", 8))
        .unwrap_or_else(|| digits.parse::<i64>().ok().map(|value| sign * value));
    match whole {
        Some(whole) => Some(Value::from(whole)),
        None => plain.parse::<f64>().ok().and_then(serde_json::Number::from_f64).map(Value::Number),
    }
}
