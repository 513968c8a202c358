//! `completion`.
//!
//! This module must not decide which commands there are.

use anyhow::{Result, bail};
use clap_complete::Shell;

use super::completion_names::addition;
use crate::commands::{self, CompletionArgs};
use crate::report;

/// Prints the completion script of a shell.
///
/// # Errors
/// When the shell is not known.
pub fn run(args: &CompletionArgs) -> Result<()> {
    let [name] = args.shells.as_slice() else {
        bail!("Only one argument can be provided, either 'bash', 'fish', 'powershell' or 'zsh'");
    };
    let shell = match name.as_str() {
        "bash" => Shell::Bash,
        "fish" => Shell::Fish,
        "powershell" => Shell::PowerShell,
        "zsh" => Shell::Zsh,
        other => bail!("'bash', 'fish', 'powershell' or 'zsh' shell completion is supported, but not {other:?}"),
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut commands::tree(), "ebb", &mut script);
    report::write(&format!("{}{}", String::from_utf8_lossy(&script), addition(shell)))
}
