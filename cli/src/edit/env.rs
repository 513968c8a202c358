//! `--env`, `--env-value-from`, `--env-file` and `--env-from` become a container's environment.
//!
//! This module must not read the file of `--env-file`; its lines are handed in.

use anyhow::{Context as _, Result, bail};
use ebb_api::go;
use k8s_openapi::api::core::v1::{
    ConfigMapEnvSource, ConfigMapKeySelector, Container, EnvFromSource, EnvVar, EnvVarSource, SecretEnvSource, SecretKeySelector,
};

use super::volumes::Source;
use super::words::{Item, item};
use crate::args::env::{EnvArgs, EnvFlag};

/// Sets and removes variables. Known ones change in place, new ones follow in the order of the flags.
///
/// # Errors
/// When a flag or a line of the file is malformed.
pub fn apply(container: &mut Container, flags: &EnvArgs, file_lines: &[String]) -> Result<()> {
    let mut wanted: Vec<EnvVar> = Vec::new();
    let mut removed: Vec<String> = Vec::new();
    let last_file = flags.0.iter().rposition(|flag| matches!(flag, EnvFlag::File(_)));
    for (index, flag) in flags.0.iter().enumerate() {
        match flag {
            EnvFlag::Value(text) => collect(text, "--env", &mut wanted, &mut removed, plain)?,
            EnvFlag::From(text) => collect(text, "--env-value-from", &mut wanted, &mut removed, referring)?,
            EnvFlag::File(_) if Some(index) == last_file => {
                for line in file_lines.iter().filter(|line| !line.is_empty()) {
                    collect(line, "--env", &mut wanted, &mut removed, plain)?;
                }
            }
            EnvFlag::File(_) => {}
        }
    }
    let env = container.env.get_or_insert_default();
    for variable in wanted {
        put(env, variable);
    }
    for name in removed {
        if let Some(index) = env.iter().position(|variable| variable.name == name) {
            env.remove(index);
        }
    }
    if env.is_empty() {
        container.env = None;
    }
    Ok(())
}

fn collect(
    text: &str,
    flag: &str,
    wanted: &mut Vec<EnvVar>,
    removed: &mut Vec<String>,
    make: fn(&str, &str) -> Result<EnvVar>,
) -> Result<()> {
    match item(text).with_context(|| format!("Invalid {flag}"))? {
        Item::Set(name, value) => put(wanted, make(name, value)?),
        Item::Removed(name) => removed.push(name.to_owned()),
    }
    Ok(())
}

fn put(env: &mut Vec<EnvVar>, variable: EnvVar) {
    match env.iter_mut().find(|known| known.name == variable.name) {
        Some(known) => *known = variable,
        None => env.push(variable),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "stands beside `referring`, which can fail")]
fn plain(name: &str, value: &str) -> Result<EnvVar> {
    Ok(EnvVar { name: name.to_owned(), value: (!value.is_empty()).then(|| value.to_owned()), value_from: None })
}

fn referring(name: &str, source: &str) -> Result<EnvVar> {
    Ok(EnvVar { name: name.to_owned(), value: None, value_from: Some(value_source(source)?) })
}

fn value_source(text: &str) -> Result<EnvVarSource> {
    let parts: Vec<&str> = text.splitn(3, ':').collect();
    let [kind, name, key] = parts[..] else {
        bail!(
            "argument requires a value in form \"resourceType:name:key\" where \"resourceType\" can be one of \"config-map\" (\"cm\") or \
             \"secret\" (\"sc\"); got {}",
            go::quote(text)
        );
    };
    let (name, key) = (name.trim().to_owned(), key.trim().to_owned());
    let config_map = match kind.trim() {
        "config-map" | "cm" => true,
        "secret" | "sc" => false,
        _ => bail!(
            "unsupported env source type \"{}\"; supported source types are \"config-map\" (\"cm\") and \"secret\" (\"sc\")",
            go::quote(kind)
        ),
    };
    let what = if config_map { "ConfigMap" } else { "Secret" };
    if name.is_empty() {
        bail!("the name of {what} cannot be an empty string");
    }
    if key.is_empty() {
        bail!("the key referenced by resource {what} \"{name}\" cannot be an empty string");
    }
    Ok(if config_map {
        EnvVarSource { config_map_key_ref: Some(ConfigMapKeySelector { key, name, optional: None }), ..EnvVarSource::default() }
    } else {
        EnvVarSource { secret_key_ref: Some(SecretKeySelector { key, name, optional: None }), ..EnvVarSource::default() }
    })
}

/// Takes all variables of ConfigMaps and Secrets; a trailing `-` takes one away.
///
/// # Errors
/// When a source is malformed.
pub fn apply_from(container: &mut Container, flags: &[String]) -> Result<()> {
    if flags.iter().any(|flag| flag == "-") {
        bail!("\"-\" is not a valid value for \"--env-from\"");
    }
    let mut sources = container.env_from.take().unwrap_or_default();
    for flag in flags.iter().filter(|flag| !flag.ends_with('-')) {
        let wanted = from_source(flag)?;
        if !sources.iter().any(|known| same_source(known, &wanted)) {
            sources.push(wanted);
        }
    }
    for flag in flags.iter().filter_map(|flag| flag.strip_suffix('-')) {
        let unwanted = from_source(flag)?;
        if let Some(index) = sources.iter().position(|known| same_source(known, &unwanted)) {
            sources.remove(index);
        }
    }
    container.env_from = (!sources.is_empty()).then_some(sources);
    Ok(())
}

fn from_source(text: &str) -> Result<EnvFromSource> {
    match Source::parse(text)? {
        Source::ConfigMap(name) => {
            Ok(EnvFromSource { config_map_ref: Some(ConfigMapEnvSource { name, optional: None }), ..EnvFromSource::default() })
        }
        Source::Secret(name) => {
            Ok(EnvFromSource { secret_ref: Some(SecretEnvSource { name, optional: None }), ..EnvFromSource::default() })
        }
        Source::EmptyDir { .. } | Source::Claim(_) => {
            bail!("unsupported source {} for \"--env-from\"; use a ConfigMap (cm:) or a Secret (secret:)", go::quote(text))
        }
    }
}

fn same_source(one: &EnvFromSource, other: &EnvFromSource) -> bool {
    let names = |source: &EnvFromSource| {
        (source.config_map_ref.as_ref().map(|map| map.name.clone()), source.secret_ref.as_ref().map(|secret| secret.name.clone()))
    };
    names(one) == names(other)
}

#[cfg(test)]
mod tests;
