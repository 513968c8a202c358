//! Conditions in one cell of a list, and as a table of a description.
//!
//! This module must not judge them.

use std::cmp::Ordering;

use ebb_api::duck::Condition;
use k8s_openapi::jiff::Timestamp;

use super::age;
use super::describe::Section;

/// How many of the conditions are true.
#[must_use]
pub fn count(conditions: &[Condition]) -> String {
    let good = conditions.iter().filter(|condition| condition.status == "True").count();
    format!("{good} OK / {}", conditions.len())
}

/// The condition that sums up the others.
#[must_use]
pub fn ready(conditions: &[Condition]) -> Option<&Condition> {
    conditions.iter().find(|condition| condition.type_ == "Ready")
}

/// Status of the Ready condition.
#[must_use]
pub fn ready_status(conditions: &[Condition]) -> String {
    ready(conditions).map_or_else(|| "<unknown>".to_owned(), |ready| ready.status.clone())
}

/// Why it is not ready; nothing if it is.
#[must_use]
pub fn why_not_ready(conditions: &[Condition]) -> String {
    match ready(conditions) {
        None => "<unknown>".to_owned(),
        Some(ready) if ready.status == "True" => String::new(),
        Some(ready) if ready.message.is_empty() => ready.reason.clone(),
        Some(ready) => format!("{} : {}", ready.reason, ready.message),
    }
}

/// The table at the end of a description: Ready first, then what decides readiness, then warnings, then the rest.
pub fn table(section: &mut Section<'_>, conditions: &[Condition], now: Timestamp, verbose: bool) {
    let mut sorted: Vec<&Condition> = conditions.iter().collect();
    sorted.sort_by(|one, other| order(one, other));
    let width = conditions.iter().map(|condition| condition.type_.len()).max().unwrap_or(0);
    let mut table = section.attribute("Conditions", "");
    table.line(&format!("OK {:<width$} {:>6} REASON", "TYPE", "AGE"));
    for condition in sorted {
        let age = age::short(condition.last_transition_time.as_ref(), now);
        let reason = match (verbose, condition.reason.as_str()) {
            (true, reason) if !reason.is_empty() => format!("{reason} ({})", condition.message),
            (_, reason) => reason.to_owned(),
        };
        table.line(&format!("{} {:<width$} {age:>6} {reason}", mark(condition), condition.type_));
    }
}

fn order(one: &Condition, other: &Condition) -> Ordering {
    let rank = |condition: &Condition| match (condition.type_.as_str(), condition.severity.as_str()) {
        ("Ready", _) => 0,
        (_, "") => 1,
        (_, "Warning") => 2,
        _ => 3,
    };
    rank(one).cmp(&rank(other)).then_with(|| one.type_.cmp(&other.type_))
}

fn mark(condition: &Condition) -> &'static str {
    match (condition.status.as_str(), condition.severity.as_str()) {
        ("True", _) => "++",
        ("False", "") => "!!",
        ("False", "Warning") => " W",
        ("False", "Info") => " I",
        ("False", _) => " !",
        _ => "??",
    }
}

#[cfg(test)]
mod tests;
