//! Where the kubeconfig comes from, and what it says.
//!
//! This module must not connect.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use http::{HeaderName, HeaderValue};
use kube::Config;
use kube::config::{KubeConfigOptions, Kubeconfig};

use crate::args::global::GlobalArgs;
use crate::data_dir::{self, Environment};

/// Who said which kubeconfig to take.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// `--kubeconfig`.
    Flag(PathBuf),
    /// `$KUBECONFIG`.
    Environment,
    /// Nobody: it is the one of the Ebb that runs in a data directory.
    DataDir(PathBuf),
}

impl Source {
    /// Picks the kubeconfig.
    ///
    /// # Errors
    /// When there is no data directory to look into.
    pub fn pick(global: &GlobalArgs) -> Result<Self> {
        let in_environment = std::env::var_os("KUBECONFIG").is_some_and(|value| !value.is_empty());
        match &global.kubeconfig {
            Some(path) => Ok(Self::Flag(path.clone())),
            // A data directory that is named is meant, whatever the environment says.
            None if in_environment && global.data_dir.is_none() => Ok(Self::Environment),
            None => Ok(Self::DataDir(data_dir::resolve(global.data_dir.clone(), Environment::read())?)),
        }
    }

    /// Reads it.
    ///
    /// # Errors
    /// When it is not there or not understood.
    pub fn read(&self) -> Result<Kubeconfig> {
        match self {
            Self::Flag(path) => read_file(path),
            Self::Environment => Kubeconfig::from_env()
                .map_err(|error| anyhow!("cannot use the kubeconfig that $KUBECONFIG names: {error}"))?
                .context("no kubeconfig has been provided, please use a valid configuration to connect to the cluster"),
            Self::DataDir(directory) => {
                let path = directory.join("kubeconfig");
                if !path.exists() {
                    bail!(self.nothing_runs().unwrap_or_default());
                }
                read_file(&path)
            }
        }
    }

    /// What to say when nobody answers, if the server was to be an Ebb on this machine.
    #[must_use]
    pub fn nothing_runs(&self) -> Option<String> {
        match self {
            Self::DataDir(directory) => Some(format!(
                "no ebb is running with data directory {}; start one with 'ebb up', or name another server with --kubeconfig",
                directory.display()
            )),
            Self::Flag(_) | Self::Environment => None,
        }
    }
}

/// The reader's errors name their causes themselves.
fn read_file(path: &Path) -> Result<Kubeconfig> {
    if !path.exists() {
        bail!("config file '{}' can not be found", path.display());
    }
    Kubeconfig::read_from(path).map_err(|error| anyhow!("cannot use kubeconfig {}: {error}", path.display()))
}

/// The client configuration that a kubeconfig and the flags give.
///
/// # Errors
/// When the kubeconfig lacks what the flags name.
pub async fn config(kubeconfig: Kubeconfig, global: &GlobalArgs) -> Result<Config> {
    let options = KubeConfigOptions { context: global.context.clone(), cluster: global.cluster.clone(), user: None };
    let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
    let mut config = config.map_err(|error| anyhow!("cannot use the kubeconfig: {error}"))?;
    for (name, value) in impersonation(global) {
        let value = HeaderValue::from_str(&value).with_context(|| format!("cannot impersonate {value}"))?;
        config.headers.push((HeaderName::from_static(name), value));
    }
    Ok(config)
}

/// The namespace of the kubeconfig's context, for commands without a server; nothing if there is none to be had.
#[must_use]
pub fn context_namespace(global: &GlobalArgs) -> Option<String> {
    let kubeconfig = Source::pick(global).ok()?.read().ok()?;
    let name = global.context.clone().or(kubeconfig.current_context)?;
    let context = kubeconfig.contexts.into_iter().find(|context| context.name == name)?;
    context.context?.namespace.filter(|namespace| !namespace.is_empty())
}

fn impersonation(global: &GlobalArgs) -> Vec<(&'static str, String)> {
    let user = global.as_user.iter().map(|user| ("impersonate-user", user.clone()));
    let uid = global.as_uid.iter().map(|uid| ("impersonate-uid", uid.clone()));
    let groups = global.as_group.iter().map(|group| ("impersonate-group", group.clone()));
    user.chain(uid).chain(groups).collect()
}
