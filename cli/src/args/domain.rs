//! The flags of the domain commands.
//!
//! This module must not look up what a reference names.

use anyhow::{Result, bail};
use clap::Args;

use super::global::{NamespaceArgs, NamespacesArgs};
use super::output::ListOutputArgs;

/// `domain create`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct DomainCreateArgs {
    #[command(flatten)]
    pub update: DomainUpdateArgs,
    /// Secret with a certificate of the domain
    #[arg(long, value_name = "SECRET")]
    pub tls: Option<String>,
}

/// `domain update`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct DomainUpdateArgs {
    /// The domain
    #[arg(value_name = "DOMAIN")]
    pub names: Vec<String>,
    /// Who answers: SERVICE, ksvc:SERVICE[:NAMESPACE] or kroute:ROUTE[:NAMESPACE]
    #[arg(long = "ref", id = "ref", value_name = "[KIND:]NAME[:NAMESPACE]")]
    pub reference: Option<String>,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
}

/// `domain list`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct DomainListArgs {
    #[command(flatten)]
    pub namespace: NamespacesArgs,
    #[command(flatten)]
    pub output: ListOutputArgs,
}

/// `domain delete`.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct DomainDeleteArgs {
    /// The domain
    #[arg(value_name = "DOMAIN")]
    pub names: Vec<String>,
    #[command(flatten)]
    pub namespace: NamespaceArgs,
}

/// What a `--ref` names.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// A Service or a Route.
    pub kind: ReferenceKind,
    /// Its name.
    pub name: String,
    /// Its namespace, if it is not the command's.
    pub namespace: Option<String>,
}

/// What a domain can be mapped to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceKind {
    /// `ksvc`.
    Service,
    /// `kroute`.
    Route,
}

impl Reference {
    /// Reads a `--ref`.
    ///
    /// # Errors
    /// When its kind is not known.
    pub fn read(text: &str) -> Result<Self> {
        let (kind, rest) = text.split_once(':').unwrap_or(("ksvc", text));
        let kind = match kind {
            "ksvc" => ReferenceKind::Service,
            "kroute" => ReferenceKind::Route,
            other => bail!("unsupported sink prefix: '{other}'"),
        };
        let (name, namespace) = rest.split_once(':').map_or((rest, None), |(name, namespace)| (name, Some(namespace)));
        let namespace = namespace.filter(|namespace| !namespace.is_empty()).map(str::to_owned);
        Ok(Self { kind, name: name.to_owned(), namespace })
    }
}

#[cfg(test)]
mod tests;
