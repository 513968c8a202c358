//! The flags that every command takes: which server, as whom.
//!
//! This module must not read the files it names.

use std::path::PathBuf;

use clap::Args;

use super::pairs;

/// Flags that may stand anywhere on the command line.
#[derive(Args, Clone, Debug, Default, PartialEq)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// Data directory of 'ebb up' [default: $EBB_HOME, $XDG_STATE_HOME/ebb or ~/.local/state/ebb]
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Kubeconfig of the server to talk to [default: $KUBECONFIG, else the one in the data directory]
    #[arg(long, global = true, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// Context of the kubeconfig to use
    #[arg(long, global = true, value_name = "NAME")]
    pub context: Option<String>,
    /// Cluster of the kubeconfig to use
    #[arg(long, global = true, value_name = "NAME")]
    pub cluster: Option<String>,
    /// User to impersonate
    #[arg(long = "as", id = "as", global = true, value_name = "USER")]
    pub as_user: Option<String>,
    /// UID to impersonate
    #[arg(long, global = true, value_name = "UID")]
    pub as_uid: Option<String>,
    /// Group to impersonate; may be repeated
    #[arg(long, global = true, value_name = "GROUP")]
    pub as_group: Vec<String>,
    /// Write requests and answers to stderr
    #[arg(long, global = true)]
    pub log_http: bool,
    /// Do not write requests and answers to stderr
    #[arg(long, global = true, hide = true)]
    pub no_log_http: bool,
    /// Configuration file with profiles [default: ~/.config/kn/config.yaml]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Directory with plugins [default: ~/.config/kn/plugins]
    #[arg(long, global = true, hide = true, value_name = "DIR")]
    pub plugins_dir: Option<PathBuf>,
}

impl GlobalArgs {
    /// Whether HTTP traffic is to be logged.
    ///
    /// # Errors
    /// When the flag and its opposite are both given, or one is given as false.
    pub fn logs_http(&self) -> anyhow::Result<bool> {
        pairs::decide("log-http", self.log_http, self.no_log_http, false)
    }
}

/// The namespace flag of commands that work in one namespace.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct NamespaceArgs {
    /// Namespace to work in [default: the context's, else 'default']
    #[arg(short, long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
}

/// The namespace flags of list commands.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct NamespacesArgs {
    /// Namespace to work in [default: the context's, else 'default']
    #[arg(short, long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// List across all namespaces
    #[arg(short = 'A', long)]
    pub all_namespaces: bool,
}
