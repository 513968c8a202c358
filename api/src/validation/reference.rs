//! Rules of a DomainMapping's reference.
//!
//! This module must not resolve it. Source: knative.dev/pkg `apis/duck/v1/knative_reference.go`.

use crate::duck::KReference;
use crate::field_error::FieldErrors;
use crate::go::quote;

/// The reference of an object in this namespace.
pub(super) fn validate(reference: &KReference, namespace: &str) -> FieldErrors {
    let text = |value: &'_ Option<String>| value.clone().unwrap_or_default();
    let required = [("name", reference.name.clone()), ("apiVersion", text(&reference.api_version)), ("kind", reference.kind.clone())];
    let missing = required.iter().filter(|(_, value)| value.is_empty()).map(|(field, _)| FieldErrors::missing(&[field]));
    let mut errors: FieldErrors = missing.collect();
    if !text(&reference.group).is_empty() {
        errors.extend([FieldErrors::disallowed(&["group"])]);
    }
    let wanted = text(&reference.namespace);
    if !wanted.is_empty() && !namespace.is_empty() && wanted != namespace {
        let details = format!("parent namespace: {} does not match ref: {}", quote(namespace), quote(&wanted));
        errors.extend([FieldErrors::detailed("mismatched namespaces", &["namespace"], details)]);
    }
    errors
}
