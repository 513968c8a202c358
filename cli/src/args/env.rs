//! The three flags that set environment variables, in the order in which they were typed.
//!
//! This module must not read the file that `--env-file` names.

use clap::{Arg, ArgAction, ArgMatches, Command, Error, FromArgMatches};

/// One flag that sets environment variables.
#[derive(Clone, Debug, PartialEq)]
pub enum EnvFlag {
    /// `--env NAME=value` or `NAME-`.
    Value(String),
    /// `--env-value-from NAME=cm:map:key`, `NAME=secret:name:key` or `NAME-`.
    From(String),
    /// `--env-file FILE`.
    File(String),
}

/// All of them, in order. Their order decides the order of the variables.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EnvArgs(pub Vec<EnvFlag>);

impl EnvArgs {
    /// The file of `--env-file`; the last one counts.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        self.0.iter().rev().find_map(|flag| match flag {
            EnvFlag::File(path) => Some(path.as_str()),
            EnvFlag::Value(_) | EnvFlag::From(_) => None,
        })
    }
}

impl clap::Args for EnvArgs {
    fn augment_args(command: Command) -> Command {
        let flag = |id: &'static str, value: &'static str, help: &'static str| {
            Arg::new(id).long(id).value_name(value).help(help).action(ArgAction::Append).help_heading("Container")
        };
        command
            .arg(flag("env", "NAME=VALUE", "Set an environment variable; NAME- removes it").short('e'))
            .arg(flag("env-value-from", "NAME=SOURCE", "Take a variable from cm:MAP:KEY or secret:SECRET:KEY; NAME- removes it"))
            .arg(flag("env-file", "FILE", "Read NAME=VALUE lines from a file"))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for EnvArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut all: Vec<(usize, EnvFlag)> = Vec::new();
        let make = |id: &str, value: String| match id {
            "env" => EnvFlag::Value(value),
            "env-value-from" => EnvFlag::From(value),
            _ => EnvFlag::File(value),
        };
        for id in ["env", "env-value-from", "env-file"] {
            let values = matches.get_many::<String>(id).into_iter().flatten();
            all.extend(matches.indices_of(id).into_iter().flatten().zip(values.map(|value| make(id, value.clone()))));
        }
        all.sort_by_key(|(index, _)| *index);
        Ok(Self(all.into_iter().map(|(_, flag)| flag).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
