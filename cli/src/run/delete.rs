//! `service delete` and `revision delete`.
//!
//! This module must not decide what belongs to what is deleted.

use std::time::Duration;

use anyhow::{Result, bail};
use ebb_api::keys::label;
use kube::ResourceExt as _;
use kube::api::{DeleteParams, ListParams};

use crate::args::global::GlobalArgs;
use crate::args::lists::{RevisionDeleteArgs, ServiceDeleteArgs};
use crate::connect::session::{Scope, Session};
use crate::connect::watch::until_gone;
use crate::print::list;
use crate::report;
use crate::store::Store;

/// Deletes Services. One that cannot be deleted does not keep the others.
///
/// # Errors
/// Everything that went wrong, one line each.
pub async fn services(global: &GlobalArgs, args: &ServiceDeleteArgs) -> Result<()> {
    let limits = args.wait.decide(false)?;
    if args.names.is_empty() && !args.all {
        bail!("'service delete' requires the service name(s)");
    }
    if !args.names.is_empty() && args.all {
        bail!("'service delete' with --all flag requires no arguments");
    }
    let store = Store::open(global, args.namespace.namespace.as_deref(), args.target.target.as_deref()).await?;
    let names =
        if args.all { store.list(None, false).await?.iter().map(kube::ResourceExt::name_any).collect() } else { args.names.clone() };
    if names.is_empty() {
        return report::line("No services found.");
    }
    let mut wrong = Vec::new();
    for name in names {
        match service(&store, &name, limits.map(|limits| limits.timeout)).await {
            Ok(()) => report::line(&format!("Service '{name}' successfully deleted in namespace '{}'.", store.namespace()))?,
            Err(error) => wrong.push(error),
        }
    }
    together(&wrong)
}

async fn service(store: &Store, name: &str, timeout: Option<Duration>) -> Result<()> {
    let service = store.get(name).await?;
    if service.metadata.deletion_timestamp.is_some() {
        bail!("can't delete service '{name}' because it has been already marked for deletion");
    }
    store.delete(name, timeout.is_some()).await?;
    let version = service.resource_version().unwrap_or_default();
    match (timeout, store.session()) {
        (Some(timeout), Some(session)) => until_gone(session, &session.services(), "service", name, &version, timeout).await,
        _ => Ok(()),
    }
}

/// Deletes Revisions by name, or those that get no traffic.
///
/// # Errors
/// Everything that went wrong, one line each.
pub async fn revisions(global: &GlobalArgs, args: &RevisionDeleteArgs) -> Result<()> {
    let limits = args.wait.decide(false)?;
    let prune = args.prune.is_some() || args.prune_all;
    if args.names.is_empty() && !prune {
        bail!("'ebb revision delete' requires one or more revision name");
    }
    if !args.names.is_empty() && args.prune_all {
        bail!("'ebb revision delete' with --prune-all flag requires no arguments");
    }
    let session = Session::open(global, args.namespace.namespace.as_deref()).await?;
    let names = if prune { unreferenced(&session, args.prune.as_deref()).await? } else { args.names.clone() };
    if names.is_empty() {
        return report::line("No unreferenced revisions found.");
    }
    let mut wrong = Vec::new();
    for name in names {
        match revision(&session, &name, limits.map(|limits| limits.timeout)).await {
            Ok(()) => report::line(&format!("Revision '{name}' deleted in namespace '{}'.", session.namespace()))?,
            Err(error) => wrong.push(error),
        }
    }
    together(&wrong)
}

async fn revision(session: &Session, name: &str, timeout: Option<Duration>) -> Result<()> {
    let revision = session.revision(name).await?;
    if revision.metadata.deletion_timestamp.is_some() {
        bail!("can't delete revision '{name}' because it has been already marked for deletion");
    }
    let api = session.revisions();
    api.delete(name, &DeleteParams::default()).await.map_err(|error| session.explain(error))?;
    let version = revision.resource_version().unwrap_or_default();
    match timeout {
        Some(timeout) => until_gone(session, &api, "revision", name, &version, timeout).await,
        None => Ok(()),
    }
}

async fn unreferenced(session: &Session, service: Option<&str>) -> Result<Vec<String>> {
    let mut revisions = match service {
        Some(service) => session.revisions_of(service).await?,
        None => session.list(&Scope::One(session.namespace().to_owned()), &ListParams::default()).await?,
    };
    list::sort_revisions(&mut revisions);
    let active = |revision: &ebb_api::serving::Revision| list::label_of(revision, label::ROUTING_STATE) == "active";
    Ok(revisions.iter().filter(|revision| !active(revision)).map(kube::ResourceExt::name_any).collect())
}

fn together(wrong: &[anyhow::Error]) -> Result<()> {
    if wrong.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = wrong.iter().map(|error| format!("Error: {error:#}")).collect();
    bail!(lines.join("\n"))
}
