//! `service create`.
//!
//! This module must not decide how a Service looks.

use anyhow::{Result, bail};
use ebb_api::serving::Service;
use tokio::time::sleep;

use super::{inputs, ready, retry};
use crate::args::edit::{EditArgs, FileArgs};
use crate::args::global::GlobalArgs;
use crate::commands::CreateArgs;
use crate::edit::{self, Verb, replace, traffic};
use crate::report;
use crate::store::{Replaced, Store};

/// Creates a Service, or replaces it with `--force`.
///
/// # Errors
/// Why it could not be created or does not become ready.
pub async fn run(global: &GlobalArgs, args: &CreateArgs) -> Result<()> {
    let limits = args.wait.decide(true)?;
    let name = name(&args.names, &args.file, "create")?;
    if args.file.filename.is_none() && args.edit.image().is_none() && args.edit.pod.cmd.is_empty() {
        bail!("'service create' requires the image name to run provided with the --image option, or a command on this machine with --cmd");
    }
    let mut service = declared(global, name, &args.file, &args.edit, Verb::Create)?;
    if let Some(changes) = args.tags.at_creation() {
        let now = traffic::Now { service: name, wanted: &service.spec.traffic, makes_revision: true, ..traffic::Now::default() };
        service.spec.traffic = traffic::compute(&now, &changes)?;
    }
    let store = Store::open(global, args.namespace.namespace.as_deref(), args.target.target.as_deref()).await?;
    service.metadata.namespace = Some(store.namespace().to_owned());
    if let Some(created) = store.create(&service).await? {
        return ready::finish(&store, created, limits, "Creating service", "created", None).await;
    }
    let name = service.metadata.name.clone().unwrap_or_default();
    if !args.file.force {
        bail!(
            "cannot create service '{name}' in namespace '{}' because the service already exists and no --force option was given",
            store.namespace()
        );
    }
    match replace(&store, &name, &service).await? {
        Some(replaced) => ready::finish(&store, replaced, limits, "Replacing service", "replaced", None).await,
        None => report::line(&format!("Service '{name}' replaced in namespace '{}' (unchanged).", store.namespace())),
    }
}

/// The name that create and apply take; with a file it may be left out.
///
/// # Errors
/// When there is none or more than one.
pub fn name<'a>(names: &'a [String], file: &FileArgs, command: &str) -> Result<&'a str> {
    match names {
        [] if file.filename.is_some() => Ok(""),
        [one] => Ok(one),
        _ => bail!("'service {command}' requires the service name given as single argument"),
    }
}

/// The Service that the flags declare, with or without a file.
///
/// # Errors
/// What is wrong with the flags or the file.
pub fn declared(global: &GlobalArgs, name: &str, file: &FileArgs, edit: &EditArgs, verb: Verb) -> Result<Service> {
    let mut random = inputs::chance;
    let mut around = inputs::around(verb, inputs::read(edit, global)?, &mut random)?;
    match &file.filename {
        None => edit::construct(name, edit, &mut around),
        Some(path) => {
            // A file makes a revision even if no other flag does.
            let service = inputs::service(path)?;
            edit::from_file(service, name, edit, &mut around)
        }
    }
}

/// Replaces a Service; nothing is returned if that changes nothing.
async fn replace(store: &Store, name: &str, service: &Service) -> Result<Option<Service>> {
    let mut pauses = retry::PAUSES.into_iter();
    loop {
        let old = store.get(name).await?;
        if old.metadata.deletion_timestamp.is_some() {
            bail!("can't update service {name} because it has been marked for deletion");
        }
        match store.replace(&replace::replacement(&old, service)).await? {
            Replaced::Done(kept) => {
                return Ok((kept.metadata.generation != old.metadata.generation || store.session().is_none()).then_some(*kept));
            }
            Replaced::Conflict(error) => match pauses.next() {
                Some(pause) => sleep(pause).await,
                None => return Err(error),
            },
        }
    }
}
