//! Equality, order and arithmetic of values.

use std::cmp::Ordering;

use kube_cel::cel::common::ast::operators;

use super::value::Val;
use super::{Stop, foreign};
use crate::schema::ListType;

/// Whether two values are equal. Numbers are compared by value; lists that are sets or maps by their elements, whatever
/// their order.
pub fn equal(left: &Val<'_>, right: &Val<'_>) -> bool {
    match (left, right) {
        (Val::Null, Val::Null) => true,
        (Val::Bool(left), Val::Bool(right)) => left == right,
        (Val::Text(left), Val::Text(right)) => left == right,
        (Val::Bytes(left), Val::Bytes(right)) => left == right,
        (Val::Type(left), Val::Type(right)) => left == right,
        (Val::Foreign(left), Val::Foreign(right)) => left == right,
        (Val::Optional(left), Val::Optional(right)) => match (left, right) {
            (Some(left), Some(right)) => equal(left, right),
            (None, None) => true,
            _ => false,
        },
        (Val::Doc(one, _), Val::Doc(other, _)) if one == other => true,
        _ => match (left.type_name(), right.type_name()) {
            ("list", "list") => equal_lists(left, right),
            ("map", "map") => equal_maps(left, right),
            _ => compare_numbers(left, right) == Some(Ordering::Equal),
        },
    }
}

fn equal_lists(left: &Val<'_>, right: &Val<'_>) -> bool {
    let (Some(one), Some(other)) = (left.elements(), right.elements()) else { return false };
    if one.len() != other.len() {
        return false;
    }
    let unordered = matches!(left, Val::Doc(_, schema) if schema.list_type != ListType::Atomic);
    if unordered {
        return one.iter().all(|item| other.iter().any(|candidate| equal(item, candidate)));
    }
    one.iter().zip(&other).all(|(one, other)| equal(one, other))
}

/// What stands at a key of a map.
pub fn entry<'a>(map: &Val<'a>, key: &Val<'_>) -> Option<Val<'a>> {
    match (map, key) {
        (Val::Map(members), _) => members.iter().find(|(known, _)| equal(known, key)).map(|(_, value)| value.clone()),
        (_, Val::Text(key)) => map.member(key),
        _ => None,
    }
}

fn equal_maps(left: &Val<'_>, right: &Val<'_>) -> bool {
    let (Some(one), Some(other)) = (left.elements(), right.elements()) else { return false };
    let same = |key: &Val<'_>| match (entry(left, key), entry(right, key)) {
        (Some(one), Some(other)) => equal(&one, &other),
        // What rules may not see does not tell two objects apart.
        (None, None) => true,
        _ => false,
    };
    one.len() == other.len() && one.iter().all(same)
}

fn compare_numbers(left: &Val<'_>, right: &Val<'_>) -> Option<Ordering> {
    match (left, right) {
        (Val::Int(left), Val::Int(right)) => Some(left.cmp(right)),
        (Val::Uint(left), Val::Uint(right)) => Some(left.cmp(right)),
        (Val::Int(left), Val::Uint(right)) => Some(u64::try_from(*left).map_or(Ordering::Less, |left| left.cmp(right))),
        (Val::Uint(_), Val::Int(_)) => compare_numbers(right, left).map(Ordering::reverse),
        (Val::Double(left), Val::Double(right)) => left.partial_cmp(right),
        (Val::Double(left), Val::Int(_) | Val::Uint(_)) => left.partial_cmp(&approximate(right)?),
        (Val::Int(_) | Val::Uint(_), Val::Double(right)) => approximate(left)?.partial_cmp(right),
        _ => None,
    }
}

/// A whole number as a float. Beyond 2^53 neighbours are the same, as they are in JSON documents.
fn approximate(value: &Val<'_>) -> Option<f64> {
    match value {
        Val::Int(number) => number.to_string().parse().ok(),
        Val::Uint(number) => number.to_string().parse().ok(),
        Val::Double(number) => Some(*number),
        _ => None,
    }
}

