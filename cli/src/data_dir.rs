//! Where a running Ebb keeps its data, and so its kubeconfig.
//!
//! This module must not create anything.

use std::ffi::OsString;
#[cfg(feature = "up")]
use std::path::Path;
use std::path::PathBuf;

use anyhow::{Result, anyhow};

/// The parts of the environment that decide.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Environment {
    /// `$EBB_HOME`.
    pub ebb_home: Option<OsString>,
    /// `$XDG_STATE_HOME`.
    pub xdg_state_home: Option<OsString>,
    /// `$HOME`.
    pub home: Option<OsString>,
}

impl Environment {
    /// This process's.
    #[must_use]
    pub fn read() -> Self {
        let given = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        Self { ebb_home: given("EBB_HOME"), xdg_state_home: given("XDG_STATE_HOME"), home: given("HOME") }
    }
}

/// The data directory: the flag's, else `$EBB_HOME`, else `$XDG_STATE_HOME/ebb`, else `~/.local/state/ebb`.
///
/// # Errors
/// When none of them is set.
pub fn resolve(flag: Option<PathBuf>, environment: Environment) -> Result<PathBuf> {
    let Environment { ebb_home, xdg_state_home, home } = environment;
    flag.or_else(|| ebb_home.map(PathBuf::from))
        .or_else(|| xdg_state_home.map(|state| PathBuf::from(state).join("ebb")))
        .or_else(|| home.map(|home| PathBuf::from(home).join(".local/state/ebb")))
        .ok_or_else(|| anyhow!("no data directory: neither --data-dir, $EBB_HOME, $XDG_STATE_HOME nor $HOME is set"))
}

/// Where a running Ebb keeps what pods have printed.
#[cfg(feature = "up")]
#[must_use]
pub fn logs(data_dir: &Path) -> PathBuf {
    data_dir.join("logs")
}

#[cfg(test)]
mod tests;
