//! Functions and operators. What must be quick or bounded is here; the rest is asked of `kube-cel`.

use kube_cel::cel::common::ast::{CallExpr, Expr, operators};

use super::eval::Eval;
use super::foreign::{self, Target};
use super::value::Val;
use super::{Stop, compare};

/// Names that stand before functions as if they were values.
const FAMILIES: [&str; 11] = ["sets", "math", "optional", "strings", "base64", "lists", "jsonpatch", "format", "ip", "cel", "regex"];

impl<'e, 'a: 'e> Eval<'e, 'a> {
    pub(super) fn function(&mut self, call: &'e CallExpr) -> Result<Val<'a>, Stop> {
        let family = match call.target.as_ref().map(|target| &target.expr) {
            Some(Expr::Ident(name)) if FAMILIES.contains(&name.as_str()) && !self.vars.iter().any(|(var, _)| var == name) => {
                Some(name.as_str())
            }
            _ => None,
        };
        let target = match (&call.target, family) {
            (Some(target), None) => Some(self.eval(target)?),
            _ => None,
        };
        let args = call.args.iter().map(|arg| self.eval(arg)).collect::<Result<Vec<_>, _>>()?;
        let name = call.func_name.as_str();
        match (target, family) {
            (None, None) => self.plain(name, args),
            (Some(target), _) => self.method(name, target, args),
            (None, Some(family)) => self.of_family(family, name, args),
        }
    }

    fn plain(&mut self, name: &str, mut args: Vec<Val<'a>>) -> Result<Val<'a>, Stop> {
        match (name, args.as_slice()) {
            (operators::EQUALS | operators::NOT_EQUALS, [left, right]) => {
                self.spend_on(&[left, right])?;
                Ok(Val::Bool(compare::equal(left, right) == (name == operators::EQUALS)))
            }
            (operators::LESS | operators::LESS_EQUALS | operators::GREATER | operators::GREATER_EQUALS, [left, right]) => {
                self.spend_on(&[left, right])?;
                compare::order(name, left, right)
            }
            (operators::ADD | operators::SUBSTRACT | operators::MULTIPLY | operators::DIVIDE | operators::MODULO, [left, right]) => {
                self.spend_on(&[left, right])?;
                let right = args.pop().unwrap_or(Val::Null);
                let left = args.pop().unwrap_or(Val::Null);
                compare::arithmetic(name, left, right)
            }
            (operators::IN, [item, list]) => self.contains(list, item),
            (operators::INDEX, [operand, key]) => index(operand, key),
            (operators::OPT_INDEX, [operand, key]) => {
                let operand = if let Val::Optional(inner) = operand { inner.as_deref() } else { Some(operand) };
                Ok(Val::Optional(operand.and_then(|operand| index(operand, key).ok()).map(Box::new)))
            }
            (operators::OPT_SELECT, [operand, Val::Text(field)]) => {
                let operand = if let Val::Optional(inner) = operand { inner.as_deref() } else { Some(operand) };
                Ok(Val::Optional(operand.and_then(|operand| operand.member(field)).map(Box::new)))
            }
            (operators::LOGICAL_NOT, [Val::Bool(flag)]) => Ok(Val::Bool(!flag)),
            (operators::NEGATE, [Val::Int(number)]) => number.checked_neg().map(Val::Int).ok_or_else(|| Stop::error("integer overflow")),
            (operators::NEGATE, [Val::Double(number)]) => Ok(Val::Double(-number)),
            ("size", [value]) => size(value),
            ("dyn", [_]) => Ok(args.remove(0)),
            ("type", [value]) => Ok(Val::Type(value.type_name())),
            ("matches", [Val::Text(text), Val::Text(pattern)]) => self.matches(text, pattern).map(Val::Bool),
            ("string", [Val::Text(_)]) | ("int", [Val::Int(_)]) | ("bool", [Val::Bool(_)]) => Ok(args.remove(0)),
            ("bool", [Val::Text(text)]) => match &**text {
                "1" | "t" | "T" | "TRUE" | "true" | "True" => Ok(Val::Bool(true)),
                "0" | "f" | "F" | "FALSE" | "false" | "False" => Ok(Val::Bool(false)),
                _ => Err(Stop::error("type conversion error from 'string' to 'bool'")),
            },
            (name, _) if name.starts_with(|c: char| !c.is_alphabetic()) => Err(Stop::overload()),
            _ => self.ask(name, None, args),
        }
    }

    fn method(&mut self, name: &str, target: Val<'a>, args: Vec<Val<'a>>) -> Result<Val<'a>, Stop> {
        match (name, &target, args.as_slice()) {
            ("size", _, []) => size(&target),
            ("startsWith", Val::Text(text), [Val::Text(part)]) => self.look(&target).map(|()| Val::Bool(text.starts_with(&**part))),
            ("endsWith", Val::Text(text), [Val::Text(part)]) => self.look(&target).map(|()| Val::Bool(text.ends_with(&**part))),
            ("contains", Val::Text(text), [Val::Text(part)]) => self.look(&target).map(|()| Val::Bool(text.contains(&**part))),
            ("matches", Val::Text(text), [Val::Text(pattern)]) => self.matches(text, pattern).map(Val::Bool),
            ("hasValue", Val::Optional(inner), []) => Ok(Val::Bool(inner.is_some())),
            ("value", Val::Optional(inner), []) => inner.as_deref().cloned().ok_or_else(|| Stop::error("optional.none() dereference")),
            ("orValue", Val::Optional(inner), [other]) => Ok(inner.as_deref().unwrap_or(other).clone()),
            ("or", Val::Optional(inner), [other]) => Ok(if inner.is_some() { target.clone() } else { other.clone() }),
            ("indexOf" | "lastIndexOf", list, [item]) if list.type_name() == "list" => self.position(list, item, name == "lastIndexOf"),
            ("join", ..) => self.join(&target, &args),
            ("replace", ..) => self.replace(&target, &args),
            _ => self.ask(name, Some(Target::Value(target)), args),
        }
    }

    fn of_family(&mut self, family: &'e str, name: &str, args: Vec<Val<'a>>) -> Result<Val<'a>, Stop> {
        match (family, name, args.as_slice()) {
            ("optional", "none", []) => Ok(Val::Optional(None)),
            ("optional", "of", [value]) => Ok(Val::Optional(Some(Box::new(value.clone())))),
            ("optional", "ofNonZeroValue", [value]) => {
                let zero = match value {
                    Val::Null | Val::Bool(false) | Val::Int(0) | Val::Uint(0) => true,
                    Val::Double(number) => *number == 0.0,
                    value => value.size() == Some(0),
                };
                Ok(Val::Optional((!zero).then(|| Box::new(value.clone()))))
            }
            ("sets", _, [left, right]) => self.sets(name, left, right),
            ("lists", "range", [Val::Int(number)]) => {
                self.spend(u64::try_from(*number).unwrap_or_default())?;
                Ok(Val::list((0..*number).map(Val::Int).collect()))
            }
            _ => self.ask(name, Some(Target::Family(family)), args),
        }
    }

    /// Calls a function of `kube-cel`. What is handed over is copied, and so counted.
    fn ask(&mut self, name: &str, target: Option<Target<'a, '_>>, args: Vec<Val<'a>>) -> Result<Val<'a>, Stop> {
        self.spend(20)?;
        if let Some(Target::Value(value)) = &target {
            self.spend_on(&[value])?;
        }
        self.spend_on(&args.iter().collect::<Vec<_>>())?;
        foreign::call(name, target, args)
    }

    fn look(&mut self, value: &Val<'a>) -> Result<(), Stop> {
        self.spend_on(&[value])
    }

    fn contains(&mut self, list: &Val<'a>, item: &Val<'a>) -> Result<Val<'a>, Stop> {
        if list.type_name() == "map" {
            return Ok(Val::Bool(compare::entry(list, item).is_some()));
        }
        self.spend_on(&[list])?;
        let items = list.elements().ok_or_else(Stop::overload)?;
        Ok(Val::Bool(items.iter().any(|known| compare::equal(known, item))))
    }

    fn position(&mut self, list: &Val<'a>, item: &Val<'a>, last: bool) -> Result<Val<'a>, Stop> {
        self.spend_on(&[list])?;
        let items = list.elements().ok_or_else(Stop::overload)?;
        let same = |known: &Val<'a>| compare::equal(known, item);
        let found = if last { items.iter().rposition(same) } else { items.iter().position(same) };
        Ok(Val::Int(found.and_then(|index| i64::try_from(index).ok()).unwrap_or(-1)))
    }

    /// Every element of one is compared with every element of the other.
    fn sets(&mut self, name: &str, left: &Val<'a>, right: &Val<'a>) -> Result<Val<'a>, Stop> {
        let (Some(one), Some(other)) = (left.elements(), right.elements()) else { return Err(Stop::overload()) };
        let pairs = left.weight(self.left()).saturating_mul(right.weight(self.left()));
        self.spend(pairs)?;
        let within = |items: &[Val<'a>], item: &Val<'a>| items.iter().any(|known| compare::equal(known, item));
        match name {
            "contains" => Ok(Val::Bool(other.iter().all(|item| within(&one, item)))),
            "intersects" => Ok(Val::Bool(other.iter().any(|item| within(&one, item)))),
            "equivalent" => Ok(Val::Bool(other.iter().all(|item| within(&one, item)) && one.iter().all(|item| within(&other, item)))),
            _ => Err(Stop::overload()),
        }
    }

    /// A text of all texts of a list; as long as they are together, and counted before it is made.
    fn join(&mut self, list: &Val<'a>, args: &[Val<'a>]) -> Result<Val<'a>, Stop> {
        let between = match args {
            [] => "",
            [Val::Text(between)] => between,
            _ => return Err(Stop::overload()),
        };
        let items = list.elements().ok_or_else(Stop::overload)?;
        let size: usize = items.iter().map(|item| if let Val::Text(text) = item { text.len() + between.len() } else { 0 }).sum();
        self.spend(u64::try_from(size / 10 + items.len()).unwrap_or(u64::MAX))?;
        let texts = items.iter().map(|item| if let Val::Text(text) = item { Ok(&**text) } else { Err(Stop::overload()) });
        Ok(Val::text(texts.collect::<Result<Vec<_>, _>>()?.join(between)))
    }

    /// A text with parts replaced; counted as if every place were replaced, before it is made.
    fn replace(&mut self, text: &Val<'a>, args: &[Val<'a>]) -> Result<Val<'a>, Stop> {
        let (Val::Text(text), [Val::Text(from), Val::Text(to), rest @ ..]) = (text, args) else { return Err(Stop::overload()) };
        let places = if from.is_empty() { text.len() + 1 } else { text.len() / from.len() };
        self.spend(u64::try_from(text.len().saturating_add(places.saturating_mul(to.len())) / 10).unwrap_or(u64::MAX))?;
        match rest {
            [] | [Val::Int(i64::MIN..0)] => Ok(Val::text(text.replace(&**from, to))),
            [Val::Int(times)] => Ok(Val::text(text.replacen(&**from, to, usize::try_from(*times).unwrap_or(usize::MAX)))),
            _ => Err(Stop::overload()),
        }
    }
}

