//! The Common Expression Language, as validation rules of custom kinds use it. The grammar is the `cel` crate's; expressions
//! are worked out here, on the documents themselves, so that nothing is copied and every step is counted: a rule costs a
//! bounded number of steps, whatever it says. Functions beyond the core of the language are those of `kube-cel`.
//!
//! Source: "Validation rules" and "CEL in Kubernetes" in Kubernetes' documentation, k8s.io/apiserver/pkg/cel.

mod check;
mod compare;
mod eval;
mod foreign;
mod functions;
mod macros;
pub mod value;

use kube_cel::cel::IdedExpr;
use kube_cel::cel::parser::Parser;
use serde_json::Value;

use crate::schema::Schema;
use eval::Eval;
use value::Val;

/// A parsed expression.
#[derive(Debug)]
pub struct Program {
    expr: IdedExpr,
    /// Whether it asks for the state before the change.
    pub uses_old: bool,
}

/// Why an expression has no result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It makes no sense for this object.
    Error(String),
    /// It takes more steps than it may.
    Budget,
}

impl Stop {
    fn error(message: impl Into<String>) -> Self {
        Self::Error(message.into())
    }

    fn overload() -> Self {
        Self::error("no such overload")
    }
}

impl Program {
    /// Parses an expression.
    ///
    /// # Errors
    /// What is wrong with it, as the compiler of Kubernetes says it.
    pub fn parse(source: &str) -> Result<Self, String> {
        // The parser is generated code; a text that it cannot take must not end the server.
        let parsed =
            std::panic::catch_unwind(|| Parser::new().enable_optional_syntax(true).parse(source).map_err(|error| error.to_string()));
        let expr = parsed
            .unwrap_or_else(|_| Err("ERROR: <input>:1:1: Syntax error".into()))
            .map_err(|error| format!("compilation failed: {}", error.replace("\n|", "\n |")))?;
        let uses_old = check::mentions(&expr, "oldSelf");
        Ok(Self { expr, uses_old })
    }

    /// Checks that what the expression speaks of exists.
    ///
    /// # Errors
    /// What is wrong with it, as the compiler of Kubernetes says it.
    pub fn check(&self, source: &str, schema: &Schema) -> Result<(), String> {
        check::check(&self.expr, source, schema)
    }

    /// Works the expression out. `old` is `None` if there is no old state; then `oldSelf` is absent, or an empty optional.
    /// What was spent is taken from `left`.
    ///
    /// # Errors
    /// [`Stop`].
    pub fn run<'a>(&'a self, now: (&'a Value, &'a Schema), old: Old<'a>, left: &mut u64) -> Result<Val<'a>, Stop> {
        let mut vars = vec![("self", Val::of(now.0, now.1))];
        match old {
            Old::Absent => {}
            Old::Plain(old) => vars.push(("oldSelf", Val::of(old, now.1))),
            Old::Optional(old) => vars.push(("oldSelf", Val::Optional(old.map(|old| Box::new(Val::of(old, now.1)))))),
        }
        let mut eval = Eval::new(vars, *left);
        let result = eval.eval(&self.expr);
        *left = eval.left();
        result
    }
}

/// The state before the change, as rules see it.
#[derive(Clone, Copy, Debug)]
pub enum Old<'a> {
    /// There is no variable for it.
    Absent,
    /// As it was.
    Plain(&'a Value),
    /// As an optional.
    Optional(Option<&'a Value>),
}

#[cfg(test)]
mod tests;
