//! `service diff`.
//!
//! This module must not decide what counts as a difference.

use anyhow::{Result, anyhow, bail};
use ebb_api::keys::label;
use ebb_api::serving::{Revision, Service};
use kube::ResourceExt as _;
use kube::api::PostParams;
use serde_json::{Value, json};

use super::{inputs, single};
use crate::args::global::GlobalArgs;
use crate::args::more::DiffArgs;
use crate::connect::Session;
use crate::edit::replace;
use crate::print::style::Colours;
use crate::print::{changes, list, object};
use crate::report;

/// Shows what differs between two Revisions, or between a Service and a file.
///
/// # Errors
/// When there is nothing to compare, or the server would refuse the file.
pub async fn run(global: &GlobalArgs, args: &DiffArgs) -> Result<()> {
    let session = Session::open(global, args.namespace.namespace.as_deref()).await?;
    match &args.filename {
        Some(_) if args.from.is_some() || args.to.is_some() => {
            bail!("-f compares the service with a file; --from and --to compare revisions")
        }
        Some(path) => with_file(&session, args.names.first().map(String::as_str), path).await,
        None => {
            let name = single(&args.names, "'ebb service diff' requires the service name given as single argument")?;
            of_revisions(&session, name, args).await
        }
    }
}

async fn of_revisions(session: &Session, name: &str, args: &DiffArgs) -> Result<()> {
    session.service(name).await?;
    let mut all = session.revisions_of(name).await?;
    all.sort_by_key(list::generation);
    let find = |wanted: &str| {
        let found = all.iter().position(|revision| revision.name_any() == wanted);
        found.ok_or_else(|| anyhow!("service '{name}' has no revision '{wanted}'; see 'ebb revision list -s {name}'"))
    };
    let to = match &args.to {
        Some(to) => find(to)?,
        None => all.len().checked_sub(1).ok_or_else(|| anyhow!("service '{name}' has no revision yet"))?,
    };
    let from = match &args.from {
        Some(from) => find(from)?,
        None => to.checked_sub(1).ok_or_else(|| {
            anyhow!("revision '{}' is the first of service '{name}': there is nothing to compare it with", all[to].name_any())
        })?,
    };
    let (from, to) = (&all[from], &all[to]);
    show(&from.name_any(), &to.name_any(), &comparable(from)?, &comparable(to)?)
}

/// What a Revision runs, and how; not when it was made and what became of it.
fn comparable(revision: &Revision) -> Result<Value> {
    let mut labels = revision.metadata.labels.clone().unwrap_or_default();
    labels.retain(|key, _| key != label::SERVICE && key != label::CONFIGURATION);
    Ok(json!({"annotations": revision.metadata.annotations, "labels": labels, "spec": object::value(&revision.spec)?}))
}

/// The server is asked what it would make of the file, so that what it fills in is no difference.
async fn with_file(session: &Session, name: Option<&str>, path: &str) -> Result<()> {
    let mut wanted = inputs::service(path)?;
    let inside = wanted.metadata.name.clone().filter(|inside| !inside.is_empty());
    let name = match (name, inside) {
        (Some(name), Some(inside)) if name != inside => bail!("provided service name '{name}' doesn't match name from file '{inside}'"),
        (Some(name), _) => name.to_owned(),
        (None, Some(inside)) => inside,
        (None, None) => bail!("no service name provided in command parameter or file"),
    };
    wanted.metadata.name = Some(name.clone());
    wanted.metadata.namespace = Some(session.namespace().to_owned());
    let dry = PostParams { dry_run: true, ..PostParams::default() };
    let Some(old) = session.find_service(&name).await? else {
        session.services().create(&dry, &wanted).await.map_err(|error| session.explain(error))?;
        return report::line(&format!("There is no service '{name}' in namespace '{}' yet; {path} would create it.", session.namespace()));
    };
    let replaced = session.services().replace(&name, &dry, &replace::replacement(&old, &wanted)).await;
    let new = replaced.map_err(|error| session.explain(error))?;
    show(&format!("{name} (server)"), path, &declared(&old)?, &declared(&new)?)
}

fn declared(service: &Service) -> Result<Value> {
    let Service { metadata, spec, status: _ } = service;
    Ok(json!({"annotations": metadata.annotations, "labels": metadata.labels, "spec": object::value(spec)?}))
}

fn show(from: &str, to: &str, old: &Value, new: &Value) -> Result<()> {
    let colours = Colours::of_stdout();
    let lines = changes::lines(old, new, colours);
    if lines.is_empty() {
        return report::line(&format!("{from} and {to} do not differ."));
    }
    report::line(&format!("{}\n  {}", colours.strong(&format!("{from} → {to}")), lines.join("\n  ")))
}
