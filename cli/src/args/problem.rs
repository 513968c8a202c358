//! Command lines that cannot be read, told as kn tells them, and the reading rules of Go's flags that make the same
//! lines readable.
//!
//! This module must not print.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command};
use ebb_api::go;

use super::global::GlobalArgs;
use super::pairs;
use crate::commands::{self, Cli};

/// Why there is no command to carry out.
#[derive(Clone, Debug, PartialEq)]
pub enum Unread {
    /// Text was asked for: help.
    Text(String),
    /// The line is wrong.
    Wrong(String),
}

/// Gives a command tree the rules of Go's flags: the last of several values counts, and what follows a flag that takes
/// a value is its value, whatever it looks like.
#[must_use]
pub fn like_go(command: Command) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let command = command.args_override_self(true).mut_args(|arg| {
        let hungry = takes_value(&arg) && !arg.is_positional() && !arg.is_require_equals_set();
        if hungry { arg.allow_hyphen_values(true) } else { arg }
    });
    names.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, |sub| {
            let sub = if sub.has_subcommands() { sub.arg_required_else_help(false) } else { sub };
            like_go(sub)
        })
    })
}

fn takes_value(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Set | ArgAction::Append)
}

/// Rewrites `--flag=true` and `--flag=false` of flags without a value, which Go's flags accept.
///
/// # Errors
/// When the value is no bool, or a flag with an opposite is given as false, which would be a double negation.
pub fn plain_bools(tree: &Command, words: &[OsString]) -> Result<Vec<OsString>, String> {
    let mut walk = Walk::new(tree);
    let mut out: Vec<OsString> = words.iter().take(1).cloned().collect();
    for word in words.iter().skip(1) {
        let before = walk.command;
        let flag = walk.step(word).and_then(|(name, value)| Some((before, name, value?)));
        match flag.map(|(command, name, value)| as_bool(command, &name, &value)).transpose()?.flatten() {
            None => out.push(word.clone()),
            Some((flag, true)) => out.push(flag.into()),
            Some((_, false)) => {}
        }
    }
    Ok(out)
}

fn as_bool(command: &Command, name: &str, value: &str) -> Result<Option<(String, bool)>, String> {
    let Some(arg) = find(command, name).filter(|arg| matches!(arg.get_action(), ArgAction::SetTrue)) else { return Ok(None) };
    let long = arg.get_long().unwrap_or(name);
    let on = go::parse_bool(value).map_err(|why| format!("invalid argument {} for \"--{long}\" flag: {why}", go::quote(value)))?;
    let other = pairs::opposite(long);
    if !on && find(command, &format!("--{other}")).is_some() {
        return Err(format!("use --{other} instead of providing \"{value}\" to --{long}"));
    }
    Ok(Some((format!("--{long}"), on)))
}

fn find<'a>(command: &'a Command, flag: &str) -> Option<&'a Arg> {
    command.get_arguments().find(|arg| match flag.strip_prefix("--") {
        Some(long) => arg.get_long() == Some(long) || arg.get_all_aliases().is_some_and(|all| all.contains(&long)),
        None => arg.get_short().is_some_and(|short| flag.chars().nth(1) == Some(short)),
    })
}

/// A walk over the words of a command line that knows which command it is in and which words are values.
struct Walk<'a> {
    command: &'a Command,
    path: Vec<&'a str>,
    value_follows: bool,
    flags_ended: bool,
}

impl<'a> Walk<'a> {
    fn new(tree: &'a Command) -> Self {
        Self { command: tree, path: vec![tree.get_name()], value_follows: false, flags_ended: false }
    }

    /// Takes one word; a flag is returned with the value that is attached to it.
    fn step(&mut self, word: &OsString) -> Option<(String, Option<String>)> {
        let word = word.to_str()?;
        if std::mem::take(&mut self.value_follows) || self.flags_ended {
            return None;
        }
        if word == "--" {
            self.flags_ended = true;
            return None;
        }
        if word.len() > 1 && word.starts_with('-') {
            let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value.to_owned())));
            let whole = name.starts_with("--") || name.len() == 2;
            self.value_follows = whole && value.is_none() && find(self.command, name).is_some_and(takes_value);
            return whole.then(|| (name.to_owned(), value));
        }
        if let Some(sub) = self.command.find_subcommand(word) {
            self.command = sub;
            self.path.push(sub.get_name());
        }
        None
    }
}

/// A command line that names no command that there is.
#[derive(Clone, Debug, PartialEq)]
pub struct Beyond {
    /// What was said before the name of the command, among it where plugins are.
    pub global: GlobalArgs,
    /// The words that are no flags and no values of flags.
    pub words: Vec<String>,
}

