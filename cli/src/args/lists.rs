//! The flags of the commands that look, wait, delete and carry away.
//!
//! This module must not do what they ask for.

use clap::Args;

use super::global::{NamespaceArgs, NamespacesArgs};
use super::output::{ListOutputArgs, OutputArgs, TargetArgs};
use super::parse;
use super::wait::{WaitArgs, WaitLimits};

/// A list of routes.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct ListArgs {
    /// Show only this one
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    #[command(flatten)]
    pub namespace: NamespacesArgs,
    #[command(flatten)]
    pub output: ListOutputArgs,
}

/// `service list`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct ServiceListArgs {
    #[command(flatten)]
    pub list: ListArgs,
    #[command(flatten)]
    pub target: TargetArgs,
}

/// `revision list`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct RevisionListArgs {
    #[command(flatten)]
    pub list: ListArgs,
    /// Only revisions of this service
    #[arg(short, long, value_name = "SERVICE", help_heading = None)]
    pub service: Option<String>,
}

/// `describe` of one named object.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct NamedArgs {
    /// Name of the object
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
    /// More details
    #[arg(short, long)]
    pub verbose: bool,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `service describe`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct ServiceDescribeArgs {
    #[command(flatten)]
    pub named: NamedArgs,
    #[command(flatten)]
    pub target: TargetArgs,
}

/// `service delete`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct ServiceDeleteArgs {
    /// Names of the services
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Delete all services of the namespace
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
    #[command(flatten)]
    pub target: TargetArgs,
    #[command(flatten)]
    pub wait: WaitArgs,
}

/// `revision delete`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct RevisionDeleteArgs {
    /// Names of the revisions
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Delete the revisions of a service that get no traffic
    #[arg(long, value_name = "SERVICE")]
    pub prune: Option<String>,
    /// Delete all revisions of the namespace that get no traffic
    #[arg(long)]
    pub prune_all: bool,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
    #[command(flatten)]
    pub wait: WaitArgs,
}

/// `service wait`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct ServiceWaitArgs {
    /// Name of the service
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
    #[command(flatten)]
    pub limits: WaitLimits,
}

/// `service export`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct ServiceExportArgs {
    /// Name of the service
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
    /// Also export the revisions that get traffic
    #[arg(long)]
    pub with_revisions: bool,
    /// Form of the export: 'export' for 'service import', 'replay' for 'kubectl apply'
    #[arg(long, value_name = "export|replay")]
    pub mode: Option<String>,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `service import`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct ServiceImportArgs {
    /// File with the export
    #[arg(value_name = "FILE")]
    pub files: Vec<String>,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
    #[command(flatten)]
    pub wait: WaitArgs,
}

/// `service logs`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct LogsArgs {
    /// Name of the service
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Go on as lines are written and as pods come
    #[arg(short, long)]
    pub follow: bool,
    /// Only pods of this revision
    #[arg(long, value_name = "REVISION")]
    pub revision: Option<String>,
    /// Only the last lines of each pod
    #[arg(long, value_name = "N", value_parser = parse::int)]
    pub tail: Option<i64>,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
}
