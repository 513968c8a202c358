//! Structural schemas of custom kinds, compiled once per definition. Shaping objects by them is `shape`, judging is
//! `validate`. Source: "Specifying a structural schema" in Kubernetes' documentation of custom resource definitions.
//! Validation rules in CEL are walked by `rules` and worked out by `crate::cel`.

pub mod formats;
pub mod lists;
pub mod ownership;
pub mod rules;
pub mod shape;
pub mod validate;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{JSONSchemaProps, JSONSchemaPropsOrArray, JSONSchemaPropsOrBool};
use regex::Regex;
use serde_json::Value;

use rules::Rule;

/// The JSON type that a schema asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    Object,
    Array,
    String,
    Integer,
    Number,
    Boolean,
}

impl Type {
    /// As the schema spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Array => "array",
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
        }
    }
}

/// Which fields besides `properties` an object may have.
#[derive(Debug, Default)]
pub enum Additional {
    /// None: they are dropped.
    #[default]
    None,
    /// Any.
    Any,
    /// Those that fit.
    Fitting(Box<Schema>),
}

/// What a list is.
#[derive(Debug, Default, PartialEq, Eq)]
pub enum ListType {
    /// Just a list.
    #[default]
    Atomic,
    /// Each value once.
    Set,
    /// Each combination of these members once.
    Map(Vec<String>),
}

/// A pattern, compiled when it is first needed: most never are.
#[derive(Debug)]
pub struct Pattern {
    text: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    fn new(text: &str) -> Self {
        Self { text: text.into(), compiled: OnceLock::new() }
    }

    /// Whether it is found in a text. A pattern of a dialect that cannot be compiled matches everything.
    fn matches(&self, text: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| Regex::new(&self.text).ok());
        compiled.as_ref().is_none_or(|pattern| pattern.is_match(text))
    }
}

/// The limits that few schemas have; kept apart so that the others stay small.
#[derive(Debug, Default)]
pub struct Limits {
    allowed: Vec<Value>,
    pattern: Option<Pattern>,
    format: Option<String>,
    minimum: Option<(f64, bool)>,
    maximum: Option<(f64, bool)>,
    multiple_of: Option<f64>,
    length: (Option<usize>, Option<usize>),
    items: (Option<usize>, Option<usize>),
    properties: (Option<usize>, Option<usize>),
    all_of: Vec<Schema>,
    any_of: Vec<Schema>,
    one_of: Vec<Schema>,
    not: Option<Box<Schema>>,
}

/// A compiled schema.
#[derive(Debug, Default)]
pub struct Schema {
    pub(crate) kind: Option<Type>,
    pub(crate) properties: BTreeMap<Box<str>, Schema>,
    pub(crate) additional: Additional,
    pub(crate) items: Option<Box<Schema>>,
    required: Vec<String>,
    default: Option<Box<Value>>,
    nullable: bool,
    pub(crate) preserve_unknown: bool,
    pub(crate) int_or_string: bool,
    pub(crate) embedded_resource: bool,
    /// Whether it is the schema of whole objects.
    pub(crate) root: bool,
    pub(crate) list_type: ListType,
    atomic_map: bool,
    limits: Option<Box<Limits>>,
    rules: Box<[Rule]>,
    /// Whether there are rules here or below.
    ruled: bool,
}

impl Schema {
    /// Compiles the schema of a version.
    ///
    /// # Errors
    /// A text that says what is wrong with it.
    pub fn compile(props: &JSONSchemaProps) -> Result<Self, String> {
        let compile_boxed = |props: &JSONSchemaProps| Self::compile(props).map(Box::new);
        let mut properties = BTreeMap::new();
        for (name, property) in props.properties.iter().flatten() {
            properties.insert(name.as_str().into(), Self::compile(property).map_err(|error| format!("{name}.{error}"))?);
        }
        let additional = match &props.additional_properties {
            None | Some(JSONSchemaPropsOrBool::Bool(false)) => Additional::None,
            Some(JSONSchemaPropsOrBool::Bool(true)) => Additional::Any,
            Some(JSONSchemaPropsOrBool::Schema(schema)) => Additional::Fitting(compile_boxed(schema)?),
        };
        let items = match &props.items {
            None => None,
            Some(JSONSchemaPropsOrArray::Schema(schema)) => Some(compile_boxed(schema)?),
            Some(JSONSchemaPropsOrArray::Schemas(_)) => return Err("items: must be one schema".into()),
        };
        Ok(Self {
            kind: props.type_.as_deref().map(parse_type).transpose()?,
            properties,
            additional,
            items,
            required: props.required.clone().unwrap_or_default(),
            default: props.default.as_ref().map(|value| Box::new(value.0.clone())),
            nullable: props.nullable.unwrap_or_default(),
            preserve_unknown: props.x_kubernetes_preserve_unknown_fields.unwrap_or_default(),
            int_or_string: props.x_kubernetes_int_or_string.unwrap_or_default(),
            embedded_resource: props.x_kubernetes_embedded_resource.unwrap_or_default(),
            list_type: list_type(props),
            atomic_map: props.x_kubernetes_map_type.as_deref() == Some("atomic"),
            limits: limits(props)?.map(Box::new),
            root: false,
            rules: props.x_kubernetes_validations.iter().flatten().map(Rule::new).collect(),
            ruled: false,
        }
        .with_rules_noted())
    }

