//! What flags name outside of themselves: files, stdin, the configuration file, the time, chance.
//!
//! This module must not interpret what it reads.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use ebb_api::serving::Service;
use k8s_openapi::jiff::Timestamp;
use rand::Rng as _;

use crate::args::edit::{EditArgs, PodArgs};
use crate::args::global::GlobalArgs;
use crate::config::Config;
use crate::edit::{Around, Inputs, Profile, Verb};
use crate::manifest;

/// Reads everything that the flags name.
///
/// # Errors
/// When a file cannot be read or is not what it should be.
pub fn read(edit: &EditArgs, global: &GlobalArgs) -> Result<Inputs> {
    let find = |name: &str| Config::read(global.config.as_deref())?.profile(name.trim_end_matches('-'));
    let profile = edit.meta.profile.as_deref().map(find).transpose()?;
    Ok(Inputs { profile: profile.unwrap_or_default(), ..of_pod(&edit.pod)? })
}

/// Reads what the container flags name.
///
/// # Errors
/// When a file cannot be read or is not what it should be.
pub fn of_pod(pod: &PodArgs) -> Result<Inputs> {
    let env_lines = match pod.env.file() {
        Some(path) => file(path).context("Invalid --env-file")?.lines().map(str::to_owned).collect(),
        None => Vec::new(),
    };
    let containers = match pod.containers.as_deref() {
        Some(path) => manifest::containers(&file_or_stdin(path)?).with_context(|| format!("cannot use --containers {path}"))?,
        None => Vec::new(),
    };
    Ok(Inputs { env_lines, containers, profile: Profile::default() })
}

/// The world around an edit, now.
///
/// # Errors
/// When there is no current directory.
pub fn around<'a>(verb: Verb, inputs: Inputs, random: &'a mut dyn FnMut(usize) -> usize) -> Result<Around<'a>> {
    let directory = std::env::current_dir().context("there is no current directory")?;
    Ok(Around { verb, now: Timestamp::now(), directory, random, inputs })
}

/// A number below the given one, at random.
#[must_use]
pub fn chance(below: usize) -> usize {
    rand::rng().random_range(0..below.max(1))
}

/// A Service in a file.
///
/// # Errors
/// When the file cannot be read or holds something else.
pub fn service(path: &str) -> Result<Service> {
    manifest::service(&file_or_stdin(path)?).with_context(|| format!("cannot use {path}"))
}

/// A file's text.
///
/// # Errors
/// When it cannot be read.
pub fn file(path: impl AsRef<Path>) -> Result<String> {
    let path = path.as_ref();
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// A file's content.
///
/// # Errors
/// When it cannot be read.
pub fn bytes(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// A file's text, or stdin's for `-`.
///
/// # Errors
/// When it cannot be read.
pub fn file_or_stdin(path: &str) -> Result<String> {
    if path != "-" {
        return file(path);
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("cannot read stdin")?;
    Ok(text)
}
