//! Validation rules of a schema (`x-kubernetes-validations`): where they apply, against what, and how their failures are
//! told. Working them out is `crate::cel`'s. Source: k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel.

use std::sync::OnceLock;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::ValidationRule;
use serde_json::Value;

use super::{Additional, Schema, Type};
use crate::cel::value::Val;
use crate::cel::{Old, Program, Stop};
use crate::error::Cause;

/// All rules of a schema together may take so many steps for one object, as in Kubernetes. A step is some 100 ns, so that
/// this is about a second.
const STEPS_MAX: u64 = 10_000_000;
/// And each evaluation of a rule so many.
const STEPS_PER_RULE: u64 = 1_000_000;
/// A message that a rule makes may have so many bytes.
const MESSAGE_MAX: usize = 5 * 1024;
const EXHAUSTED: &str = "validation failed due to running out of cost budget, no further validation rules will be run";
const UNCHECKED: &str =
    "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";

/// A rule. It is parsed when it is first needed: most never are.
#[derive(Debug)]
pub struct Rule {
    rule: Box<str>,
    message: Box<str>,
    message_expression: Option<Box<str>>,
    reason: Option<Box<str>>,
    field_path: Box<str>,
    optional_old: bool,
    program: OnceLock<Result<Program, String>>,
    message_program: OnceLock<Option<Program>>,
}

impl Rule {
    /// A rule as a definition has it.
    pub fn new(rule: &ValidationRule) -> Self {
        Self {
            rule: rule.rule.as_str().into(),
            message: rule.message.as_deref().unwrap_or_default().trim().into(),
            message_expression: rule.message_expression.as_deref().map(Into::into),
            reason: rule.reason.as_deref().map(Into::into),
            field_path: rule.field_path.as_deref().unwrap_or_default().trim().trim_start_matches('.').into(),
            optional_old: rule.optional_old_self.unwrap_or_default(),
            program: OnceLock::new(),
            message_program: OnceLock::new(),
        }
    }

    fn program(&self) -> Result<&Program, &str> {
        self.program.get_or_init(|| Program::parse(&self.rule)).as_ref().map_err(String::as_str)
    }

    fn message_program(&self) -> Option<&Program> {
        self.message_program.get_or_init(|| Program::parse(self.message_expression.as_deref()?).ok()).as_ref()
    }

    /// How errors name the rule.
    fn told(&self) -> &str {
        if self.message.is_empty() { self.rule.trim() } else { &self.message }
    }
}

/// A walk over an object and its rules.
struct Walk {
    left: u64,
    faults: Vec<Cause>,
}

impl Schema {
    /// What rules have against an object, which was `old` before an update. `so_far` is what is wrong with it otherwise: an
    /// object of the wrong shape is not asked about.
    pub fn break_rules(&self, value: &Value, old: Option<&Value>, so_far: &[Cause]) -> Vec<Cause> {
        if !self.ruled {
            return Vec::new();
        }
        let blocks = |cause: &Cause| {
            matches!(
                cause.reason,
                "FieldValueNotSupported" | "FieldValueRequired" | "FieldValueTooLong" | "FieldValueTooMany" | "FieldValueTypeInvalid"
            )
        };
        if so_far.iter().any(blocks) {
            return vec![Cause::invalid("<nil>", &Value::Null, UNCHECKED)];
        }
        let mut walk = Walk { left: STEPS_MAX, faults: Vec::new() };
        // A walk ends early when the steps are used up, and has said so.
        let _ = walk.visit(self, value, old, "", false);
        walk.faults
    }

    /// The rules here and below, with the paths of the schemas in which they stand.
    pub fn each_rule<'s>(&'s self, path: &str, visit: &mut impl FnMut(&'s Self, usize, &str)) {
        (0..self.rules.len()).for_each(|index| visit(self, index, path));
        for (name, schema) in self.properties.iter().filter(|(_, schema)| schema.ruled) {
            schema.each_rule(&format!("{path}.properties[{name}]"), visit);
        }
        if let Some(items) = self.items.as_ref().filter(|items| items.ruled) {
            items.each_rule(&format!("{path}.items"), visit);
        }
        if let Additional::Fitting(schema) = &self.additional {
            schema.each_rule(&format!("{path}.additionalProperties"), visit);
        }
    }

    /// What is wrong with a rule of this schema, for the definition: the member that is wrong, and what is wrong with it.
    pub fn rule_fault(&self, index: usize) -> Option<(&'static str, String)> {
        let rule = self.rules.get(index)?;
        let uses_old = match Program::parse(&rule.rule) {
            Err(error) => return Some(("rule", error)),
            Ok(program) => {
                if let Err(error) = program.check(&rule.rule, self) {
                    return Some(("rule", error));
                }
                program.uses_old
            }
        };
        if rule.optional_old && !uses_old {
            return Some(("optionalOldSelf", "may not be set if oldSelf is not used in rule".into()));
        }
        let message = rule.message_expression.as_deref().map(Program::parse)?;
        message.err().map(|error| ("messageExpression", format!("messageExpression {error}")))
    }

    /// A rule of this schema, as faults show it.
    pub fn rule_value(&self, index: usize) -> Value {
        let told = |rule: &Rule| {
            serde_json::json!({
                "Rule": &*rule.rule, "Message": &*rule.message, "MessageExpression": rule.message_expression.as_deref().unwrap_or_default(),
                "Reason": rule.reason.as_deref(), "FieldPath": &*rule.field_path,
                "OptionalOldSelf": Some(true).filter(|_| rule.optional_old),
            })
        };
        self.rules.get(index).map(told).unwrap_or_default()
    }
}

