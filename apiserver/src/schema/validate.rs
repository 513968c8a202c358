//! Judging objects by their schema, in Kubernetes' own words. Nothing is changed here. What an update leaves as it was is
//! not judged again, so that a definition that became stricter does not stand in the way of other changes.
//! Source: k8s.io/kube-openapi/pkg/validation, k8s.io/apiextensions-apiserver/pkg/apiserver/validation.

use serde_json::Value;

use super::formats;
use super::{Additional, Limits, ListType, Schema, Type};
use crate::error::Cause;

/// After so many faults nobody reads on.
const FAULTS_MAX: usize = 50;

/// What a look at a value found.
#[derive(Default)]
pub struct Found {
    faults: Vec<Cause>,
    /// How many checks were met: of several alternatives that fail, the one that fits best is told about.
    met: usize,
}

impl Found {
    fn take(&mut self, other: Self) {
        self.faults.extend(other.faults);
        self.met += other.met;
    }

    fn is_fine(&self) -> bool {
        self.faults.is_empty()
    }
}

/// Where a value stands: `base` is told only as the field of a fault, `path` also in its message.
#[derive(Clone, Copy)]
struct Place<'a> {
    base: &'a str,
    path: &'a str,
}

impl Place<'_> {
    fn field(self) -> String {
        match (self.base, self.path.trim_start_matches('.')) {
            ("", "") => "<nil>".into(),
            (base, "") => base.into(),
            ("", path) => path.into(),
            (base, path) => format!("{base}.{path}"),
        }
    }

    /// A fault that Kubernetes tells without its place.
    fn loose(self, message: &str) -> Cause {
        let field = if self.base.is_empty() { "<nil>" } else { self.base };
        Cause::invalid(field, &"".into(), message)
    }

    fn invalid(self, value: &Value, message: &str) -> Cause {
        Cause::invalid(self.field(), value, &format!("{} in body {message}", self.path))
    }

    fn wrong_type(self, wanted: &str, got: &str) -> Cause {
        let message = format!("Invalid value: {got:?}: {} in body must be of type {wanted}: {got:?}", self.path);
        Cause { field: self.field(), reason: "FieldValueTypeInvalid", message }
    }
}

impl Schema {
    /// Everything that is wrong with a value, which was `old` before an update. `base` is the field at which the schema
    /// begins, empty for the whole object.
    pub fn validate(&self, value: &Value, old: Option<&Value>, base: &str) -> Vec<Cause> {
        let mut faults = self.check(value, old, Place { base, path: "" }).faults;
        faults.truncate(FAULTS_MAX);
        faults
    }

    fn check(&self, value: &Value, old: Option<&Value>, place: Place<'_>) -> Found {
        let mut found = Found { faults: Vec::new(), met: 1 };
        if old == Some(value) {
            return found;
        }
        match self.type_fault(value, place) {
            Some(fault) => found.faults.push(fault),
            None => found.met += 1,
        }
        match &self.limits {
            _ if value.is_null() => {}
            Some(limits) => limits.check(self, value, place, &mut found),
            None => found.faults.extend(range_fault(self, value, place)),
        }
        if let Some(fault) = self.enum_fault(value, place) {
            found.faults.push(fault);
        }
        match value {
            Value::Object(_) => self.check_fields(value, old, place, &mut found),
            Value::Array(list) => self.check_items(list, old, place, &mut found),
            _ => {}
        }
        found
    }

