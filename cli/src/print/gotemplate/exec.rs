//! Templates are carried out.
//!
//! This module must not know any function.

use anyhow::{Result, anyhow, bail};
use serde_json::Value;

use super::{Branch, Node, Operand, Pipeline, Template, format, funcs};

/// Deepest calls of templates by templates.
const DEEPEST: usize = 100;
/// Longest output: a template cannot print more than a few objects' worth by accident. 64 MiB.
const LONGEST: usize = 64 << 20;

/// The text that a template makes of an object.
pub fn run(template: &Template, object: &Value, lenient: bool) -> Result<String> {
    let mut machine = Machine { template, lenient, out: String::new(), variables: vec![(String::new(), object.clone())], depth: 0 };
    machine.list(&template.main, object)?;
    Ok(machine.out)
}

/// What comes after a node.
enum Flow {
    Next,
    Break,
    Continue,
}

struct Machine<'t> {
    template: &'t Template,
    lenient: bool,
    out: String,
    variables: Vec<(String, Value)>,
    depth: usize,
}

impl Machine<'_> {
    fn list(&mut self, nodes: &[Node], dot: &Value) -> Result<Flow> {
        for node in nodes {
            match self.node(node, dot)? {
                Flow::Next => {}
                other => return Ok(other),
            }
        }
        Ok(Flow::Next)
    }

    fn node(&mut self, node: &Node, dot: &Value) -> Result<Flow> {
        match node {
            Node::Text(text) => self.write(text)?,
            Node::Action(pipeline) => {
                let value = self.pipeline(pipeline, dot)?;
                if pipeline.variables.is_empty() {
                    self.write(&format::printed(&value))?;
                }
            }
            Node::If(branch) => return self.branch(branch, dot, false),
            Node::With(branch) => return self.branch(branch, dot, true),
            Node::Range(branch) => return self.range(branch, dot),
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
            Node::Template(name, pipeline) => self.call(name, pipeline.as_ref(), dot)?,
        }
        Ok(Flow::Next)
    }

    fn write(&mut self, text: &str) -> Result<()> {
        if self.out.len() + text.len() > LONGEST {
            bail!("the template prints more than {LONGEST} bytes");
        }
        self.out.push_str(text);
        Ok(())
    }

    fn branch(&mut self, branch: &Branch, dot: &Value, moves: bool) -> Result<Flow> {
        let scope = self.variables.len();
        let value = self.pipeline(&branch.pipeline, dot)?;
        let flow = if funcs::holds(&value) {
            self.list(&branch.then, if moves { &value } else { dot })?
        } else {
            self.list(&branch.otherwise, dot)?
        };
        self.variables.truncate(scope);
        Ok(flow)
    }

    fn range(&mut self, branch: &Branch, dot: &Value) -> Result<Flow> {
        let scope = self.variables.len();
        let value = self.pipeline(&Pipeline { variables: Vec::new(), ..branch.pipeline.clone() }, dot)?;
        let items = items(&value).map_err(|why| at(&branch.pipeline.text, &why))?;
        if items.is_empty() {
            return self.list(&branch.otherwise, dot);
        }
        for (key, item) in items {
            match branch.pipeline.variables.as_slice() {
                [] => {}
                [one] => self.set(one, item.clone(), branch.pipeline.declares),
                [index, one, ..] => {
                    self.set(index, key, branch.pipeline.declares);
                    self.set(one, item.clone(), branch.pipeline.declares);
                }
            }
            let flow = self.list(&branch.then, &item)?;
            if branch.pipeline.declares {
                self.variables.truncate(scope);
            }
            if matches!(flow, Flow::Break) {
                break;
            }
        }
        self.variables.truncate(scope);
        Ok(Flow::Next)
    }

    fn set(&mut self, name: &str, value: Value, declares: bool) {
        match self.variables.iter_mut().rev().find(|(known, _)| known == name).filter(|_| !declares) {
            Some((_, known)) => *known = value,
            None => self.variables.push((name.to_owned(), value)),
        }
    }

    fn call(&mut self, name: &str, pipeline: Option<&Pipeline>, dot: &Value) -> Result<()> {
        let nodes =
            self.template.named.get(name).ok_or_else(|| anyhow!("template: no template {} associated", ebb_api::go::quote(name)))?;
        let value = pipeline.map_or(Ok(Value::Null), |pipeline| self.pipeline(pipeline, dot))?;
        self.depth += 1;
        if self.depth > DEEPEST {
            bail!("template: exceeded maximum template depth ({DEEPEST})");
        }
        let outer = std::mem::replace(&mut self.variables, vec![(String::new(), value.clone())]);
        self.list(nodes, &value)?;
        self.variables = outer;
        self.depth -= 1;
        Ok(())
    }

    fn pipeline(&mut self, pipeline: &Pipeline, dot: &Value) -> Result<Value> {
        let mut last = None;
        for command in &pipeline.commands {
            last = Some(self.command(command, last, dot, &pipeline.text)?);
        }
        let value = last.unwrap_or_default();
        for name in &pipeline.variables {
            self.set(name, value.clone(), pipeline.declares);
        }
        Ok(value)
    }

    fn command(&mut self, command: &[Operand], last: Option<Value>, dot: &Value, text: &str) -> Result<Value> {
        let Some((Operand::Function(name), rest)) = command.split_first() else {
            return match (command, last) {
                ([one], None) => self.operand(one, dot, text),
                ([Operand::Nil, ..], _) => Err(at(text, "nil is not a command")),
                _ => Err(at(text, "can't give argument to non-function")),
            };
        };
        // and and or look at no more than they must.
        if matches!(name.as_str(), "and" | "or") {
            let mut value = Value::Null;
            for argument in rest {
                value = self.operand(argument, dot, text)?;
                if funcs::holds(&value) == (name == "or") {
                    return Ok(value);
                }
            }
            return Ok(last.unwrap_or(value));
        }
        let mut arguments = rest.iter().map(|argument| self.operand(argument, dot, text)).collect::<Result<Vec<_>>>()?;
        arguments.extend(last);
        funcs::call(name, &arguments).map_err(|why| at(text, &format!("error calling {name}: {why}")))
    }

    fn operand(&mut self, operand: &Operand, dot: &Value, text: &str) -> Result<Value> {
        match operand {
            Operand::Dot => Ok(dot.clone()),
            Operand::Nil => Ok(Value::Null),
            Operand::Constant(value) => Ok(value.clone()),
            Operand::Field(names) => self.fields(dot, names, text),
            Operand::Variable(name, names) => {
                let value = self.variables.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone());
                self.fields(&value.unwrap_or_default(), names, text)
            }
            Operand::Inner(pipeline, names) => {
                let value = self.pipeline(pipeline, dot)?;
                self.fields(&value, names, text)
            }
            Operand::Function(name) => funcs::call(name, &[]).map_err(|why| at(text, &format!("error calling {name}: {why}"))),
        }
    }

    fn fields(&self, from: &Value, names: &[String], text: &str) -> Result<Value> {
        let mut here = from;
        for name in names {
            here = match here {
                Value::Object(map) => match map.get(name) {
                    Some(value) => value,
                    None if self.lenient => return Ok(Value::Null),
                    None => return Err(at(text, &format!("map has no entry for key {}", ebb_api::go::quote(name)))),
                },
                Value::Null => return Ok(Value::Null),
                other => return Err(at(text, &format!("can't evaluate field {name} in type {}", funcs::type_name(other)))),
            };
        }
        Ok(here.clone())
    }
}

fn at(text: &str, why: &str) -> anyhow::Error {
    anyhow!("template: output: executing \"output\" at <{text}>: {why}")
}

/// Keys and items in order.
fn items(value: &Value) -> Result<Vec<(Value, Value)>, String> {
    match value {
        Value::Array(items) => Ok(items.iter().enumerate().map(|(index, item)| (Value::from(index), item.clone())).collect()),
        Value::Object(map) => {
            let mut items: Vec<_> = map.iter().map(|(key, item)| (key.clone(), item.clone())).collect();
            items.sort_by(|one, other| one.0.cmp(&other.0));
            Ok(items.into_iter().map(|(key, item)| (Value::String(key), item)).collect())
        }
        Value::Null => Ok(Vec::new()),
        other => Err(format!("range can't iterate over {}", format::printed(other))),
    }
}
