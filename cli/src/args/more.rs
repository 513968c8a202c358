//! The flags of the commands that kn does not have.
//!
//! This module must not do what they ask for.

use clap::Args;

use super::global::{NamespaceArgs, NamespacesArgs};
use super::parse;
use super::traffic::TrafficArgs;
use super::wait::WaitArgs;

/// `service rollback`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct RollbackArgs {
    /// Name of the service
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Revision to go back to [default: the newest ready one before the one that gets the most traffic]
    #[arg(long, value_name = "REVISION")]
    pub to: Option<String>,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
    #[command(flatten)]
    pub wait: WaitArgs,
}

/// `service traffic`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct ServiceTrafficArgs {
    /// Name of the service
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    #[command(flatten)]
    pub traffic: TrafficArgs,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
    #[command(flatten)]
    pub wait: WaitArgs,
}

/// `service diff`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct DiffArgs {
    /// Name of the service
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Older revision [default: the one before the newer one]
    #[arg(long, value_name = "REVISION")]
    pub from: Option<String>,
    /// Newer revision [default: the latest]
    #[arg(long, value_name = "REVISION")]
    pub to: Option<String>,
    /// Compare the service with what this file would make of it
    #[arg(short, long, value_name = "FILE")]
    pub filename: Option<String>,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
}

/// `service why`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct WhyArgs {
    /// Name of the service
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
}

/// `top`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct TopArgs {
    /// Only these services
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Look for a second, print once and end; so it is anyway when the output is no terminal
    #[arg(long)]
    pub once: bool,
    /// Seconds between two looks [default: 2]
    #[arg(long, value_name = "SECONDS", value_parser = parse::int)]
    pub interval: Option<i64>,
    #[command(flatten)]
    pub namespace: NamespacesArgs,
}
