//! ConfigMaps, Secrets and PersistentVolumeClaims: what holds data.

use serde_json::Value;

use crate::error::Cause;
use crate::http::media;
use crate::value::{self, object_mut};

const KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
/// All values together.
const SIZE_MAX: usize = 1024 * 1024;

fn key_fault(key: &str) -> Option<String> {
    match key {
        "." | ".." => Some(format!("must not be '{key}'")),
        key if key.starts_with("..") => Some("must not start with '..'".into()),
        key if key.len() > 253 => Some("must be no more than 253 bytes".into()),
        key if key.is_empty() || !key.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.')) => Some(KEY.into()),
        _ => None,
    }
}

/// The keys of a map of data, and how many bytes it holds.
fn data_faults(faults: &mut Vec<Cause>, object: &Value, name: &str, encoded: bool) -> usize {
    let mut size = 0;
    for (key, text) in object.get(name).and_then(Value::as_object).into_iter().flatten() {
        if let Some(fault) = key_fault(key) {
            faults.push(Cause::invalid(format!("{name}[{key}]"), &key.as_str().into(), &fault));
        }
        let length = text.as_str().map_or(0, str::len);
        size += if encoded { length / 4 * 3 } else { length };
    }
    size
}

fn size_fault(faults: &mut Vec<Cause>, field: &str, size: usize) {
    if size > SIZE_MAX {
        let message = format!("Too long: may not be more than {SIZE_MAX} bytes");
        faults.push(Cause { field: field.into(), reason: "FieldValueTooLong", message });
    }
}

/// What is wrong with a ConfigMap.
pub fn config_map_faults(object: &Value) -> Vec<Cause> {
    let mut faults = Vec::new();
    let size = data_faults(&mut faults, object, "data", false);
    for (key, _) in object.get("data").and_then(Value::as_object).into_iter().flatten() {
        if value::at(object, &["binaryData", key]).is_some() {
            faults.push(Cause::invalid(format!("data[{key}]"), &key.as_str().into(), "duplicate of key present in binaryData"));
        }
    }
    let size = size + data_faults(&mut faults, object, "binaryData", true);
    size_fault(&mut faults, "[]", size);
    faults
}

/// What is wrong with a Secret.
pub fn secret_faults(old: Option<&Value>, object: &Value) -> Vec<Cause> {
    let mut faults = Vec::new();
    let kind = value::text(object, &["type"]);
    if old.is_some_and(|old| value::text(old, &["type"]) != kind) {
        faults.push(Cause::invalid("type", &kind.into(), "field is immutable"));
    }
    let size = data_faults(&mut faults, object, "data", true);
    size_fault(&mut faults, "data", size);
    let data = |key: &str| value::at(object, &["data", key]).and_then(Value::as_str);
    let needed: &[&str] = match kind {
        "kubernetes.io/tls" => &["tls.crt", "tls.key"],
        "kubernetes.io/dockercfg" => &[".dockercfg"],
        "kubernetes.io/dockerconfigjson" => &[".dockerconfigjson"],
        "kubernetes.io/ssh-auth" => &["ssh-privatekey"],
        // One of the two is enough.
        "kubernetes.io/basic-auth" if data("username").is_none() && data("password").is_none() => &["username", "password"],
        _ => &[],
    };
    for key in needed {
        match data(key) {
            None => faults.push(Cause::required(format!("data[{key}]"), "")),
            Some(text) if key.starts_with(".docker") => {
                let redacted = "<secret contents redacted>".into();
                faults.extend(json_fault(text).map(|why| Cause::invalid(format!("data[{key}]"), &redacted, &why)));
            }
            Some(_) => {}
        }
    }
    if kind == "kubernetes.io/service-account-token"
        && value::at(object, &["metadata", "annotations", "kubernetes.io/service-account.name"]).is_none()
    {
        faults.push(Cause::required("metadata.annotations[kubernetes.io/service-account.name]", ""));
    }
    faults
}

/// What is wrong with encoded JSON.
fn json_fault(encoded: &str) -> Option<String> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).unwrap_or_default();
    let error = serde_json::from_slice::<Value>(&bytes).err()?;
    Some(media::json_fault(&bytes, &error))
}

/// What is wrong with a PersistentVolumeClaim.
pub fn claim_faults(old: Option<&Value>, object: &Value) -> Vec<Cause> {
    let mut faults = Vec::new();
    if value::at(object, &["spec", "accessModes"]).and_then(Value::as_array).is_none_or(Vec::is_empty) {
        faults.push(Cause::required("spec.accessModes", "at least 1 access mode is required"));
    }
    if value::at(object, &["spec", "resources", "requests", "storage"]).is_none() {
        faults.push(Cause::required("spec.resources[storage]", ""));
    }
    let frozen = |object: &Value| {
        let mut spec = object.get("spec").cloned().unwrap_or_default();
        for name in ["resources", "volumeAttributesClassName", "volumeName"] {
            object_mut(&mut spec).shift_remove(name);
        }
        spec
    };
    if faults.is_empty() && old.is_some_and(|old| frozen(old) != frozen(object)) {
        let why = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
        faults.push(Cause::forbidden("spec", why));
    }
    faults
}
