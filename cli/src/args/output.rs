//! The flags that choose the form of the output.
//!
//! This module must not print.

use std::path::PathBuf;

use clap::Args;

/// `-o` and what goes with it.
#[derive(Args, Clone, Debug, Default, PartialEq)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Output format: json, yaml, name, url, jsonpath=TEMPLATE, jsonpath-as-json=TEMPLATE, jsonpath-file=FILE,
    /// go-template=TEMPLATE, go-template-file=FILE
    #[arg(short, long, value_name = "FORMAT")]
    pub output: Option<String>,
    /// Template for -o jsonpath and -o go-template, or the file that holds it for the -file ones
    #[arg(long, value_name = "TEMPLATE")]
    pub template: Option<String>,
    /// Keep metadata.managedFields in JSON and YAML
    #[arg(long)]
    pub show_managed_fields: bool,
    /// Ignore fields that a template names and the object lacks [default: true]
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true",
          value_parser = ebb_api::go::parse_bool, hide_possible_values = true, value_name = "BOOL")]
    pub allow_missing_template_keys: Option<bool>,
}

/// `-o` of lists, which also have headers.
#[derive(Args, Clone, Debug, Default, PartialEq)]
#[command(next_help_heading = "Output")]
pub struct ListOutputArgs {
    #[command(flatten)]
    pub object: OutputArgs,
    /// Do not print the headers of the table
    #[arg(long)]
    pub no_headers: bool,
}

/// `--target`: files instead of a server.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct TargetArgs {
    /// Work on files in a directory, or on one .yaml or .json file, instead of a server
    #[arg(long, value_name = "DIR|FILE", help_heading = None)]
    pub target: Option<PathBuf>,
}