    fn with_rules_noted(mut self) -> Self {
        let within = self.properties.values().chain(self.items.as_deref());
        let within = within.chain(if let Additional::Fitting(schema) = &self.additional { Some(&**schema) } else { None });
        let all_of = self.limits.iter().flat_map(|limits| &limits.all_of);
        self.ruled = !self.rules.is_empty() || within.chain(all_of).any(|schema| schema.ruled);
        self
    }

    /// The schema of whole objects.
    ///
    /// # Errors
    /// As [`Schema::compile`].
    pub fn of_objects(props: &JSONSchemaProps) -> Result<Self, String> {
        Ok(Self { root: true, ..Self::compile(props)? })
    }

    /// A schema that says nothing.
    pub fn anything() -> Self {
        Self { preserve_unknown: true, additional: Additional::Any, ..Default::default() }
    }

    /// The schema of an object with some texts.
    pub fn of_texts(names: &[&str]) -> Self {
        let text = || Self { kind: Some(Type::String), ..Default::default() };
        let properties = names.iter().map(|name| ((*name).into(), text())).collect();
        Self { kind: Some(Type::Object), properties, ..Default::default() }
    }

    /// The format, if it means anything.
    pub fn format(&self) -> Option<&str> {
        self.limits.as_ref()?.format.as_deref()
    }

    /// Whether objects have members of any name.
    pub fn is_map(&self) -> bool {
        !matches!(self.additional, Additional::None)
    }

    /// The schema of members of any name.
    pub fn values(&self) -> Option<&Self> {
        if let Additional::Fitting(schema) = &self.additional { Some(schema) } else { None }
    }

    /// The schema of a member.
    pub fn property(&self, name: &str) -> Option<&Self> {
        self.properties.get(name)
    }

    /// The defaults here and below, with the paths of the schemas in which they stand.
    pub fn each_default(&self, path: &str, visit: &mut impl FnMut(&Self, &Value, &str)) {
        if let Some(default) = &self.default {
            visit(self, default, path);
        }
        for (name, schema) in &self.properties {
            schema.each_default(&format!("{path}.properties[{name}]"), visit);
        }
        if let Some(items) = &self.items {
            items.each_default(&format!("{path}.items"), visit);
        }
        if let Additional::Fitting(schema) = &self.additional {
            schema.each_default(&format!("{path}.additionalProperties"), visit);
        }
    }

    /// Whether there is any default in it.
    pub fn has_defaults(&self) -> bool {
        self.default.is_some()
            || self.properties.values().any(Self::has_defaults)
            || self.items.as_ref().is_some_and(|items| items.has_defaults())
            || matches!(&self.additional, Additional::Fitting(schema) if schema.has_defaults())
    }
}

fn parse_type(name: &str) -> Result<Type, String> {
    let all = [Type::Object, Type::Array, Type::String, Type::Integer, Type::Number, Type::Boolean];
    all.into_iter().find(|kind| kind.name() == name).ok_or_else(|| format!("type: {name:?} is no type"))
}

fn list_type(props: &JSONSchemaProps) -> ListType {
    match props.x_kubernetes_list_type.as_deref() {
        Some("set") => ListType::Set,
        Some("map") => ListType::Map(props.x_kubernetes_list_map_keys.clone().unwrap_or_default()),
        _ => ListType::Atomic,
    }
}

fn limits(props: &JSONSchemaProps) -> Result<Option<Limits>, String> {
    let size = |number: Option<i64>| number.and_then(|number| usize::try_from(number).ok());
    let compile_all = |list: &Option<Vec<JSONSchemaProps>>| list.iter().flatten().map(Schema::compile).collect::<Result<Vec<_>, _>>();
    let limits = Limits {
        allowed: props.enum_.iter().flatten().map(|value| value.0.clone()).collect(),
        pattern: props.pattern.as_deref().map(Pattern::new),
        format: props
            .format
            .clone()
            .filter(|format| formats::is_known(props.type_.as_deref().and_then(|name| parse_type(name).ok()), format)),
        minimum: props.minimum.map(|limit| (limit, props.exclusive_minimum.unwrap_or_default())),
        maximum: props.maximum.map(|limit| (limit, props.exclusive_maximum.unwrap_or_default())),
        multiple_of: props.multiple_of,
        length: (size(props.min_length), size(props.max_length)),
        items: (size(props.min_items), size(props.max_items)),
        properties: (size(props.min_properties), size(props.max_properties)),
        all_of: compile_all(&props.all_of)?,
        any_of: compile_all(&props.any_of)?,
        one_of: compile_all(&props.one_of)?,
        not: props.not.as_deref().map(Schema::compile).transpose()?.map(Box::new),
    };
    Ok((!limits.is_empty()).then_some(limits))
}

impl Limits {
    fn is_empty(&self) -> bool {
        let none = (None, None);
        self.allowed.is_empty()
            && self.pattern.is_none()
            && self.format.is_none()
            && self.minimum.is_none()
            && self.maximum.is_none()
            && self.multiple_of.is_none()
            && [self.length, self.items, self.properties] == [none; 3]
            && [&self.all_of, &self.any_of, &self.one_of].iter().all(|list| list.is_empty())
            && self.not.is_none()
    }
}

#[cfg(test)]
mod tests;