/// The walk is over.
struct Exhausted;

impl Walk {
    fn visit(&mut self, schema: &Schema, value: &Value, old: Option<&Value>, path: &str, unchanged: bool) -> Result<(), Exhausted> {
        if !schema.ruled || value.is_null() {
            return Ok(());
        }
        // What an update leaves as it was is not judged again, except by rules about the change.
        let unchanged = unchanged || old == Some(value);
        for rule in &schema.rules {
            self.judge(schema, rule, value, old.filter(|old| !old.is_null()), path, unchanged)?;
        }
        for schema in schema.limits.iter().flat_map(|limits| &limits.all_of) {
            self.visit(schema, value, old, path, unchanged)?;
        }
        match value {
            Value::Object(fields) => {
                for (name, field) in fields {
                    let old = old.and_then(|old| old.get(name));
                    match (schema.properties.get(name.as_str()), &schema.additional) {
                        (Some(schema), _) => self.visit(schema, field, old, &super::lists::child(path, name), unchanged)?,
                        (None, Additional::Fitting(schema)) => self.visit(schema, field, old, &format!("{path}[{name}]"), unchanged)?,
                        _ => {}
                    }
                }
            }
            Value::Array(list) => {
                for (index, item) in list.iter().enumerate() {
                    if let Some(items) = &schema.items {
                        self.visit(items, item, schema.counterpart(item, old), &format!("{path}[{index}]"), unchanged)?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn judge(
        &mut self,
        schema: &Schema,
        rule: &Rule,
        value: &Value,
        old: Option<&Value>,
        path: &str,
        unchanged: bool,
    ) -> Result<(), Exhausted> {
        let at = if path.is_empty() { "<nil>" } else { path };
        let kind = Value::from(schema.kind.map_or("", Type::name));
        if self.left == 0 {
            self.faults.push(Cause::invalid(at, &kind, EXHAUSTED));
            return Err(Exhausted);
        }
        let program = match rule.program() {
            Ok(program) => program,
            Err(error) => {
                self.faults.push(Cause::invalid(at, &kind, &format!("rule compile error: {error}")));
                return Ok(());
            }
        };
        let before = match (rule.optional_old, old) {
            (true, old) => Old::Optional(old),
            (false, Some(old)) => Old::Plain(old),
            (false, None) if program.uses_old => return Ok(()),
            (false, None) => Old::Absent,
        };
        match self.run(program, (value, schema), before) {
            Ok(Val::Bool(true)) => Ok(()),
            Ok(_) => {
                if unchanged && !program.uses_old {
                    return Ok(());
                }
                let detail = self.message(rule, (value, schema), before);
                self.faults.push(failure(schema, rule, value, path, &detail));
                Ok(())
            }
            Err(Stop::Budget) if self.left == 0 => {
                self.faults.push(Cause::invalid(at, &kind, EXHAUSTED));
                Err(Exhausted)
            }
            Err(Stop::Budget) => {
                let why = "'operation cancelled: actual cost limit exceeded': no further validation rules will be run due to call cost exceeds limit for rule: ";
                self.faults.push(Cause::invalid(at, &kind, &format!("{why}{}", rule.told())));
                self.left = 0;
                Err(Exhausted)
            }
            Err(Stop::Error(error)) => {
                let detail = if error.starts_with("no such overload") {
                    format!(
                        "'{error}': call arguments did not match a supported operator, function or macro signature for rule: {}",
                        rule.told()
                    )
                } else {
                    format!("{error} evaluating rule: {}", rule.told())
                };
                self.faults.push(Cause::invalid(at, &kind, &detail));
                Ok(())
            }
        }
    }

    fn run<'a>(&mut self, program: &'a Program, now: (&'a Value, &'a Schema), old: Old<'a>) -> Result<Val<'a>, Stop> {
        let given = self.left.min(STEPS_PER_RULE);
        let mut left = given;
        let result = program.run(now, old, &mut left);
        self.left -= given - left;
        result
    }

    fn message(&mut self, rule: &Rule, now: (&Value, &Schema), old: Old<'_>) -> String {
        let made = rule.message_program().and_then(|program| match self.run(program, now, old) {
            Ok(Val::Text(text)) => Some(text.trim().to_owned()),
            _ => None,
        });
        let usable = made.filter(|text| !text.is_empty() && text.len() <= MESSAGE_MAX && !text.contains('\n'));
        usable.unwrap_or_else(|| if rule.message.is_empty() { format!("failed rule: {}", rule.told()) } else { rule.message.to_string() })
    }
}

fn failure(schema: &Schema, rule: &Rule, value: &Value, path: &str, detail: &str) -> Cause {
    let field = match (path, &*rule.field_path) {
        ("", "") => "<nil>".to_owned(),
        (path, "") => path.to_owned(),
        ("", inner) => inner.to_owned(),
        (path, inner) => format!("{path}.{inner}"),
    };
    let whole = matches!(schema.kind, Some(Type::Object | Type::Array));
    match rule.reason.as_deref() {
        Some("FieldValueForbidden") => Cause::forbidden(field, detail),
        Some("FieldValueRequired") => Cause::required(field, detail),
        Some("FieldValueDuplicate") if whole => Cause { field, reason: "FieldValueDuplicate", message: "Duplicate value".into() },
        Some("FieldValueDuplicate") => Cause::duplicate(field, value),
        _ if whole => Cause { field, reason: "FieldValueInvalid", message: format!("Invalid value: {detail}") },
        _ => Cause::invalid(field, value, detail),
    }
}
