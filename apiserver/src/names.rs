//! What names, labels and annotations must look like. Source: k8s.io/apimachinery/pkg/util/validation.

use serde_json::Value;

use crate::error::Cause;
use crate::kinds::Naming;
use crate::value::{self, Fields};

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const SERVICE: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
/// All annotations of an object together, keys and values.
const ANNOTATIONS_MAX: usize = 256 * 1024;

fn is_label(text: &str) -> bool {
    let inner = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

/// Whether a text is a DNS-1123 subdomain of at most 253 characters.
pub fn is_dns_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

fn is_word(text: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let inner = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.');
    text.bytes().all(inner) && edge(text.chars().next()) && edge(text.chars().next_back())
}

/// What is wrong with a name of that style, if anything.
pub fn name_fault(naming: Naming, name: &str) -> Option<String> {
    let too_long = |max: usize| format!("must be no more than {max} characters");
    match naming {
        Naming::Subdomain if name.len() > 253 => Some(too_long(253)),
        Naming::Subdomain => (!is_dns_subdomain(name)).then(|| SUBDOMAIN.into()),
        Naming::Label | Naming::Service if name.len() > 63 => Some(too_long(63)),
        Naming::Label if name.contains('.') && is_dns_subdomain(name) => Some("must not contain dots".into()),
        Naming::Label => (!is_label(name)).then(|| LABEL.into()),
        Naming::Service => (!is_label(name) || name.starts_with(|c: char| c.is_ascii_digit())).then(|| SERVICE.into()),
        Naming::Segment if matches!(name, "." | "..") => Some(format!("may not be '{name}'")),
        Naming::Segment => name.contains(['/', '%']).then(|| "may not contain '/' or '%'".into()),
    }
}

/// What is wrong with the key of a label or annotation, or with a finalizer, if anything.
pub fn qualified_fault(key: &str) -> Option<String> {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    match prefix {
        Some("") => return Some("prefix part must be non-empty".into()),
        Some(prefix) if !is_dns_subdomain(prefix) => return Some(format!("prefix part {SUBDOMAIN}")),
        _ => {}
    }
    match name {
        "" => Some("name part must be non-empty".into()),
        name if name.len() > 63 => Some("name part must be no more than 63 bytes".into()),
        name => (!is_word(name)).then(|| QUALIFIED.into()),
    }
}

/// What is wrong with the value of a label, if anything.
pub fn label_value_fault(text: &str) -> Option<String> {
    match text {
        "" => None,
        text if text.len() > 63 => Some("must be no more than 63 bytes".into()),
        text => (!is_word(text)).then(|| LABEL_VALUE.into()),
    }
}

/// What is wrong with the metadata that clients may choose freely, the name apart.
pub fn metadata_faults(object: &Value) -> Vec<Cause> {
    let mut faults = Vec::new();
    let Some(metadata) = value::at(object, &["metadata"]).and_then(Value::as_object) else { return faults };
    label_faults(metadata, &mut faults);
    annotation_faults(metadata, &mut faults);
    for finalizer in value::meta_list(object, "finalizers") {
        if let Some(fault) = qualified_fault(finalizer) {
            faults.push(Cause::invalid("metadata.finalizers", &finalizer.into(), &fault));
        }
    }
    owner_faults(metadata, &mut faults);
    faults
}

fn label_faults(metadata: &Fields, faults: &mut Vec<Cause>) {
    for (key, label) in metadata.get("labels").and_then(Value::as_object).into_iter().flatten() {
        let fault = qualified_fault(key).map(|fault| (Value::from(key.as_str()), fault));
        let fault = fault.or_else(|| label_value_fault(label.as_str().unwrap_or_default()).map(|fault| (label.clone(), fault)));
        if let Some((culprit, fault)) = fault {
            faults.push(Cause::invalid("metadata.labels", &culprit, &fault));
        }
    }
}

fn annotation_faults(metadata: &Fields, faults: &mut Vec<Cause>) {
    let mut size = 0;
    for (key, text) in metadata.get("annotations").and_then(Value::as_object).into_iter().flatten() {
        size += key.len() + text.as_str().unwrap_or_default().len();
        if let Some(fault) = qualified_fault(&key.to_lowercase()) {
            faults.push(Cause::invalid("metadata.annotations", &key.as_str().into(), &fault));
        }
    }
    if size > ANNOTATIONS_MAX {
        let message = format!("Too long: may not be more than {ANNOTATIONS_MAX} bytes");
        faults.push(Cause { field: "metadata.annotations".into(), reason: "FieldValueTooLong", message });
    }
}

fn owner_faults(metadata: &Fields, faults: &mut Vec<Cause>) {
    let owners = metadata.get("ownerReferences").and_then(Value::as_array);
    let mut controllers = Vec::new();
    for owner in owners.into_iter().flatten() {
        for field in ["apiVersion", "kind", "name", "uid"] {
            if value::text(owner, &[field]).is_empty() {
                faults.push(Cause::invalid(format!("metadata.ownerReferences.{field}"), &"".into(), "must not be empty"));
            }
        }
        let version = value::text(owner, &["apiVersion"]);
        if version.matches('/').count() > 1 {
            faults.push(Cause::invalid("metadata.ownerReferences.apiVersion", &version.into(), "version must not be empty"));
        }
        if (version, value::text(owner, &["kind"])) == ("v1", "Event") {
            let why = "/v1, Kind=Event is disallowed from being an owner";
            faults.push(Cause::invalid("metadata.ownerReferences", &in_order(owner), why));
        }
        if value::at(owner, &["controller"]) == Some(&Value::Bool(true)) {
            controllers.push(format!("{}/{}", value::text(owner, &["kind"]), value::text(owner, &["name"])));
        }
    }
    if let [one, other, ..] = controllers.as_slice() {
        let all: Value = owners.into_iter().flatten().map(in_order).collect();
        let why = format!("Only one reference can have Controller set to true. Found \"true\" in references for {one} and {other}");
        faults.push(Cause::invalid("metadata.ownerReferences", &all, &why));
    }
}

/// A reference with its members in the order in which messages show them.
fn in_order(owner: &Value) -> Value {
    let names = ["apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"];
    names.into_iter().filter_map(|name| Some((name.to_owned(), owner.get(name)?.clone()))).collect()
}

/// What is wrong with the finalizers of built-in kinds, which are stricter than others: a name without a domain must be one of
/// Kubernetes' own.
pub fn finalizer_faults(object: &Value) -> Vec<Cause> {
    let finalizers = value::meta_list(object, "finalizers").into_iter().enumerate();
    let odd = finalizers.filter(|(_, name)| qualified_fault(name).is_none());
    odd.filter_map(|(index, name)| finalizer_fault(&format!("metadata.finalizers[{index}]"), name)).collect()
}

/// That a finalizer has neither a domain nor is one of Kubernetes' own.
pub fn finalizer_fault(field: &str, name: &str) -> Option<Cause> {
    let known = name.contains('/') || matches!(name, "kubernetes" | "orphan" | "foregroundDeletion");
    let why = "name is neither a standard finalizer name nor is it fully qualified";
    (!known).then(|| Cause::invalid(field, &name.into(), why))
}

/// What is wrong with the name of a port.
pub fn port_name_faults(name: &str) -> impl Iterator<Item = &'static str> {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let faults = [
        (name.len() > 15, "must be no more than 15 characters"),
        (!name.chars().all(letters), "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"),
        (!name.contains(|c: char| c.is_ascii_lowercase()), "must contain at least one letter (a-z)"),
        (name.contains("--"), "must not contain consecutive hyphens"),
        (name.starts_with('-') || name.ends_with('-'), "must not begin or end with a hyphen"),
    ];
    faults.into_iter().filter(|(wrong, _)| *wrong).map(|(_, why)| why)
}