    /// The JSON types that the schema allows.
    fn types(&self) -> &'static [&'static str] {
        match self.kind {
            _ if self.int_or_string => &["integer", "string"],
            None => &[],
            Some(Type::Object) => &["object"],
            Some(Type::Array) => &["array"],
            Some(Type::String) => &["string"],
            Some(Type::Integer) => &["integer"],
            Some(Type::Number) => &["number"],
            Some(Type::Boolean) => &["boolean"],
        }
    }

    fn type_fault(&self, value: &Value, place: Place<'_>) -> Option<Cause> {
        let types = self.types();
        let (got, got_format) = json_type(value);
        if value.is_null() {
            return (!types.is_empty() && !self.nullable).then(|| place.wrong_type(&types.join(","), got));
        }
        let whole = got == "number" && value.as_f64().is_some_and(|number| number.fract() == 0.0);
        let fits = types.contains(&got) || (whole && types.contains(&"integer")) || (got == "integer" && types.contains(&"number"));
        let format = self.limits.as_ref().and_then(|limits| limits.format.as_deref());
        match format {
            // Kubernetes tells the format instead of the type, and of the value only what format it has.
            Some(format) if !matches!(got, "string" | "array") && !fits && got_format != format => {
                let message = format!("Invalid value: {got_format:?}: {} in body must be of type {format}: {got_format:?}", place.path);
                Some(Cause { field: place.field(), reason: "FieldValueTypeInvalid", message })
            }
            _ => (!types.is_empty() && !fits).then(|| place.wrong_type(&types.join(","), got)),
        }
    }

    fn enum_fault(&self, value: &Value, place: Place<'_>) -> Option<Cause> {
        let allowed = &self.limits.as_ref()?.allowed;
        if allowed.is_empty() || allowed.contains(value) {
            return None;
        }
        let told = |value: &Value| format!("{:?}", value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        Some(Cause::unsupported(place.field(), value, &allowed.iter().map(told).collect::<Vec<_>>()))
    }

    fn check_fields(&self, value: &Value, old: Option<&Value>, place: Place<'_>, found: &mut Found) {
        for (name, field) in value.as_object().into_iter().flatten() {
            let old = old.and_then(|old| old.get(name));
            let (schema, path) = match (self.properties.get(name.as_str()), &self.additional) {
                (Some(schema), _) if place.path.is_empty() => (schema, name.clone()),
                (Some(schema), _) => (schema, format!("{}.{name}", place.path)),
                (None, Additional::Fitting(schema)) => (&**schema, format!("{}.{name}", place.path)),
                _ => continue,
            };
            if found.faults.len() < FAULTS_MAX {
                found.take(schema.check(field, old, Place { path: &path, ..place }));
            }
        }
        for name in &self.required {
            if value.get(name).is_none() {
                let path = format!("{}.{name}", place.path);
                found.faults.push(Cause::required(Place { path: &path, ..place }.field(), ""));
            }
        }
    }

    fn check_items(&self, list: &[Value], old: Option<&Value>, place: Place<'_>, found: &mut Found) {
        let Some(items) = &self.items else { return };
        for (index, item) in list.iter().enumerate() {
            if found.faults.len() >= FAULTS_MAX {
                return;
            }
            let path = format!("{}[{index}]", place.path);
            found.take(items.check(item, self.counterpart(item, old), Place { path: &path, ..place }));
        }
    }

    /// The element of the old list that an element of the new one is, if elements have an identity.
    pub fn counterpart<'a>(&self, item: &Value, old: Option<&'a Value>) -> Option<&'a Value> {
        let ListType::Map(keys) = &self.list_type else { return None };
        old?.as_array()?.iter().find(|old| keys.iter().all(|key| old.get(key) == item.get(key)))
    }
}

/// The JSON type of a value, and the format that Kubernetes sees in it.
fn json_type(value: &Value) -> (&'static str, &'static str) {
    match value {
        Value::Null => ("null", ""),
        Value::Bool(_) => ("boolean", ""),
        Value::Number(number) if number.is_f64() => ("number", "double"),
        Value::Number(_) => ("integer", "int64"),
        Value::String(_) => ("string", ""),
        Value::Array(_) => ("array", ""),
        Value::Object(_) => ("object", ""),
    }
}

impl Limits {
    fn check(&self, schema: &Schema, value: &Value, place: Place<'_>, found: &mut Found) {
        self.check_combinations(value, place, found);
        let before = found.faults.len();
        match value {
            Value::String(text) => found.faults.extend(self.text_faults(text, value, place)),
            Value::Number(_) => self.number_faults(schema, value, place, &mut found.faults),
            Value::Array(list) => self.size_fault(list.len(), self.items, place, "items", found),
            Value::Object(fields) => self.size_fault(fields.len(), self.properties, place, "properties", found),
            _ => {}
        }
        found.met += usize::from(found.faults.len() == before);
    }

    /// What is wrong with a text: with its length or pattern, and with its format.
    fn text_faults(&self, text: &str, value: &Value, place: Place<'_>) -> impl Iterator<Item = Cause> + use<> {
        let length = text.chars().count();
        let shape = if let Some(max) = self.length.1.filter(|max| length > *max) {
            let bytes = if max == 1 { "byte" } else { "bytes" };
            let message = format!("Too long: may not be more than {max} {bytes}");
            Some(Cause { field: place.field(), reason: "FieldValueTooLong", message })
        } else if let Some(min) = self.length.0.filter(|min| length < *min) {
            Some(place.invalid(value, &format!("should be at least {min} chars long")))
        } else {
            let pattern = self.pattern.as_ref().filter(|pattern| !pattern.matches(text));
            pattern.map(|pattern| place.invalid(value, &format!("should match '{}'", pattern.text)))
        };
        let unfit = self.format.as_deref().filter(|format| !formats::fits(format, text));
        let format = unfit.map(|format| Cause {
            reason: "FieldValueTypeInvalid",
            ..place.invalid(value, &format!("must be of type {format}: {text:?}"))
        });
        shape.into_iter().chain(format)
    }

