//! `service describe`, `revision describe` and `route describe`.
//!
//! This module must not decide how a description looks.

use anyhow::{Context as _, Result, bail};
use ebb_api::keys::label;
use ebb_api::serving::{Revision, Service, TrafficTarget};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;

use super::{output, single};
use crate::args::global::GlobalArgs;
use crate::args::lists::{NamedArgs, ServiceDescribeArgs};
use crate::connect::Session;
use crate::print::service::Entry;
use crate::print::{self, list};
use crate::report;
use crate::store::Store;

/// Describes a Service.
///
/// # Errors
/// What went wrong.
pub async fn service(global: &GlobalArgs, args: &ServiceDescribeArgs) -> Result<()> {
    let ServiceDescribeArgs { named: args, target } = args;
    let format = output::format(&args.output)?;
    let name = single(&args.names, "'service describe' requires the service name given as single argument")?;
    let store = Store::open(global, args.namespace.namespace.as_deref(), target.target.as_deref()).await?;
    let service = store.get(name).await?;
    if let Some(format) = format {
        return output::one(&service, &format, &args.output);
    }
    let entries = match store.session() {
        Some(session) => entries(session, &service, args.verbose).await?,
        None => Vec::new(),
    };
    report::write(&print::service::describe(&service, entries, Timestamp::now(), args.verbose))
}

/// The Revisions with traffic, the latest created and the latest ready one; with details, all of the Service.
async fn entries(session: &Session, service: &Service, all: bool) -> Result<Vec<Entry>> {
    let mut known = session.revisions_of(&service.name_any()).await?;
    let status = service.status.clone().unwrap_or_default();
    let mut entries = Vec::new();
    let mut seen: Vec<String> = Vec::new();
    for target in status.traffic {
        let name = revision_of(session, &target).await;
        let name = name.with_context(|| format!("cannot extract revision from service {}", service.name_any()))?;
        let revision = find(session, &known, &name).await?;
        entries.push(Entry::new(revision, Some(target))?);
        seen.push(name);
    }
    for name in [status.latest_created_revision_name, status.latest_ready_revision_name] {
        if !name.is_empty() && !seen.contains(&name) {
            entries.push(Entry::new(find(session, &known, &name).await?, None)?);
            seen.push(name);
        }
    }
    if all {
        known.retain(|revision| !seen.contains(&revision.name_any()));
        for revision in known {
            entries.push(Entry::new(revision, None)?);
        }
    }
    Ok(entries)
}

async fn revision_of(session: &Session, target: &TrafficTarget) -> Result<String> {
    if !target.revision_name.is_empty() {
        return Ok(target.revision_name.clone());
    }
    if target.configuration_name.is_empty() {
        bail!("neither RevisionName nor ConfigurationName set");
    }
    let configuration = session.configurations().get(&target.configuration_name).await.map_err(|error| session.explain(error))?;
    Ok(configuration.status.map(|status| status.latest_created_revision_name).unwrap_or_default())
}

async fn find(session: &Session, known: &[Revision], name: &str) -> Result<Revision> {
    match known.iter().find(|revision| revision.name_any() == name) {
        Some(revision) => Ok(revision.clone()),
        None => session.revision(name).await,
    }
}

/// Describes a Revision.
///
/// # Errors
/// What went wrong.
pub async fn revision(global: &GlobalArgs, args: &NamedArgs) -> Result<()> {
    let format = output::format(&args.output)?;
    let name = single(&args.names, "'ebb revision describe' requires name of the revision as single argument")?;
    let session = Session::open(global, args.namespace.namespace.as_deref()).await?;
    let revision = session.revision(name).await?;
    if let Some(format) = format {
        return output::one(&revision, &format, &args.output);
    }
    let owner = list::label_of(&revision, label::SERVICE);
    let service = if args.verbose && !owner.is_empty() { Some(session.service(&owner).await?) } else { None };
    report::write(&print::revision::describe(&revision, service.as_ref(), Timestamp::now(), args.verbose))
}

/// Describes a Route.
///
/// # Errors
/// What went wrong.
pub async fn route(global: &GlobalArgs, args: &NamedArgs) -> Result<()> {
    let format = output::format(&args.output)?;
    let name = single(&args.names, "'ebb route describe' requires name of the route as single argument")?;
    let session = Session::open(global, args.namespace.namespace.as_deref()).await?;
    let route = session.routes().get(name).await.map_err(|error| session.explain(error))?;
    match format {
        Some(format) => output::one(&route, &format, &args.output),
        None => report::write(&print::route::describe(&route, Timestamp::now(), args.verbose)),
    }
}
