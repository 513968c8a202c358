//! The flags of the secret commands.
//!
//! This module must not read the files that are named.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;

use super::global::NamespaceArgs;
use super::output::ListOutputArgs;

/// `secret create`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct SecretCreateArgs {
    /// Name of the secret
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    /// Values as they are
    #[arg(short = 'l', long, value_name = "KEY=VALUE,...")]
    pub from_literal: Vec<String>,
    /// Type of the secret [default: Opaque]
    #[arg(long = "type", id = "type", value_name = "TYPE")]
    pub secret_type: Option<String>,
    /// File with a TLS certificate; goes with --tls-key
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// File with the key of the certificate
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
}

impl SecretCreateArgs {
    /// The two files of a certificate, if they are given.
    ///
    /// # Errors
    /// When one is missing, or literal values are given too.
    pub fn certificate(&self) -> Result<Option<(&PathBuf, &PathBuf)>> {
        let tls = self.tls_cert.is_some() || self.tls_key.is_some();
        if tls && !self.from_literal.is_empty() {
            bail!("TLS flags can't be combined with other options");
        }
        match (&self.tls_cert, &self.tls_key) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => Ok(Some((certificate, key))),
            _ => bail!("both --tls-cert and --tls-key flags are required"),
        }
    }
}

/// `secret list`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct SecretListArgs {
    #[command(flatten)]
    pub namespace: NamespaceArgs,
    #[command(flatten)]
    pub output: ListOutputArgs,
}

/// `secret delete`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct SecretDeleteArgs {
    /// Name of the secret
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
}