fn size<'a>(value: &Val<'a>) -> Result<Val<'a>, Stop> {
    let size = value.size().and_then(|size| i64::try_from(size).ok());
    size.map(Val::Int).ok_or_else(Stop::overload)
}

fn index<'a>(operand: &Val<'a>, key: &Val<'a>) -> Result<Val<'a>, Stop> {
    if operand.type_name() == "map" {
        let told = || match key {
            Val::Text(key) => key.to_string(),
            Val::Int(number) => number.to_string(),
            _ => "unknown".into(),
        };
        return compare::entry(operand, key).ok_or_else(|| Stop::error(format!("no such key: {}", told())));
    }
    let Val::Int(place) = key else { return Err(Stop::overload()) };
    let found = usize::try_from(*place).ok().and_then(|place| match operand {
        Val::List(items) => items.get(place).cloned(),
        Val::Doc(serde_json::Value::Array(items), schema) => {
            Some(Val::of(items.get(place)?, schema.items.as_deref().unwrap_or(&super::value::ANYTHING)))
        }
        _ => None,
    });
    match (found, operand.type_name()) {
        (Some(found), _) => Ok(found),
        (None, "list") => Err(Stop::error(format!("index out of bounds: {place}"))),
        _ => Err(Stop::overload()),
    }
}
