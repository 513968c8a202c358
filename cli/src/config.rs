//! kn's configuration file: profiles and the plugins directory. It is read where kn keeps it, and never written.
//!
//! This module must not know what a profile is for.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::edit::Profile;
use crate::manifest;

/// The configuration, or the lack of one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Config {
    path: PathBuf,
    text: Option<String>,
    home: Option<PathBuf>,
}

impl Config {
    /// Reads the file that the flag names, else kn's own.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn read(flag: Option<&Path>) -> Result<Self> {
        let given = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = given("HOME");
        let default = || Some(given("XDG_CONFIG_HOME").or_else(|| home.as_ref().map(|home| home.join(".config")))?.join("kn/config.yaml"));
        let Some(path) = flag.map(Path::to_owned).or_else(default) else { return Ok(Self::default()) };
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        Ok(Self { path, text, home })
    }

    /// A profile: the one of that name in the file, else the built-in one; an empty one if there is neither.
    ///
    /// # Errors
    /// When the file is no configuration.
    pub fn profile(&self, name: &str) -> Result<Profile> {
        if let Some(text) = &self.text {
            let found = manifest::profile(text, name).with_context(|| self.cannot_use())?;
            if found != Profile::default() {
                return Ok(found);
            }
        }
        Ok(if name == "istio" { istio() } else { Profile::default() })
    }

    /// The plugins directory: the flag's, else the file's, else `plugins` beside kn's file.
    ///
    /// # Errors
    /// When the file is no configuration.
    pub fn plugins_directory(&self, flag: Option<&Path>) -> Result<PathBuf> {
        if let Some(directory) = flag {
            return Ok(directory.to_owned());
        }
        let said = self.text.as_deref().map(manifest::plugins_directory).transpose().with_context(|| self.cannot_use())?.flatten();
        Ok(match said {
            Some(said) => self.expand(&said),
            None => Self::read(None)?.path.parent().map(|directory| directory.join("plugins")).unwrap_or_default(),
        })
    }

    fn expand(&self, path: &str) -> PathBuf {
        match (path.strip_prefix("~/"), &self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(path),
        }
    }

    fn cannot_use(&self) -> String {
        format!("cannot use {}", self.path.display())
    }
}

/// The profile that exists without a configuration file.
fn istio() -> Profile {
    let pairs = |pairs: &[(&str, &str)]| pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
    Profile {
        annotations: pairs(&[
            ("sidecar.istio.io/rewriteAppHTTPProbers", "true"),
            ("serving.knative.openshift.io/enablePassthrough", "true"),
        ]),
        labels: pairs(&[("sidecar.istio.io/inject", "true")]),
    }
}

#[cfg(test)]
mod tests;