/// The words of a command line that leads out of the tree: its first words are groups of commands, then comes a word that
/// none of them knows.
#[must_use]
pub fn beyond(tree: &Command, words: &[OsString]) -> Option<Beyond> {
    let (mut walk, mut plain, mut left) = (Walk::new(tree), Vec::new(), false);
    let mut global = GlobalArgs::default();
    let mut flag: Option<String> = None;
    for word in words.iter().skip(1) {
        let (depth, is_value) = (walk.path.len(), walk.value_follows);
        let found = walk.step(word);
        let text = word.to_str()?;
        match found {
            Some((name, value)) => {
                set_place(&mut global, &name, value.as_deref());
                flag = Some(name);
            }
            None if is_value => set_place(&mut global, flag.as_deref().unwrap_or_default(), Some(text)),
            None if text.starts_with('-') => {}
            None => {
                left |= walk.path.len() == depth && walk.command.has_subcommands();
                plain.push(text.to_owned());
            }
        }
    }
    left.then_some(Beyond { global, words: plain })
}

fn set_place(global: &mut GlobalArgs, flag: &str, value: Option<&str>) {
    match (flag, value) {
        ("--config", Some(path)) => global.config = Some(path.into()),
        ("--plugins-dir", Some(path)) => global.plugins_dir = Some(path.into()),
        _ => {}
    }
}

/// Says in kn's words why a line could not be read.
#[must_use]
pub fn explain(error: &clap::Error, tree: &Command, words: &[OsString]) -> Unread {
    let mut walk = Walk::new(tree);
    for word in words.iter().skip(1) {
        walk.step(word);
    }
    let path = walk.path.join(" ");
    let available = || {
        let mut names: Vec<&str> = walk.command.get_subcommands().filter(|sub| !sub.is_hide_set()).map(Command::get_name).collect();
        names.sort_unstable();
        format!("Available sub-commands: {}", names.join(", "))
    };
    let text = |kind| context(error, kind).unwrap_or_default();
    let flag = || text(ContextKind::InvalidArg).split([' ', '[', '=']).next().unwrap_or_default().to_owned();
    Unread::Wrong(match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            return Unread::Text(error.to_string());
        }
        ErrorKind::MissingSubcommand => format!("no sub-command given for '{path}'. {}", available()),
        ErrorKind::InvalidSubcommand if walk.path.len() == 1 => {
            format!("unknown command {} for \"{path}\"", go::quote(&text(ContextKind::InvalidSubcommand)))
        }
        ErrorKind::InvalidSubcommand => {
            format!("unknown sub-command '{}' for '{path}'. {}", text(ContextKind::InvalidSubcommand), available())
        }
        ErrorKind::UnknownArgument => format!("{} for '{path}'", unknown(&text(ContextKind::InvalidArg), walk.command, &available)),
        ErrorKind::InvalidValue if text(ContextKind::InvalidValue).is_empty() => format!("flag needs an argument: {} for '{path}'", flag()),
        ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
            let why = std::error::Error::source(error).map_or_else(String::new, |source| format!(": {source}"));
            format!("invalid argument {} for \"{}\" flag{why} for '{path}'", go::quote(&text(ContextKind::InvalidValue)), flag())
        }
        _ => format!("{} for '{path}'", error.kind()),
    })
}

fn unknown(word: &str, command: &Command, available: &dyn Fn() -> String) -> String {
    if word.starts_with("--") {
        return format!("unknown flag: {}", word.split('=').next().unwrap_or(word));
    }
    match word.strip_prefix('-').and_then(|rest| rest.chars().next()) {
        Some(short) => format!("unknown shorthand flag: '{short}' in {word}"),
        None if command.has_subcommands() => format!("unknown sub-command '{word}'. {}", available()),
        None => format!("unexpected argument '{word}'"),
    }
}

fn context(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Refuses a second value of the flags that take only one.
///
/// # Errors
/// The flag that was repeated.
pub fn once_only(cli: &Cli) -> Result<(), String> {
    let (images, path) = match &cli.command {
        commands::Command::Service(service) => match service.as_ref() {
            commands::Service::Create(args) => (&args.edit.pod.image, "service create"),
            commands::Service::Update(args) => (&args.edit.pod.image, "service update"),
            commands::Service::Apply(args) => (&args.edit.pod.image, "service apply"),
            _ => return Ok(()),
        },
        commands::Command::Container(container) => match container.as_ref() {
            commands::Container::Add(args) => (&args.pod.image, "container add"),
        },
        _ => return Ok(()),
    };
    match images.as_slice() {
        [_, second, ..] => {
            Err(format!("invalid argument {} for \"--image\" flag: can be provided only once for 'ebb {path}'", go::quote(second)))
        }
        _ => Ok(()),
    }
}
