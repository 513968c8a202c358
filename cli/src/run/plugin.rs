//! `plugin list`, and the running of plugins.
//!
//! This module must not decide which program a plugin is.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, anyhow, bail};

use crate::args::global::GlobalArgs;
use crate::args::problem;
use crate::commands::{PluginListArgs, tree};
use crate::config::Config;
use crate::plugins::{Places, Plugin};
use crate::report;

/// Where plugins are looked for.
///
/// # Errors
/// When there is a configuration file that is none.
pub fn places(global: &GlobalArgs) -> Result<Places> {
    let directory = Config::read(global.config.as_deref())?.plugins_directory(global.plugins_dir.as_deref())?;
    let path = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<PathBuf>>()).unwrap_or_default();
    Ok(Places { directory, path })
}

/// Runs the plugin that a command line means, in the place of this process. Returns if it means none.
///
/// # Errors
/// When there is one that cannot be run.
pub fn stand_in(words: &[OsString]) -> Result<()> {
    let Some(line) = problem::beyond(&tree(), words) else { return Ok(()) };
    let Some((plugin, count)) = places(&line.global)?.find(&line.words) else { return Ok(()) };
    let mut name = line.words[..count].iter().peekable();
    // The plugin gets everything but its own name, in the same order.
    let rest = words.iter().skip(1).filter(|word| name.next_if(|part| word.to_str() == Some(part.as_str())).is_none());
    let error = Command::new(&plugin.path).args(rest).exec();
    Err(error).with_context(|| format!("cannot run plugin {}", plugin.path.display()))
}

/// Lists plugins.
///
/// # Errors
/// When one has the name of a command.
pub fn list(global: &GlobalArgs, args: &PluginListArgs) -> Result<()> {
    let places = places(global)?;
    let directory = places.directory.display().to_string();
    if args.verbose {
        let missing = if places.directory.exists() { "" } else { " (does not exist)" };
        report::line("The following plugins are available, using options:")?;
        report::line(&format!("  plugins dir: '{directory}'{missing}\n  lookup plugins in $PATH: true\n"))?;
    }
    let (plugins, warnings) = places.list();
    if plugins.is_empty() {
        let place = if args.verbose { format!(" in path '{directory}'") } else { String::new() };
        return report::line(&format!("No plugins found{place}."));
    }
    for plugin in &plugins {
        let path = plugin.path.display();
        let more = if args.verbose { format!("  ({path})") } else { String::new() };
        report::line(&format!("- {} : {path}{more}", plugin.name))?;
    }
    let hidden: Vec<String> = plugins.iter().filter_map(overwritten).collect();
    tell("ERROR", &hidden)?;
    tell("WARNING", &warnings)?;
    if hidden.is_empty() { Ok(()) } else { Err(anyhow!("plugin validation errors")) }
}

/// What to say about a plugin that has the name of a command, and so never runs.
fn overwritten(plugin: &Plugin) -> Option<String> {
    let command = plugin.command();
    let mut here = &tree();
    for part in &command {
        here = here.find_subcommand(part)?;
    }
    Some(format!("{} overwrites existing built-in command: '{}'", plugin.path.display(), command.join(" ")))
}

fn tell(heading: &str, lines: &[String]) -> Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let plural = if lines.len() == 1 { "" } else { "S" };
    report::line(&format!("\n{heading}{plural}:"))?;
    lines.iter().try_for_each(|line| report::line(&format!("  - {line}")))
}

/// Prints the flags that every command takes.
///
/// # Errors
/// When nobody reads them.
pub fn options(words: &[String]) -> Result<()> {
    if !words.is_empty() {
        bail!("'ebb options' takes no arguments");
    }
    let global = tree().get_arguments().filter(|arg| arg.is_global_set()).cloned().collect::<Vec<_>>();
    let mut page = clap::Command::new("ebb").args(global).disable_help_flag(true).help_template("{options}");
    report::line("The following options can be passed to any command:\n")?;
    report::line(&page.render_help().to_string())
}
