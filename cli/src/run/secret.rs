//! `secret create`, `list`, `describe` and `delete`.
//!
//! This module must not print a secret's values, unless `-o` asks for the whole object.

use std::collections::BTreeMap;

use anyhow::Result;
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::jiff::Timestamp;
use kube::api::{DeleteParams, ListParams, ObjectMeta, PostParams};

use super::{inputs, output, single};
use crate::args::global::GlobalArgs;
use crate::args::lists::NamedArgs;
use crate::args::parse::commas;
use crate::args::secret::{SecretCreateArgs, SecretDeleteArgs, SecretListArgs};
use crate::connect::Session;
use crate::edit::words;
use crate::print::secret;
use crate::report;

/// Creates a Secret.
///
/// # Errors
/// What is wrong with the flags or the files, or what the server has against it.
pub async fn create(global: &GlobalArgs, args: &SecretCreateArgs) -> Result<()> {
    let name = single(&args.names, "'ebb secret create' requires the secret name given as single argument")?;
    let secret = wanted(name, args)?;
    let session = Session::open(global, args.namespace.namespace.as_deref()).await?;
    session.secrets().create(&PostParams::default(), &secret).await.map_err(|error| session.explain(error))?;
    report::line(&format!("Secret '{name}' created in namespace '{}'.", session.namespace()))
}

fn wanted(name: &str, args: &SecretCreateArgs) -> Result<Secret> {
    let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
    let mut secret = Secret { metadata, type_: args.secret_type.clone(), ..Secret::default() };
    match args.certificate()? {
        Some((certificate, key)) => {
            let read = |name: &str, path| inputs::bytes(path).map(|bytes| (name.to_owned(), ByteString(bytes)));
            secret.data = Some(BTreeMap::from([read("tls.crt", certificate)?, read("tls.key", key)?]));
            secret.type_.get_or_insert_with(|| "kubernetes.io/tls".to_owned());
        }
        None if args.from_literal.is_empty() => {}
        None => {
            let values = words::map(&commas(&args.from_literal))?;
            secret.data = Some(values.into_iter().map(|(key, value)| (key, ByteString(value.into_bytes()))).collect());
        }
    }
    Ok(secret)
}

/// Lists Secrets by name and type.
///
/// # Errors
/// What went wrong.
pub async fn list(global: &GlobalArgs, args: &SecretListArgs) -> Result<()> {
    let format = output::format(&args.output.object)?;
    let session = Session::open(global, args.namespace.namespace.as_deref()).await?;
    let mut secrets = session.secrets().list(&ListParams::default()).await.map_err(|error| session.explain(error))?.items;
    secrets.sort_by_key(kube::ResourceExt::name_any);
    match format {
        Some(format) => output::items("v1", "SecretList", &secrets, &format, &args.output.object),
        None if secrets.is_empty() => report::line("No secret found."),
        None => report::write(&secret::list(&secrets, !args.output.no_headers)),
    }
}

/// Describes a Secret: its keys, not its values.
///
/// # Errors
/// What went wrong.
pub async fn describe(global: &GlobalArgs, args: &NamedArgs) -> Result<()> {
    let format = output::format(&args.output)?;
    let name = single(&args.names, "'ebb secret describe' requires the secret name given as single argument")?;
    let session = Session::open(global, args.namespace.namespace.as_deref()).await?;
    let secret = session.secrets().get(name).await.map_err(|error| session.explain(error))?;
    match format {
        Some(format) => output::one(&secret, &format, &args.output),
        None => report::write(&secret::describe(&secret, Timestamp::now(), args.verbose)),
    }
}

/// Deletes a Secret.
///
/// # Errors
/// What went wrong.
pub async fn delete(global: &GlobalArgs, args: &SecretDeleteArgs) -> Result<()> {
    let name = single(&args.names, "'ebb secret delete' requires the Secret name given as single argument")?;
    let session = Session::open(global, args.namespace.namespace.as_deref()).await?;
    session.secrets().delete(name, &DeleteParams::default()).await.map_err(|error| session.explain(error))?;
    report::line(&format!("Secret '{name}' deleted in namespace '{}'.", session.namespace()))
}
