//! Rules of an image's name.
//!
//! This module must not ask any registry. The rules are those of go-containerregistry's weak validation.

use crate::field_error::FieldErrors;
use crate::go::quote;

pub(super) fn validate(image: &str) -> FieldErrors {
    if image.is_empty() {
        return FieldErrors::missing(&["image"]);
    }
    if is_tagged(image) || is_digested(image) {
        return FieldErrors::none();
    }
    let details = format!("image: {}, error: could not parse reference: {image}", quote(image));
    FieldErrors::detailed("Failed to parse image reference", &["image"], details)
}

/// `repository` or `repository:tag`.
fn is_tagged(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    match text.rsplit_once(':') {
        // A colon before a slash is a registry's port.
        Some((repository, tag)) if !tag.contains('/') => {
            is_repository(repository) && (tag.is_empty() || (tag.len() <= 128 && tag.chars().all(allowed)))
        }
        _ => is_repository(text),
    }
}

/// `repository@sha256:…`, with or without a tag.
fn is_digested(text: &str) -> bool {
    let Some((base, digest)) = text.split_once('@') else { return false };
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    digest.strip_prefix("sha256:").is_some_and(|digest| digest.len() == 64 && digest.chars().all(hex)) && is_tagged(base)
}

fn is_repository(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.' | '/');
    let path = match text.split_once('/') {
        Some((registry, path)) if registry.contains(['.', ':']) => {
            if !is_registry(registry) {
                return false;
            }
            path
        }
        _ => text,
    };
    (2..=255).contains(&path.len()) && path.chars().all(allowed)
}

/// A host with an optional port.
fn is_registry(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=[]:".contains(c);
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (text, ""),
    };
    let bracketed = host.starts_with('[') && host.ends_with(']');
    text.chars().all(allowed) && port.bytes().all(|byte| byte.is_ascii_digit()) && (bracketed || !host.contains([':', '[', ']']))
}
