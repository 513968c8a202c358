//! The functions of `kube-cel`: values are handed over as that crate knows them, and taken back.

use std::borrow::Cow;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use kube_cel::KubeCelExt;
use kube_cel::cel::common::ast::{CallExpr, Expr};
use kube_cel::cel::objects::{Key, Map, OptionalValue};
use kube_cel::cel::{self, Context, ExecutionError, IdedExpr};
use serde_json::Value;

use super::Stop;
use super::value::Val;

thread_local! {
    /// All functions; made when a thread first needs one.
    static FUNCTIONS: Context<'static> = Context::default().with_all();
}

/// A text of a format that has a type of its own.
pub fn formatted<'a>(text: &'a str, format: Option<&str>) -> Option<Val<'a>> {
    let argument = |text: &str| vec![Val::text(text)];
    match format? {
        "date-time" | "datetime" => call("timestamp", None, argument(text)).ok(),
        "date" => call("timestamp", None, argument(&format!("{text}T00:00:00Z"))).ok(),
        "duration" => call("duration", None, argument(&text.replace(' ', ""))).ok(),
        "byte" => call("bytes", None, argument(text)).ok(),
        _ => None,
    }
}

/// What a function is called on.
pub enum Target<'a, 'n> {
    /// A value.
    Value(Val<'a>),
    /// A family of functions, such as `sets`.
    Family(&'n str),
}

/// Calls a function.
///
/// # Errors
/// What it says.
pub fn call<'a>(name: &str, target: Option<Target<'a, '_>>, args: Vec<Val<'a>>) -> Result<Val<'a>, Stop> {
    let ident = |name: String| IdedExpr { id: 0, expr: Expr::Ident(name) };
    let mut given = Vec::new();
    let target = match target {
        None => None,
        Some(Target::Family(name)) => Some(Box::new(ident(name.to_owned()))),
        Some(Target::Value(value)) => {
            given.push(("this_value".to_owned(), to_cel(&value)));
            Some(Box::new(ident("this_value".into())))
        }
    };
    let arguments = (0..args.len()).map(|index| ident(format!("argument_{index}"))).collect();
    given.extend(args.iter().enumerate().map(|(index, value)| (format!("argument_{index}"), to_cel(value))));
    let expr = IdedExpr { id: 0, expr: Expr::Call(CallExpr { func_name: name.to_owned(), target, args: arguments }) };
    run(&expr, given).and_then(from_cel)
}

fn run(expr: &IdedExpr, given: Vec<(String, cel::Value)>) -> Result<cel::Value, Stop> {
    FUNCTIONS.with(|functions| {
        // A function that does not expect what it is given must not end the server.
        let worked_out = catch_unwind(AssertUnwindSafe(|| {
            let mut context = functions.new_inner_scope();
            for (name, value) in given {
                context.add_variable_from_value(name, value);
            }
            cel::Value::resolve(expr, &context)
        }));
        match worked_out {
            Ok(result) => result.map_err(|error| stop(&error)),
            Err(_) => Err(Stop::error("internal error: the function failed")),
        }
    })
}

fn stop(error: &ExecutionError) -> Stop {
    match error {
        ExecutionError::FunctionError { message, .. } => Stop::error(message),
        ExecutionError::NoSuchOverload | ExecutionError::UnsupportedTargetType { .. } | ExecutionError::InvalidArgumentCount { .. } => {
            Stop::overload()
        }
        ExecutionError::UndeclaredReference(name) => Stop::error(format!("no such overload: {name}")),
        other => Stop::error(other.to_string()),
    }
}

/// An operator on two values that only `kube-cel` understands.
///
/// # Errors
/// What it says.
pub fn operator<'a>(name: &str, left: &Val<'a>, right: &Val<'a>) -> Result<Val<'a>, Stop> {
    call(name, None, vec![left.clone(), right.clone()])
}

