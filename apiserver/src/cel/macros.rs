//! Macros that the parser leaves as calls: their arguments are worked out for each element, or not at all.

use kube_cel::cel::IdedExpr;
use kube_cel::cel::common::ast::{CallExpr, Expr};

use super::Stop;
use super::compare;
use super::eval::Eval;
use super::value::Val;

fn ident(expr: &IdedExpr) -> Option<&str> {
    if let Expr::Ident(name) = &expr.expr { Some(name) } else { None }
}

impl<'e, 'a: 'e> Eval<'e, 'a> {
    /// The result of a call that is such a macro.
    pub(super) fn lazy(&mut self, call: &'e CallExpr) -> Option<Result<Val<'a>, Stop>> {
        let target = call.target.as_deref()?;
        match (call.func_name.as_str(), call.args.as_slice()) {
            ("bind", [name, value, body]) if ident(target) == Some("cel") => {
                let name = ident(name)?;
                Some(self.eval(value).and_then(|value| self.with(&[(name, value)], body)))
            }
            ("optMap" | "optFlatMap", [name, body]) => {
                let name = ident(name)?;
                Some(self.eval(target).and_then(|target| match target {
                    Val::Optional(None) => Ok(Val::Optional(None)),
                    Val::Optional(Some(value)) => {
                        let result = self.with(&[(name, *value)], body)?;
                        Ok(if call.func_name == "optMap" { Val::Optional(Some(Box::new(result))) } else { result })
                    }
                    _ => Err(Stop::overload()),
                }))
            }
            ("all" | "exists" | "existsOne" | "exists_one", [one, two, body]) => {
                let (one, two) = (ident(one)?, ident(two)?);
                Some(self.quantify(&call.func_name, target, one, two, body))
            }
            ("transformList" | "transformMap", [one, two, rest @ ..]) if matches!(rest.len(), 1 | 2) => {
                let (one, two) = (ident(one)?, ident(two)?);
                Some(self.transform(call.func_name == "transformMap", target, one, two, rest))
            }
            _ => None,
        }
    }

    fn with(&mut self, vars: &[(&'e str, Val<'a>)], body: &'e IdedExpr) -> Result<Val<'a>, Stop> {
        let depth = self.vars.len();
        self.vars.extend(vars.iter().cloned());
        let result = self.eval(body);
        self.vars.truncate(depth);
        result
    }

    /// Keys or indices, and what stands there.
    fn pairs(&mut self, target: &'e IdedExpr) -> Result<Vec<(Val<'a>, Val<'a>)>, Stop> {
        let target = self.eval(target)?;
        let elements = target.elements().ok_or_else(Stop::overload)?;
        self.spend(u64::try_from(elements.len()).unwrap_or(u64::MAX))?;
        if target.type_name() == "map" {
            let entry = |key: Val<'a>| compare::entry(&target, &key).map(|value| (key, value));
            return Ok(elements.into_iter().filter_map(entry).collect());
        }
        Ok((0..).map(Val::Int).zip(elements).collect())
    }

    fn quantify(&mut self, name: &str, target: &'e IdedExpr, one: &'e str, two: &'e str, body: &'e IdedExpr) -> Result<Val<'a>, Stop> {
        let (mut held, mut failed) = (0_usize, None);
        for (key, value) in self.pairs(target)? {
            match (self.with(&[(one, key), (two, value)], body), name) {
                (Ok(Val::Bool(false)), "all") => return Ok(Val::Bool(false)),
                (Ok(Val::Bool(true)), "exists") => return Ok(Val::Bool(true)),
                (Ok(Val::Bool(holds)), _) => held += usize::from(holds),
                (Ok(_), _) => failed = Some(Stop::overload()),
                (Err(Stop::Budget), _) => return Err(Stop::Budget),
                (Err(error), _) => failed = Some(error),
            }
        }
        match (failed, name) {
            (Some(error), _) => Err(error),
            (None, "all") => Ok(Val::Bool(true)),
            (None, "exists") => Ok(Val::Bool(false)),
            (None, _) => Ok(Val::Bool(held == 1)),
        }
    }

    fn transform(&mut self, map: bool, target: &'e IdedExpr, one: &'e str, two: &'e str, rest: &'e [IdedExpr]) -> Result<Val<'a>, Stop> {
        let mut members = Vec::new();
        for (key, value) in self.pairs(target)? {
            let vars = [(one, key.clone()), (two, value)];
            let (filter, body) = match rest {
                [filter, body] => (Some(filter), body),
                [body] => (None, body),
                _ => return Err(Stop::overload()),
            };
            if let Some(filter) = filter
                && !matches!(self.with(&vars, filter)?, Val::Bool(true))
            {
                continue;
            }
            members.push((key, self.with(&vars, body)?));
        }
        if map { Ok(Val::Map(members.into())) } else { Ok(Val::list(members.into_iter().map(|(_, value)| value).collect())) }
    }
}