    fn number_faults(&self, schema: &Schema, value: &Value, place: Place<'_>, faults: &mut Vec<Cause>) {
        let number = value.as_f64().unwrap_or_default();
        faults.extend(range_fault(schema, value, place));
        let factor = self.multiple_of.filter(|factor| {
            let quotient = if *factor < 1.0 { 1.0 / factor * number } else { number / factor };
            (quotient - quotient.round()).abs() > 1e-9
        });
        if let Some(factor) = factor {
            faults.push(place.invalid(value, &format!("should be a multiple of {}", formats::go_number(factor))));
        }
        if let Some((limit, exclusive)) = self.maximum.filter(|(limit, exclusive)| number > *limit || (*exclusive && number >= *limit)) {
            let than = if exclusive { "less than" } else { "less than or equal to" };
            faults.push(place.invalid(value, &format!("should be {than} {}", formats::go_number(limit))));
        }
        if let Some((limit, exclusive)) = self.minimum.filter(|(limit, exclusive)| number < *limit || (*exclusive && number <= *limit)) {
            let than = if exclusive { "greater than" } else { "greater than or equal to" };
            faults.push(place.invalid(value, &format!("should be {than} {}", formats::go_number(limit))));
        }
    }

    fn size_fault(&self, size: usize, (min, max): (Option<usize>, Option<usize>), place: Place<'_>, unit: &str, found: &mut Found) {
        if let Some(min) = min.filter(|min| size < *min) {
            found.faults.push(place.invalid(&size.into(), &format!("should have at least {min} {unit}")));
        }
        if let Some(max) = max.filter(|max| size > *max) {
            let items = if max == 1 { "item" } else { "items" };
            let message = format!("Too many: {size}: must have at most {max} {items}");
            found.faults.push(Cause { field: place.field(), reason: "FieldValueTooMany", message });
        }
    }

    fn check_combinations(&self, value: &Value, place: Place<'_>, found: &mut Found) {
        let look = |schema: &Schema| schema.check(value, None, place);
        let quoted = format!("{:?}", place.path);
        if !self.any_of.is_empty() {
            let looks: Vec<Found> = self.any_of.iter().map(look).collect();
            if !looks.iter().any(Found::is_fine) {
                found.faults.push(place.loose(&format!("{quoted} must validate at least one schema (anyOf)")));
                found.take(best(looks));
            }
        }
        if !self.one_of.is_empty() {
            let looks: Vec<Found> = self.one_of.iter().map(look).collect();
            match looks.iter().filter(|look| look.is_fine()).count() {
                1 => {}
                0 => {
                    found.faults.push(place.loose(&format!("{quoted} must validate one and only one schema (oneOf). Found none valid")));
                    found.take(best(looks));
                }
                several => {
                    let message = format!("{quoted} must validate one and only one schema (oneOf). Found {several} valid alternatives");
                    found.faults.push(place.loose(&message));
                }
            }
        }
        let looks: Vec<Found> = self.all_of.iter().map(look).collect();
        let fine = looks.iter().filter(|look| look.is_fine()).count();
        let all = looks.len();
        looks.into_iter().for_each(|look| found.take(look));
        if fine < all {
            let none = if fine == 0 { ". None validated" } else { "" };
            found.faults.push(place.loose(&format!("{quoted} must validate all the schemas (allOf){none}")));
        }
        if self.not.as_ref().is_some_and(|schema| look(schema).is_fine()) {
            found.faults.push(place.loose(&format!("{quoted} must not validate the schema (not)")));
        }
    }
}

/// Of several looks that failed, the first of those that met most.
fn best(looks: Vec<Found>) -> Found {
    looks.into_iter().reduce(|best, next| if next.met > best.met { next } else { best }).unwrap_or_default()
}

/// That a number does not fit in the range of its type.
fn range_fault(schema: &Schema, value: &Value, place: Place<'_>) -> Option<Cause> {
    let format = schema.limits.as_ref().and_then(|limits| limits.format.as_deref());
    let range = out_of_range(schema, format, value).filter(|_| value.is_number())?;
    let kind = if schema.kind == Some(Type::Integer) { "integer" } else { "number" };
    Some(place.loose(&format!("Checked value must be of type {kind} {range} in {}", place.path)))
}

/// How Kubernetes names the range that a number does not fit in.
fn out_of_range(schema: &Schema, format: Option<&str>, value: &Value) -> Option<String> {
    let within = |limit: f64| value.as_i64().is_some() || value.as_f64().is_some_and(|number| number.abs() < limit);
    let fits = match (schema.kind?, format) {
        (Type::Integer, _) if value.as_f64().is_some_and(|number| number.fract() != 0.0) => false,
        (Type::Integer, Some("int32")) => {
            value.as_f64().is_some_and(|number| (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number))
        }
        (Type::Integer, _) => within(9.2e18),
        (Type::Number, Some("float")) => value.as_f64().is_some_and(|number| number.abs() <= f64::from(f32::MAX)),
        _ => true,
    };
    (!fits).then(|| format.map_or("(default format)".into(), |format| format!("with format {format}")))
}