fn to_cel(value: &Val<'_>) -> cel::Value {
    match value {
        Val::Null => cel::Value::Null,
        Val::Bool(flag) => cel::Value::Bool(*flag),
        Val::Int(number) => cel::Value::Int(*number),
        Val::Uint(number) => cel::Value::UInt(*number),
        Val::Double(number) => cel::Value::Float(*number),
        Val::Text(text) => cel::Value::String(Arc::new(text.to_string())),
        Val::Bytes(bytes) => cel::Value::Bytes(Arc::new(bytes.to_vec())),
        Val::List(items) => cel::Value::List(Arc::new(items.iter().map(to_cel).collect())),
        Val::Map(members) => map_to_cel(members.iter().cloned()),
        Val::Doc(Value::Object(fields), schema) => {
            let member = |name: &'_ String| Val::Doc(value_of(value), schema).member(name).map(|value| (Val::text(name.as_str()), value));
            map_to_cel(fields.keys().filter_map(member))
        }
        Val::Doc(..) => cel::Value::List(Arc::new(value.elements().unwrap_or_default().iter().map(to_cel).collect())),
        Val::Optional(inner) => {
            let inner = inner.as_ref().map(|inner| to_cel(inner));
            cel::Value::Opaque(Arc::new(inner.map_or_else(OptionalValue::none, OptionalValue::of)))
        }
        Val::Foreign(value) => value.clone(),
        Val::Type(name) => cel::Value::String(Arc::new((*name).to_owned())),
    }
}

fn value_of<'a>(value: &Val<'a>) -> &'a Value {
    match value {
        Val::Doc(value, _) => value,
        _ => &Value::Null,
    }
}

fn map_to_cel<'a>(members: impl Iterator<Item = (Val<'a>, Val<'a>)>) -> cel::Value {
    let key = |key: Val<'_>| match key {
        Val::Int(number) => Some(Key::Int(number)),
        Val::Uint(number) => Some(Key::Uint(number)),
        Val::Bool(flag) => Some(Key::Bool(flag)),
        Val::Text(text) => Some(Key::String(Arc::new(text.into_owned()))),
        _ => None,
    };
    let map: HashMap<Key, cel::Value> = members.filter_map(|(name, value)| Some((key(name)?, to_cel(&value)))).collect();
    cel::Value::Map(Map { map: Arc::new(map) })
}

fn from_cel<'a>(value: cel::Value) -> Result<Val<'a>, Stop> {
    Ok(match value {
        cel::Value::Null => Val::Null,
        cel::Value::Bool(flag) => Val::Bool(flag),
        cel::Value::Int(number) => Val::Int(number),
        cel::Value::UInt(number) => Val::Uint(number),
        cel::Value::Float(number) => Val::Double(number),
        cel::Value::String(text) => Val::Text(Cow::Owned(text.to_string())),
        cel::Value::Bytes(bytes) => Val::Bytes(bytes.as_slice().into()),
        cel::Value::List(items) => Val::list(items.iter().cloned().map(from_cel).collect::<Result<_, _>>()?),
        cel::Value::Map(map) => {
            let member = |(key, value): (&Key, &cel::Value)| {
                let key = match key {
                    Key::Int(number) => Val::Int(*number),
                    Key::Uint(number) => Val::Uint(*number),
                    Key::Bool(flag) => Val::Bool(*flag),
                    Key::String(text) => Val::text(text.as_str()),
                };
                Ok((key, from_cel(value.clone())?))
            };
            Val::Map(Arc::new(map.map.iter().map(member).collect::<Result<_, Stop>>()?))
        }
        cel::Value::Opaque(opaque) => match opaque.downcast_ref::<OptionalValue>() {
            Some(optional) => Val::Optional(optional.value().cloned().map(from_cel).transpose()?.map(Box::new)),
            None => Val::Foreign(cel::Value::Opaque(opaque)),
        },
        other => Val::Foreign(other),
    })
}
