//! The flags of the commands about people.
//!
//! This module must not do what they ask for.

use std::path::PathBuf;

use clap::Args;

/// `user`.
pub const USER: &str = "Run 'ebb user COMMAND --help' for flags and examples.";

/// `user create`.
pub const USER_CREATE: &str = "\
What the user may do:
  --namespace NS              change everything of users in that namespace (role 'edit'), nothing elsewhere
  --namespace NS --read-only  look at it, secrets apart (role 'view')
  --read-only                 look at all namespaces, secrets apart (role 'view')
  neither                     everything (role 'cluster-admin')

The key is made here and sent nowhere; the certificate is good for a year. Again for the same name makes another kubeconfig
of the same user. 'kubectl create rolebinding' gives more, 'ebb user delete' takes everything.

Examples:
  # Somebody who deploys into one namespace
  ebb user create alice --namespace shop --output alice.kubeconfig

  # A dashboard that only looks
  ebb user create dashboard --read-only > dashboard.kubeconfig

  # Another administrator
  ebb user create bob --output bob.kubeconfig";

/// `user delete`.
pub const USER_DELETE: &str = "\
The user is out at once: the certificates are refused, on open connections too. (On a server that is no Ebb they stay valid
until they expire, but give no rights any more.)

Examples:
  ebb user delete alice";

/// `user create`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct UserCreateArgs {
    /// Name of the user
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Namespace in which the user may work [default: all of them]
    #[arg(short, long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// The user may look, but not change anything
    #[arg(long)]
    pub read_only: bool,
    /// File for the kubeconfig, readable by you alone [default: stdout]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `user list`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct UserListArgs {}

/// `user delete`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct UserDeleteArgs {
    /// Names of the users
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
}
