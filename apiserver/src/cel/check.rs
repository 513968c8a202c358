//! Checks expressions against the schema before there is any object: names that do not exist, fields that are not declared,
//! rules that are no conditions. It knows as much of types as the schema says, and lets through what it does not know.

use kube_cel::cel::IdedExpr;
use kube_cel::cel::common::ast::{CallExpr, EntryExpr, Expr, operators};

use super::value::{ANYTHING, schema_of_member};
use crate::schema::{Schema, Type};

/// Whether an expression speaks of a variable.
pub fn mentions(expr: &IdedExpr, name: &str) -> bool {
    let mut found = matches!(&expr.expr, Expr::Ident(ident) if ident == name);
    each(expr, &mut |inner| found = found || mentions(inner, name));
    found
}

/// Visits what an expression is made of.
fn each<'e>(expr: &'e IdedExpr, visit: &mut impl FnMut(&'e IdedExpr)) {
    match &expr.expr {
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).for_each(visit),
        Expr::Comprehension(inner) => {
            [&inner.iter_range, &inner.accu_init, &inner.loop_cond, &inner.loop_step, &inner.result].into_iter().for_each(visit);
        }
        Expr::List(list) => list.elements.iter().for_each(visit),
        Expr::Map(map) => map.entries.iter().for_each(|entry| {
            if let EntryExpr::MapEntry(entry) = &entry.expr {
                visit(&entry.key);
                visit(&entry.value);
            }
        }),
        Expr::Select(select) => visit(&select.operand),
        _ => {}
    }
}

const TYPES: [&str; 11] = ["bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type", "google"];
const FAMILIES: [&str; 11] = ["sets", "math", "optional", "strings", "base64", "lists", "jsonpatch", "format", "ip", "cel", "regex"];

struct Check<'s> {
    source: &'s str,
    vars: Vec<(String, Option<&'s Schema>)>,
    faults: Vec<String>,
}

/// Checks a rule of a schema.
///
/// # Errors
/// As the compiler of Kubernetes says it.
pub fn check(expr: &IdedExpr, source: &str, schema: &Schema) -> Result<(), String> {
    let vars = vec![("self".to_owned(), Some(schema)), ("oldSelf".to_owned(), None)];
    let mut check = Check { source, vars, faults: Vec::new() };
    let result = check.look(expr);
    if check.faults.is_empty() && result.is_some_and(|schema| schema.kind.is_some_and(|kind| kind != Type::Boolean) || schema.int_or_string)
    {
        return Err("cel expression must evaluate to a bool".into());
    }
    if check.faults.is_empty() { Ok(()) } else { Err(format!("compilation failed: {}", check.faults.join("\n"))) }
}

impl<'s> Check<'s> {
    fn fault(&mut self, place: usize, message: &str) {
        let line = self.source.lines().next().unwrap_or_default();
        let fault = format!("ERROR: <input>:1:{}: {message}\n | {line}\n | {}^", place + 1, ".".repeat(place));
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    /// The schema of what an expression stands for, if it is a part of the document.
    fn look(&mut self, expr: &IdedExpr) -> Option<&'s Schema> {
        match &expr.expr {
            Expr::Ident(name) => self.ident(name),
            Expr::Select(select) => {
                let schema = self.look(&select.operand)?;
                self.member(schema, &select.field)
            }
            Expr::Call(call) => self.call(call),
            Expr::Comprehension(inner) => {
                let range = self.look(&inner.iter_range);
                let of = range.and_then(|schema| schema.items.as_deref());
                let depth = self.vars.len();
                self.vars.extend([(inner.accu_var.clone(), None), (inner.iter_var.clone(), of)]);
                for part in [&inner.accu_init, &inner.loop_cond, &inner.loop_step, &inner.result] {
                    self.look(part);
                }
                self.vars.truncate(depth);
                None
            }
            _ => {
                let mut parts = Vec::new();
                each(expr, &mut |part| parts.push(part));
                for part in parts {
                    self.look(part);
                }
                None
            }
        }
    }

    fn ident(&mut self, name: &str) -> Option<&'s Schema> {
        if let Some((_, schema)) = self.vars.iter().rev().find(|(var, _)| var == name) {
            return *schema;
        }
        if !TYPES.contains(&name) && !FAMILIES.contains(&name) {
            let place = self.source.find(name).unwrap_or_default();
            self.fault(place, &format!("undeclared reference to '{name}' (in container '')"));
        }
        None
    }

    fn member(&mut self, schema: &'s Schema, field: &str) -> Option<&'s Schema> {
        let structured = schema.kind == Some(Type::Object) && !schema.is_map() && !schema.preserve_unknown;
        let scalar = matches!(schema.kind, Some(Type::String | Type::Integer | Type::Number | Type::Boolean)) && !schema.int_or_string;
        let place = self.source.find(&format!(".{field}")).unwrap_or_default();
        if scalar {
            let name = match schema.kind {
                Some(Type::String) => "string",
                Some(Type::Integer) => "int",
                Some(Type::Number) => "double",
                _ => "bool",
            };
            self.fault(place, &format!("type '{name}' does not support field selection"));
            return None;
        }
        // What is escaped is looked up as it is only if it is declared so.
        let found = schema_of_member(schema, field);
        if found.is_none() && structured && !field.contains("__") {
            self.fault(place, &format!("undefined field '{field}'"));
        }
        found.filter(|found| !std::ptr::eq(*found, &raw const *ANYTHING))
    }

    fn call(&mut self, call: &CallExpr) -> Option<&'s Schema> {
        // Macros that the parser leaves as calls name variables of their own.
        let names = call.args.iter().filter_map(|arg| if let Expr::Ident(name) = &arg.expr { Some(name.clone()) } else { None });
        let binds = matches!(
            call.func_name.as_str(),
            "bind" | "optMap" | "optFlatMap" | "all" | "exists" | "existsOne" | "exists_one" | "transformList" | "transformMap" | "sortBy"
        );
        let depth = self.vars.len();
        let target = call.target.as_deref().and_then(|target| self.look(target));
        if binds {
            self.vars.extend(names.map(|name| (name, None)));
        }
        let first = call.args.iter().map(|arg| self.look(arg)).collect::<Vec<_>>();
        self.vars.truncate(depth);
        let _ = target;
        match (call.func_name.as_str(), first.as_slice()) {
            (operators::INDEX, [Some(schema), _]) => schema.items.as_deref().or(schema.values()),
            (operators::CONDITIONAL, [_, Some(schema), _]) => Some(schema),
            _ => None,
        }
    }
}
