//! Values as Go's `fmt` prints them.
//!
//! This module must not fail: what does not fit a verb is printed as Go tells it.

use serde_json::Value;

use ebb_api::go;

/// A value that a template prints.
pub fn printed(value: &Value) -> String {
    match value {
        Value::Null => "<no value>".to_owned(),
        other => plain(other),
    }
}

/// `%v`.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.as_i64().map_or_else(|| go::float(number.as_f64().unwrap_or_default()), float_of),
        Value::String(text) => text.clone(),
        Value::Array(items) => go::slice(items.iter().map(plain)),
        Value::Object(map) => {
            let mut pairs: Vec<String> = map.iter().map(|(key, value)| format!("{key}:{}", plain(value))).collect();
            pairs.sort();
            format!("map[{}]", pairs.join(" "))
        }
    }
}

/// Whole numbers are floats, too, and so are large ones printed.
fn float_of(whole: i64) -> String {
    if whole.unsigned_abs() < 1 << 53 { whole.to_string() } else { whole.to_string().parse().map_or_else(|_| whole.to_string(), go::float) }
}

/// `print`: spaces stand between neighbours of which neither is a text.
pub fn print(values: &[Value]) -> String {
    let mut out = String::new();
    for (index, value) in values.iter().enumerate() {
        let spaced =
            index.checked_sub(1).and_then(|before| values.get(before)).is_some_and(|before| !before.is_string() && !value.is_string());
        out.push_str(if spaced { " " } else { "" });
        out.push_str(&plain(value));
    }
    out
}

/// `println`.
pub fn println(values: &[Value]) -> String {
    format!("{}\n", values.iter().map(plain).collect::<Vec<_>>().join(" "))
}

/// `printf`.
pub fn printf(template: &str, values: &[Value]) -> String {
    let mut out = String::new();
    let mut values = values.iter();
    let mut chars = template.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let (mut flags, mut width, mut precision) = (String::new(), String::new(), None);
        while let Some(flag) = chars.next_if(|c| "+-# 0".contains(*c)) {
            flags.push(flag);
        }
        while let Some(digit) = chars.next_if(char::is_ascii_digit) {
            width.push(digit);
        }
        if chars.next_if_eq(&'.').is_some() {
            let mut digits = String::new();
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            precision = Some(digits.parse().unwrap_or(0));
        }
        let text = match chars.next() {
            Some('%') => "%".to_owned(),
            None => "%!(NOVERB)".to_owned(),
            Some(verb) => match values.next() {
                None => format!("%!{verb}(MISSING)"),
                Some(value) => one(verb, &flags, precision, value),
            },
        };
        out.push_str(&padded(text, &flags, width.parse().unwrap_or(0)));
    }
    let extra: Vec<String> = values.map(|value| format!("{}={}", super::funcs::type_name(value), plain(value))).collect();
    if !extra.is_empty() {
        out.push_str(&format!("%!(EXTRA {})", extra.join(", ")));
    }
    out
}

fn one(verb: char, flags: &str, precision: Option<usize>, value: &Value) -> String {
    let plus = |text: String| if flags.contains('+') && !text.starts_with('-') { format!("+{text}") } else { text };
    match (verb, value) {
        ('v', value) => plain(value),
        ('s', Value::String(text)) => precision.map_or_else(|| text.clone(), |most| text.chars().take(most).collect()),
        ('q', Value::String(text)) => go::quote(text),
        ('x', Value::String(text)) => text.bytes().map(|byte| format!("{byte:02x}")).collect(),
        ('t', Value::Bool(value)) => value.to_string(),
        ('T', value) => super::funcs::type_name(value).to_owned(),
        ('d', Value::Number(number)) => plus(number.as_f64().map(f64::round).map(|value| format!("{value:.0}")).unwrap_or_default()),
        ('x', Value::Number(number)) => number.as_i64().map(|value| format!("{value:x}")).unwrap_or_default(),
        ('f' | 'F', Value::Number(number)) => plus(format!("{:.*}", precision.unwrap_or(6), number.as_f64().unwrap_or_default())),
        ('g', Value::Number(number)) => go::float(number.as_f64().unwrap_or_default()),
        ('s' | 'd' | 'q' | 'x', Value::Array(items)) => go::slice(items.iter().map(|item| one(verb, flags, precision, item))),
        (verb, value) => format!("%!{verb}({}={})", super::funcs::type_name(value), plain(value)),
    }
}

fn padded(text: String, flags: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    match () {
        () if missing == 0 => text,
        () if flags.contains('-') => format!("{text}{}", " ".repeat(missing)),
        () if flags.contains('0') => match text.strip_prefix('-') {
            Some(digits) => format!("-{}{digits}", "0".repeat(missing)),
            None => format!("{}{text}", "0".repeat(missing)),
        },
        () => format!("{}{text}", " ".repeat(missing)),
    }
}
