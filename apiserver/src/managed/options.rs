//! The options of writes: who manages what (`fieldManager`, `force`, the User-Agent), whether anything is stored, and what
//! happens to unknown fields.
//! Source: k8s.io/apimachinery/pkg/apis/meta/v1/validation and k8s.io/apiserver/pkg/endpoints/handlers.

use ::http::HeaderMap;
use ::http::header::USER_AGENT;
use serde_json::Value;

use crate::error::{ApiError, Cause};
use crate::http::query::Query;
use crate::value;
use crate::write::Call;

/// At most so many bytes in the name of a manager.
const NAME_MAX: usize = 128;

/// Which options a request has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Options {
    /// Those of POST.
    Create,
    /// Those of PUT.
    Update,
    /// Those of PATCH.
    Patch,
    /// Those of PATCH with an applied configuration.
    Apply,
}

/// Checks the options of a write.
///
/// # Errors
/// 422.
pub fn check(query: &Query, options: Options) -> Result<(), ApiError> {
    let manager = query.get("fieldManager");
    let mut causes = Vec::new();
    match options {
        Options::Apply if manager.is_empty() => causes.push(Cause::required("fieldManager", "is required for apply patch")),
        Options::Patch if query.has("force") => causes.push(Cause::forbidden("force", "may not be specified for non-apply patch")),
        _ => {}
    }
    if manager.len() > NAME_MAX {
        let message = format!("Too long: may not be more than {NAME_MAX} bytes");
        causes.push(Cause { field: "fieldManager".into(), reason: "FieldValueTooLong", message });
    }
    for (place, letter) in manager.char_indices().filter(|(_, letter)| !is_printable(*letter)) {
        let why = format!("invalid character U+{:04X} (at position {place})", u32::from(letter));
        causes.push(Cause::invalid("fieldManager", &manager.into(), &why));
    }
    let stages = query.all("dryRun");
    if stages.iter().any(|stage| *stage != "All") {
        causes.push(Cause::unsupported("dryRun", &stages.into(), &["\"All\"".into()]));
    }
    let validation = query.get("fieldValidation");
    if !validation.is_empty() && query.field_validation().is_none() {
        let known = ["", "Ignore", "Strict", "Warn"].map(|name| format!("{name:?}"));
        causes.push(Cause::unsupported("fieldValidation", &validation.into(), &known));
    }
    let kind = match options {
        Options::Create => "CreateOptions",
        Options::Update => "UpdateOptions",
        Options::Patch | Options::Apply => "PatchOptions",
    };
    if causes.is_empty() { Ok(()) } else { Err(ApiError::invalid_kind("meta.k8s.io", kind, "", &causes)) }
}

fn is_printable(letter: char) -> bool {
    letter == ' ' || !(letter.is_control() || letter.is_whitespace())
}

/// Who manages what a request writes: whom it names, else the client's program.
pub fn manager(query: &Query, headers: &HeaderMap) -> String {
    let named = query.get("fieldManager");
    if !named.is_empty() {
        return named.to_owned();
    }
    let agent = headers.get(USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes())).unwrap_or_default();
    let mut name = String::new();
    for letter in agent.split('/').next().unwrap_or_default().chars().filter(|letter| is_printable(*letter)) {
        if name.len() + letter.len_utf8() > NAME_MAX {
            break;
        }
        name.push(letter);
    }
    name
}

/// The type that a configuration says it is of, as messages spell it.
pub fn type_of(config: &Value, call: &Call) -> String {
    let version = value::text(config, &["apiVersion"]);
    let slash = if version.contains('/') || (version.is_empty() && !call.kind.group.is_empty()) { "" } else { "/" };
    format!("{slash}{version}, Kind={}", value::text(config, &["kind"]))
}
