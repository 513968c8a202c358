//! What Kubernetes demands of names, labels and numbers, in Kubernetes' own words.
//!
//! Every check returns its complaints; none means that the value is fine. This module must not know Knative. Source:
//! k8s.io/apimachinery `pkg/util/validation`, `pkg/api/validate/content`.

const LABEL_1123: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const LABEL_1035: &str = "[a-z]([-a-z0-9]*[a-z0-9])?";
const KEY: &str = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const LABEL_MAX: usize = 63;
const SUBDOMAIN_MAX: usize = 253;
const PORT_NAME_MAX: usize = 15;

fn too_long(limit: usize) -> String {
    format!("must be no more than {limit} bytes")
}

fn pattern(rule: &str, regex: &str, examples: &[&str]) -> String {
    let examples: Vec<String> = examples.iter().map(|example| format!("'{example}', ")).collect();
    format!("{rule} (e.g. {}regex used for validation is '{regex}')", examples.join(" or "))
}

/// Lower case, digits and inner dashes.
fn is_label_1123(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label_1123)
}

/// Letters, digits and inner dashes, underscores and dots.
fn is_key(text: &str) -> bool {
    let edge = |byte: u8| byte.is_ascii_alphanumeric();
    let inner = |byte: u8| edge(byte) || matches!(byte, b'-' | b'_' | b'.');
    let bytes = text.as_bytes();
    bytes.first().is_some_and(|byte| edge(*byte)) && bytes.last().is_some_and(|byte| edge(*byte)) && bytes.iter().all(|byte| inner(*byte))
}

/// A DNS label that starts with a letter: the name of a k8s Service.
#[must_use]
pub fn dns1035_label(value: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if value.len() > LABEL_MAX {
        problems.push(too_long(LABEL_MAX));
    }
    if !is_label_1123(value) || !value.starts_with(|c: char| c.is_ascii_lowercase()) {
        let rule = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
        problems.push(pattern(rule, LABEL_1035, &["my-name", "abc-123"]));
    }
    problems
}

/// The start of a DNS label to which a generated end is added.
#[must_use]
pub fn dns1035_label_prefix(value: &str) -> Vec<String> {
    dns1035_label(&without_last_dash(value))
}

/// A dash at the end of a prefix is fine, because something follows it.
fn without_last_dash(value: &str) -> String {
    match value.strip_suffix('-') {
        Some(start) if !start.is_empty() => {
            let kept = start.char_indices().last().map_or("", |(at, _)| &start[..at]);
            format!("{kept}a")
        }
        _ => value.to_owned(),
    }
}

/// A DNS label.
#[must_use]
pub fn dns1123_label(value: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if value.len() > LABEL_MAX {
        problems.push(too_long(LABEL_MAX));
    }
    if !is_label_1123(value) {
        problems.push(if is_subdomain(value) {
            "must not contain dots".to_owned()
        } else {
            let rule = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
            pattern(rule, LABEL_1123, &["my-name", "123-abc"])
        });
    }
    problems
}

/// DNS labels with dots between them.
#[must_use]
pub fn dns1123_subdomain(value: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if value.len() > SUBDOMAIN_MAX {
        problems.push(too_long(SUBDOMAIN_MAX));
    }
    if !is_subdomain(value) {
        let rule = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
        problems.push(pattern(rule, &format!("{LABEL_1123}(\\.{LABEL_1123})*"), &["example.com"]));
    }
    problems
}

/// A domain of at least two labels, with or without a final dot.
///
/// `field` is named in the complaint, as Kubernetes' field errors do.
#[must_use]
pub fn fully_qualified_domain_name(field: &str, value: &str) -> Option<String> {
    let invalid = |bad: &str, why: &str| Some(format!("{field}: Invalid value: {}: {why}", crate::go::quote(bad)));
    if value.is_empty() {
        return Some(format!("{field}: Required value"));
    }
    let name = value.strip_suffix('.').unwrap_or(value);
    let problems = dns1123_subdomain(name);
    if !problems.is_empty() {
        return invalid(name, &problems.join(","));
    }
    if !name.contains('.') {
        return invalid(name, "should be a domain with at least two segments separated by dots");
    }
    name.split('.').find_map(|label| {
        let problems = dns1123_label(label);
        if problems.is_empty() { None } else { invalid(label, &problems.join(",")) }
    })
}

/// A name with an optional `domain/` before it: keys of labels and annotations, names of resources.
#[must_use]
pub fn qualified_name(value: &str) -> Vec<String> {
    let rule = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
    let examples = ["MyName", "my.name", "123-abc"];
    let parts: Vec<&str> = value.split('/').collect();
    let mut problems = Vec::new();
    let name = match parts.as_slice() {
        [name] => *name,
        [prefix, name] => {
            if prefix.is_empty() {
                problems.push("prefix part must be non-empty".to_owned());
            } else {
                problems.extend(dns1123_subdomain(prefix).into_iter().map(|problem| format!("prefix part {problem}")));
            }
            *name
        }
        _ => {
            let pattern = pattern(rule, KEY, &examples);
            return vec![format!("a valid label key {pattern} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')")];
        }
    };
    if name.is_empty() {
        problems.push("name part must be non-empty".to_owned());
    } else if name.len() > LABEL_MAX {
        problems.push(format!("name part {}", too_long(LABEL_MAX)));
    }
    if !is_key(name) {
        problems.push(format!("name part {}", pattern(rule, KEY, &examples)));
    }
    problems
}

/// The value of a label; may be empty.
#[must_use]
pub fn label_value(value: &str) -> Vec<String> {
    let mut problems = Vec::new();
    if value.len() > LABEL_MAX {
        problems.push(too_long(LABEL_MAX));
    }
    if !value.is_empty() && !is_key(value) {
        let rule = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
        problems.push(pattern(rule, &format!("({KEY})?"), &["MyValue", "my_value", "12345"]));
    }
    problems
}

/// A name that a C compiler would take: kinds.
#[must_use]
pub fn c_identifier(value: &str) -> Vec<String> {
    let first = value.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if first && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Vec::new();
    }
    let rule = "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_'";
    vec![pattern(rule, "[A-Za-z_][A-Za-z0-9_]*", &["my_name", "MY_NAME", "MyName"])]
}

/// The name of a port.
#[must_use]
pub fn port_name(value: &str) -> Vec<String> {
    let checks = [
        (value.len() <= PORT_NAME_MAX, too_long(PORT_NAME_MAX)),
        (
            !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
            "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".to_owned(),
        ),
        (value.bytes().any(|byte| byte.is_ascii_lowercase()), "must contain at least one letter (a-z)".to_owned()),
        (!value.contains("--"), "must not contain consecutive hyphens".to_owned()),
        (!value.starts_with('-') && !value.ends_with('-'), "must not begin or end with a hyphen".to_owned()),
    ];
    checks.into_iter().filter(|(holds, _)| !holds).map(|(_, problem)| problem).collect()
}

#[cfg(test)]
mod tests;
