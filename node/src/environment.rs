//! What a container's process finds in its environment: the base that every process on a machine expects, then
//! `envFrom`, then `env`, as a kubelet puts them together.
//!
//! Pure: objects are looked up through [`Sources`]. Semantics: Kubernetes `pkg/kubelet/kubelet_pods.go`
//! (`makeEnvironmentVariables`).

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{ConfigMap, Container, EnvFromSource, EnvVar, EnvVarSource, Pod, Secret};

use crate::expand::expand;
use crate::quantity;

/// What is inherited from Ebb's own environment, and nothing else: where programs are, who the user is, and how text and
/// time are shown. Secrets of the shell that started Ebb stay there.
pub const INHERITED: [&str; 10] = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ", "TMPDIR", "XDG_RUNTIME_DIR"];

/// Where referenced objects come from. Both look in the pod's namespace.
pub struct Sources<'a> {
    /// Finds a ConfigMap by name.
    pub config_map: &'a dyn Fn(&str) -> Option<Arc<ConfigMap>>,
    /// Finds a Secret by name.
    pub secret: &'a dyn Fn(&str) -> Option<Arc<Secret>>,
    /// The pod's address.
    pub pod_ip: &'a str,
}

impl std::fmt::Debug for Sources<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sources").field("pod_ip", &self.pod_ip).finish_non_exhaustive()
    }
}

/// A reference that leads nowhere. It may lead somewhere later: the object can still be created.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvError {
    /// The object does not exist.
    #[error("{kind} {name:?} does not exist (needed by {by})")]
    NoObject {
        /// `ConfigMap` or `Secret`.
        kind: &'static str,
        /// The object's name.
        name: String,
        /// The field that needs it.
        by: String,
    },
    /// The object lacks the key.
    #[error("{kind} {name:?} has no key {key:?} (needed by {by})")]
    NoKey {
        /// `ConfigMap` or `Secret`.
        kind: &'static str,
        /// The object's name.
        name: String,
        /// The missing key.
        key: String,
        /// The field that needs it.
        by: String,
    },
    /// The value cannot be given to a process.
    #[error("the value of {0} cannot be put in the environment: it is not UTF-8 text, or contains a NUL byte")]
    NotText(String),
    /// A field that a pod does not have, or that is not known here.
    #[error("{by} refers to {field}, which is not a field that the environment can hold")]
    NoField {
        /// The path as written.
        field: String,
        /// The variable that needs it.
        by: String,
    },
}

/// The variables of the pod alone, in order of their names. The base is not part of them: `$(VAR)` does not see it.
///
/// # Errors
/// The first reference that leads nowhere and is not optional.
pub fn variables(pod: &Pod, container: &Container, port: Option<u16>, sources: &Sources<'_>) -> Result<BTreeMap<String, String>, EnvError> {
    let mut all = BTreeMap::new();
    for source in container.env_from.iter().flatten() {
        take_all(source, sources, &mut all)?;
    }
    // References see the variables that `env` defined before, not those of `envFrom`.
    let mut defined: BTreeMap<String, String> = BTreeMap::new();
    for variable in container.env.iter().flatten() {
        let port = port.filter(|_| variable.name == "PORT").map(|port| port.to_string());
        let value = match port {
            Some(port) => Some(port),
            None => value_of(pod, container, variable, sources, &defined)?,
        };
        if let Some(value) = value {
            defined.insert(variable.name.clone(), value);
        }
    }
    all.extend(defined);
    if let Some(port) = port {
        all.insert("PORT".into(), port.to_string());
    }
    match all.iter().find(|(name, value)| name.contains('\0') || value.contains('\0')) {
        Some((name, _)) => Err(EnvError::NotText(name.clone())),
        None => Ok(all),
    }
}

/// `None` when an optional reference leads nowhere: the variable is then not set at all.
fn value_of(
    pod: &Pod,
    container: &Container,
    variable: &EnvVar,
    sources: &Sources<'_>,
    defined: &BTreeMap<String, String>,
) -> Result<Option<String>, EnvError> {
    match (&variable.value, &variable.value_from) {
        (Some(value), _) if !value.is_empty() => Ok(Some(expand(value, defined))),
        (_, Some(from)) => referenced(pod, container, &variable.name, from, sources),
        _ => Ok(Some(String::new())),
    }
}

