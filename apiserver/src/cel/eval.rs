//! Works expressions out, step by step, and counts the steps.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use kube_cel::cel::IdedExpr;
use kube_cel::cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, SelectExpr, operators};
use regex::Regex;

use super::Stop;
use super::value::Val;

/// What compiling a pattern counts for.
const PATTERN: u64 = 500;

/// An expression being worked out.
pub struct Eval<'e, 'a> {
    pub(super) vars: Vec<(&'e str, Val<'a>)>,
    left: u64,
    patterns: HashMap<String, Regex>,
}

impl<'e, 'a: 'e> Eval<'e, 'a> {
    /// Begins with variables and so many steps.
    pub fn new(vars: Vec<(&'e str, Val<'a>)>, left: u64) -> Self {
        Self { vars, left, patterns: HashMap::new() }
    }

    /// The steps that are left.
    pub fn left(&self) -> u64 {
        self.left
    }

    /// Takes steps.
    pub(super) fn spend(&mut self, steps: u64) -> Result<(), Stop> {
        match self.left.checked_sub(steps) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                self.left = 0;
                Err(Stop::Budget)
            }
        }
    }

    /// Takes the steps of a look at whole values.
    pub(super) fn spend_on(&mut self, values: &[&Val<'a>]) -> Result<(), Stop> {
        for value in values {
            let weight = value.weight(self.left);
            self.spend(weight)?;
        }
        Ok(())
    }

    /// The value of an expression.
    pub fn eval(&mut self, expr: &'e IdedExpr) -> Result<Val<'a>, Stop> {
        self.spend(1)?;
        match &expr.expr {
            Expr::Literal(literal) => Ok(constant(literal)),
            Expr::Ident(name) => self.ident(name),
            Expr::Select(select) => self.select(select),
            Expr::Call(call) => self.call(call),
            Expr::List(list) => {
                let mut items = Vec::with_capacity(list.elements.len());
                for (index, element) in list.elements.iter().enumerate() {
                    match self.eval(element)? {
                        Val::Optional(inner) if list.optional_indices.contains(&index) => items.extend(inner.map(|inner| *inner)),
                        value => items.push(value),
                    }
                }
                Ok(Val::list(items))
            }
            Expr::Map(map) => {
                let mut members = Vec::with_capacity(map.entries.len());
                for entry in &map.entries {
                    let EntryExpr::MapEntry(entry) = &entry.expr else { return Err(Stop::overload()) };
                    let key = self.eval(&entry.key)?;
                    match self.eval(&entry.value)? {
                        Val::Optional(inner) if entry.optional => members.extend(inner.map(|inner| (key, *inner))),
                        value => members.push((key, value)),
                    }
                }
                Ok(Val::Map(Arc::new(members)))
            }
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::Struct(_) | Expr::Unspecified => Err(Stop::overload()),
        }
    }

    fn ident(&self, name: &str) -> Result<Val<'a>, Stop> {
        if let Some((_, value)) = self.vars.iter().rev().find(|(var, _)| *var == name) {
            return Ok(value.clone());
        }
        let types = ["bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type"];
        let found = types.into_iter().find(|known| *known == name);
        found.map(Val::Type).ok_or_else(|| Stop::error(format!("no such attribute(s): {name}")))
    }

    fn select(&mut self, select: &'e SelectExpr) -> Result<Val<'a>, Stop> {
        let operand = self.eval(&select.operand)?;
        if let Val::Optional(inner) = operand {
            let found = inner.and_then(|inner| inner.member(&select.field));
            return Ok(if select.test { Val::Bool(found.is_some()) } else { Val::Optional(found.map(Box::new)) });
        }
        if !matches!(operand.type_name(), "map") {
            return Err(Stop::overload());
        }
        match operand.member(&select.field) {
            found if select.test => Ok(Val::Bool(found.is_some())),
            Some(found) => Ok(found),
            None => Err(Stop::error(format!("no such key: {}", select.field))),
        }
    }

    fn call(&mut self, call: &'e CallExpr) -> Result<Val<'a>, Stop> {
        if let Some(result) = self.lazy(call) {
            return result;
        }
        match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::CONDITIONAL, [condition, yes, no]) => match self.eval(condition)? {
                Val::Bool(true) => self.eval(yes),
                Val::Bool(false) => self.eval(no),
                _ => Err(Stop::overload()),
            },
            (operators::LOGICAL_OR, [left, right]) => self.junction(left, right, true),
            (operators::LOGICAL_AND, [left, right]) => self.junction(left, right, false),
            (operators::NOT_STRICTLY_FALSE, [inner]) => match self.eval(inner) {
                Err(Stop::Budget) => Err(Stop::Budget),
                Ok(Val::Bool(flag)) => Ok(Val::Bool(flag)),
                _ => Ok(Val::Bool(true)),
            },
            _ => self.function(call),
        }
    }

    /// `||`, which is true if one side is, and `&&`, which is false if one side is, whatever becomes of the other.
    fn junction(&mut self, left: &'e IdedExpr, right: &'e IdedExpr, decisive: bool) -> Result<Val<'a>, Stop> {
        let left = self.eval(left);
        match &left {
            Err(Stop::Budget) => return Err(Stop::Budget),
            Ok(Val::Bool(flag)) if *flag == decisive => return Ok(Val::Bool(decisive)),
            _ => {}
        }
        match self.eval(right)? {
            Val::Bool(flag) if flag == decisive => Ok(Val::Bool(decisive)),
            Val::Bool(_) => match left? {
                Val::Bool(flag) => Ok(Val::Bool(flag)),
                _ => Err(Stop::overload()),
            },
            _ => Err(Stop::overload()),
        }
    }

    fn comprehension(&mut self, comprehension: &'e ComprehensionExpr) -> Result<Val<'a>, Stop> {
        let range = self.eval(&comprehension.iter_range)?;
        let items = range.elements().ok_or_else(Stop::overload)?;
        self.spend(u64::try_from(items.len() / 10).unwrap_or(u64::MAX))?;
        let begin = self.eval(&comprehension.accu_init)?;
        let depth = self.vars.len();
        self.vars.push((&comprehension.accu_var, begin));
        let result = self.iterate(comprehension, items, depth);
        self.vars.truncate(depth);
        result
    }

    fn iterate(&mut self, comprehension: &'e ComprehensionExpr, items: Vec<Val<'a>>, accu: usize) -> Result<Val<'a>, Stop> {
        for item in items {
            match self.eval(&comprehension.loop_cond)? {
                Val::Bool(true) => {}
                Val::Bool(false) => break,
                _ => return Err(Stop::overload()),
            }
            self.vars.push((&comprehension.iter_var, item));
            let stepped = self.step(&comprehension.loop_step, &comprehension.accu_var, accu);
            self.vars.truncate(accu + 1);
            stepped?;
        }
        self.eval(&comprehension.result)
    }

    /// A step of a loop. Lists that only grow do so in place.
    fn step(&mut self, step: &'e IdedExpr, name: &str, accu: usize) -> Result<(), Stop> {
        let is_accu = |expr: &IdedExpr| matches!(&expr.expr, Expr::Ident(ident) if ident == name);
        if let Expr::Call(call) = &step.expr {
            match (call.func_name.as_str(), call.args.as_slice()) {
                (operators::CONDITIONAL, [condition, yes, no]) => {
                    let Val::Bool(holds) = self.eval(condition)? else { return Err(Stop::overload()) };
                    return self.step(if holds { yes } else { no }, name, accu);
                }
                (operators::ADD, [grown, IdedExpr { expr: Expr::List(list), .. }])
                    if is_accu(grown) && list.optional_indices.is_empty() =>
                {
                    let new = list.elements.iter().map(|element| self.eval(element)).collect::<Result<Vec<_>, _>>()?;
                    if let Some((_, Val::List(items))) = self.vars.get_mut(accu) {
                        Arc::make_mut(items).extend(new);
                        return Ok(());
                    }
                    return Err(Stop::overload());
                }
                _ => {}
            }
        }
        if is_accu(step) {
            return Ok(());
        }
        let next = self.eval(step)?;
        if let Some((_, value)) = self.vars.get_mut(accu) {
            *value = next;
        }
        Ok(())
    }

    /// Whether a text has a part that matches a pattern.
    pub(super) fn matches(&mut self, text: &str, pattern: &str) -> Result<bool, Stop> {
        self.spend(u64::try_from(text.len() / 10 + pattern.len() / 4).unwrap_or(u64::MAX))?;
        if !self.patterns.contains_key(pattern) {
            self.spend(PATTERN)?;
            let compiled = Regex::new(pattern).map_err(|error| Stop::error(format!("error parsing regexp: {error}")))?;
            self.patterns.insert(pattern.to_owned(), compiled);
        }
        Ok(self.patterns.get(pattern).is_some_and(|compiled| compiled.is_match(text)))
    }
}

fn constant<'a>(literal: &LiteralValue) -> Val<'a> {
    match literal {
        LiteralValue::Boolean(flag) => Val::Bool(*flag.inner()),
        LiteralValue::Bytes(bytes) => Val::Bytes(bytes.inner().into()),
        LiteralValue::Double(number) => Val::Double(*number.inner()),
        LiteralValue::Int(number) => Val::Int(*number.inner()),
        LiteralValue::Null => Val::Null,
        LiteralValue::String(text) => Val::Text(Cow::Owned(text.inner().to_owned())),
        LiteralValue::UInt(number) => Val::Uint(*number.inner()),
    }
}