/// `<`, `<=`, `>` and `>=`.
pub fn order<'a>(operator: &str, left: &Val<'a>, right: &Val<'a>) -> Result<Val<'a>, Stop> {
    let ordering = match (left, right) {
        (Val::Text(left), Val::Text(right)) => Some(left.cmp(right)),
        (Val::Bool(left), Val::Bool(right)) => Some(left.cmp(right)),
        (Val::Bytes(left), Val::Bytes(right)) => Some(left.cmp(right)),
        (Val::Foreign(_), Val::Foreign(_)) => return foreign::operator(operator, left, right),
        (Val::Double(_), _) | (_, Val::Double(_)) => match compare_numbers(left, right) {
            None if approximate(left).is_some() && approximate(right).is_some() => return Ok(Val::Bool(false)),
            ordering => ordering,
        },
        _ => compare_numbers(left, right),
    };
    let ordering = ordering.ok_or_else(Stop::overload)?;
    Ok(Val::Bool(match operator {
        operators::LESS => ordering == Ordering::Less,
        operators::LESS_EQUALS => ordering != Ordering::Greater,
        operators::GREATER => ordering == Ordering::Greater,
        _ => ordering != Ordering::Less,
    }))
}

/// `+`, `-`, `*`, `/` and `%`.
pub fn arithmetic<'a>(operator: &str, left: Val<'a>, right: Val<'a>) -> Result<Val<'a>, Stop> {
    match (left, right) {
        (Val::Int(left), Val::Int(right)) => whole(operator, right == 0, || match operator {
            operators::ADD => left.checked_add(right),
            operators::SUBSTRACT => left.checked_sub(right),
            operators::MULTIPLY => left.checked_mul(right),
            operators::DIVIDE => left.checked_div(right),
            _ => left.checked_rem(right),
        })
        .map(Val::Int),
        (Val::Uint(left), Val::Uint(right)) => whole(operator, right == 0, || match operator {
            operators::ADD => left.checked_add(right),
            operators::SUBSTRACT => left.checked_sub(right),
            operators::MULTIPLY => left.checked_mul(right),
            operators::DIVIDE => left.checked_div(right),
            _ => left.checked_rem(right),
        })
        .map(Val::Uint),
        (Val::Double(left), Val::Double(right)) => match operator {
            operators::ADD => Ok(Val::Double(left + right)),
            operators::SUBSTRACT => Ok(Val::Double(left - right)),
            operators::MULTIPLY => Ok(Val::Double(left * right)),
            operators::DIVIDE => Ok(Val::Double(left / right)),
            _ => Err(Stop::overload()),
        },
        (Val::Text(left), Val::Text(right)) if operator == operators::ADD => Ok(Val::text(left.into_owned() + &right)),
        (Val::Bytes(left), Val::Bytes(right)) if operator == operators::ADD => Ok(Val::Bytes([&*left, &*right].concat().into())),
        (left @ Val::Foreign(_), right) | (left, right @ Val::Foreign(_)) => foreign::operator(operator, &left, &right),
        (left, right) if operator == operators::ADD => join(&left, &right),
        _ => Err(Stop::overload()),
    }
}

fn whole<T>(operator: &str, by_zero: bool, result: impl FnOnce() -> Option<T>) -> Result<T, Stop> {
    match operator {
        operators::DIVIDE if by_zero => Err(Stop::error("division by zero")),
        operators::MODULO if by_zero => Err(Stop::error("modulus by zero")),
        _ => result().ok_or_else(|| Stop::error("integer overflow")),
    }
}

/// Two lists as one: sets without what is there already, maps with elements replaced by their keys.
fn join<'a>(left: &Val<'a>, right: &Val<'a>) -> Result<Val<'a>, Stop> {
    let (Some(mut items), Some(more), "list", "list") = (left.elements(), right.elements(), left.type_name(), right.type_name()) else {
        return Err(Stop::overload());
    };
    let keys: &[String] = match left {
        Val::Doc(_, schema) => match &schema.list_type {
            ListType::Atomic => &[],
            ListType::Set => {
                let new = more.into_iter().filter(|item| !items.iter().any(|known| equal(known, item))).collect::<Vec<_>>();
                items.extend(new);
                return Ok(Val::list(items));
            }
            ListType::Map(keys) => keys,
        },
        _ => &[],
    };
    for item in more {
        let same = |known: &&mut Val<'a>| !keys.is_empty() && keys.iter().all(|key| member_equal(known, &item, key));
        match items.iter_mut().find(same) {
            Some(known) => *known = item,
            None => items.push(item),
        }
    }
    Ok(Val::list(items))
}

fn member_equal(one: &Val<'_>, other: &Val<'_>, name: &str) -> bool {
    match (one.member(name), other.member(name)) {
        (Some(one), Some(other)) => equal(&one, &other),
        (None, None) => true,
        _ => false,
    }
}
