//! Finds where two values differ.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// One place at which the answers to a request differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `THEME/STEP`.
    pub step: String,
    /// Where: `body.metadata.labels.a`, `body.items[name=x].spec`, `header.allow`, `status`.
    pub path: String,
    /// What Ebb has there.
    pub ebb: Option<Value>,
    /// What kube-apiserver has there.
    pub kube: Option<Value>,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let told = |value: &Option<Value>| value.as_ref().map_or("(nothing)".to_owned(), |value| short(&value.to_string()));
        write!(f, "{}\n    {}\n      ebb:  {}\n      kube: {}", self.step, self.path, told(&self.ebb), told(&self.kube))
    }
}

fn short(text: &str) -> String {
    const LONGEST: usize = 1500;
    if text.chars().count() <= LONGEST { text.to_owned() } else { text.chars().take(LONGEST).chain("…".chars()).collect() }
}

/// All differences between two answers.
///
/// When one was served and the other refused, that is the one difference: their bodies have nothing in common.
pub fn compare(step: &str, ebb: &Value, kube: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    let status = |answer: &Value| answer["status"].as_u64().unwrap_or_default();
    if status(ebb) != status(kube) {
        let told = |answer: &Value| {
            Some(Value::String(format!("{} {}", status(answer), answer.pointer("/body/message").unwrap_or(&answer["body"]))))
        };
        return vec![Difference { step: step.to_owned(), path: "status".into(), ebb: told(ebb), kube: told(kube) }];
    }
    walk(&mut String::new(), Some(ebb), Some(kube), &mut |path, ebb, kube| {
        found.push(Difference {
            step: step.to_owned(),
            path: path.trim_start_matches('.').to_owned(),
            ebb: ebb.cloned(),
            kube: kube.cloned(),
        });
    });
    found
}

type Tell<'a> = &'a mut dyn FnMut(&str, Option<&Value>, Option<&Value>);

fn walk(path: &mut String, ebb: Option<&Value>, kube: Option<&Value>, tell: Tell<'_>) {
    match (ebb, kube) {
        (Some(Value::Object(ebb)), Some(Value::Object(kube))) => {
            let names: BTreeSet<&String> = ebb.keys().chain(kube.keys()).collect();
            for name in names {
                within(path, &format!(".{name}"), ebb.get(name), kube.get(name), tell);
            }
        }
        (Some(Value::Array(ebb)), Some(Value::Array(kube))) => match (keyed(ebb), keyed(kube)) {
            (Some(ebb_keyed), Some(kube_keyed)) => by_key(path, &ebb_keyed, &kube_keyed, tell),
            _ => by_place(path, ebb, kube, tell),
        },
        (ebb, kube) if ebb != kube => tell(path, ebb, kube),
        _ => {}
    }
}

fn within(path: &mut String, step: &str, ebb: Option<&Value>, kube: Option<&Value>, tell: Tell<'_>) {
    let length = path.len();
    path.push_str(step);
    walk(path, ebb, kube, tell);
    path.truncate(length);
}

fn by_place(path: &mut String, ebb: &[Value], kube: &[Value], tell: Tell<'_>) {
    for place in 0..ebb.len().max(kube.len()) {
        within(path, &format!("[{place}]"), ebb.get(place), kube.get(place), tell);
    }
}

fn by_key(path: &mut String, ebb: &[(String, &Value)], kube: &[(String, &Value)], tell: Tell<'_>) {
    let in_ebb: BTreeMap<&str, &Value> = ebb.iter().map(|(key, value)| (key.as_str(), *value)).collect();
    let in_kube: BTreeMap<&str, &Value> = kube.iter().map(|(key, value)| (key.as_str(), *value)).collect();
    let keys: BTreeSet<&str> = in_ebb.keys().chain(in_kube.keys()).copied().collect();
    for key in keys {
        within(path, &format!("[{key}]"), in_ebb.get(key).copied(), in_kube.get(key).copied(), tell);
    }
    let common = |of: &[(String, &Value)], other: &BTreeMap<&str, &Value>| -> Vec<Value> {
        of.iter().filter(|(key, _)| other.contains_key(key.as_str())).map(|(key, _)| Value::String(key.clone())).collect()
    };
    let (ebb, kube) = (common(ebb, &in_kube), common(kube, &in_ebb));
    if ebb != kube {
        tell(&format!("{path}(order)"), Some(&Value::Array(ebb)), Some(&Value::Array(kube)));
    }
}

/// The items of a list with what tells them apart, when something does.
fn keyed(items: &[Value]) -> Option<Vec<(String, &Value)>> {
    let keys: Vec<String> = items.iter().map(key).collect::<Option<_>>()?;
    let different: BTreeSet<&String> = keys.iter().collect();
    (different.len() == keys.len()).then(|| keys.into_iter().zip(items).collect())
}

fn key(item: &Value) -> Option<String> {
    let text = |pointer: &str| item.pointer(pointer).and_then(Value::as_str);
    if let (Some(manager), Some(operation)) = (text("/manager"), text("/operation")) {
        return Some(
            format!("{manager} {operation} {} {}", text("/apiVersion")?, text("/subresource").unwrap_or_default()).trim().to_owned(),
        );
    }
    if let Some(name) = text("/metadata/name") {
        return Some(text("/metadata/namespace").map_or_else(|| name.to_owned(), |namespace| format!("{namespace}/{name}")));
    }
    ["/name", "/resource", "/subresource", "/version", "/responseKind/kind"].iter().find_map(|pointer| text(pointer)).map(str::to_owned)
}