fn referenced(pod: &Pod, container: &Container, by: &str, from: &EnvVarSource, sources: &Sources<'_>) -> Result<Option<String>, EnvError> {
    let by = format!("environment variable {by}");
    if let Some(reference) = &from.config_map_key_ref {
        let values = (sources.config_map)(&reference.name).map(|map| map.data.clone().unwrap_or_default());
        return one_key("ConfigMap", &reference.name, &reference.key, reference.optional, values, by);
    }
    if let Some(reference) = &from.secret_key_ref {
        let values = (sources.secret)(&reference.name).map(|secret| texts(&secret, Some(&reference.key))).transpose()?;
        return one_key("Secret", &reference.name, &reference.key, reference.optional, values, by);
    }
    if let Some(reference) = &from.field_ref {
        let value = field(pod, &reference.field_path, sources.pod_ip);
        return value.map(Some).ok_or_else(|| EnvError::NoField { field: reference.field_path.clone(), by });
    }
    if let Some(reference) = &from.resource_field_ref {
        let value = quantity::resource_field(pod, container, reference);
        return value.map(Some).ok_or_else(|| EnvError::NoField { field: reference.resource.clone(), by });
    }
    Err(EnvError::NoField { field: "nothing".into(), by })
}

fn one_key(
    kind: &'static str,
    name: &str,
    key: &str,
    optional: Option<bool>,
    values: Option<BTreeMap<String, String>>,
    by: String,
) -> Result<Option<String>, EnvError> {
    let optional = optional.unwrap_or(false);
    match values {
        None if optional => Ok(None),
        None => Err(EnvError::NoObject { kind, name: name.into(), by }),
        Some(mut values) => match values.remove(key) {
            Some(value) => Ok(Some(value)),
            None if optional => Ok(None),
            None => Err(EnvError::NoKey { kind, name: name.into(), key: key.into(), by }),
        },
    }
}

/// The Secret's values as text, or the one under `only`.
fn texts(secret: &Secret, only: Option<&str>) -> Result<BTreeMap<String, String>, EnvError> {
    let data = secret.data.iter().flatten().filter(|(key, _)| only.is_none_or(|only| only == *key));
    data.map(|(key, value)| match String::from_utf8(value.0.clone()) {
        Ok(text) => Ok((key.clone(), text)),
        Err(_) => Err(EnvError::NotText(key.clone())),
    })
    .collect()
}

fn take_all(source: &EnvFromSource, sources: &Sources<'_>, into: &mut BTreeMap<String, String>) -> Result<(), EnvError> {
    let prefix = source.prefix.as_deref().unwrap_or_default();
    let (kind, name, optional, values) = if let Some(reference) = &source.config_map_ref {
        let values = (sources.config_map)(&reference.name).map(|map| map.data.clone().unwrap_or_default());
        ("ConfigMap", &reference.name, reference.optional, values)
    } else if let Some(reference) = &source.secret_ref {
        let values = (sources.secret)(&reference.name).map(|secret| texts(&secret, None)).transpose()?;
        ("Secret", &reference.name, reference.optional, values)
    } else {
        return Ok(());
    };
    match values {
        // A name with `=` cannot be a variable; a kubelet skips such keys, too.
        Some(values) => {
            into.extend(values.into_iter().filter(|(key, _)| !key.contains('=')).map(|(key, value)| (format!("{prefix}{key}"), value)))
        }
        None if optional.unwrap_or(false) => {}
        None => return Err(EnvError::NoObject { kind, name: name.clone(), by: "envFrom".into() }),
    }
    Ok(())
}

/// A field of the pod by its path (Kubernetes "downward API").
pub(crate) fn field(pod: &Pod, path: &str, pod_ip: &str) -> Option<String> {
    let metadata = &pod.metadata;
    let spec = pod.spec.as_ref();
    if let Some(key) = subscript(path, "metadata.labels") {
        return Some(metadata.labels.as_ref().and_then(|labels| labels.get(key)).cloned().unwrap_or_default());
    }
    if let Some(key) = subscript(path, "metadata.annotations") {
        return Some(metadata.annotations.as_ref().and_then(|annotations| annotations.get(key)).cloned().unwrap_or_default());
    }
    let value = match path {
        "metadata.name" => metadata.name.clone(),
        "metadata.namespace" => metadata.namespace.clone(),
        "metadata.uid" => metadata.uid.clone(),
        "spec.nodeName" => spec.and_then(|spec| spec.node_name.clone()),
        "spec.serviceAccountName" => spec.and_then(|spec| spec.service_account_name.clone()),
        "status.podIP" | "status.podIPs" | "status.hostIP" | "status.hostIPs" => Some(pod_ip.to_owned()),
        _ => return None,
    };
    Some(value.unwrap_or_default())
}

/// `key` of `FIELD['key']`.
fn subscript<'a>(path: &'a str, field: &str) -> Option<&'a str> {
    path.strip_prefix(field)?.strip_prefix("['")?.strip_suffix("']")
}

#[cfg(test)]
mod tests;
