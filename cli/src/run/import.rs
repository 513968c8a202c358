//! `service import`.
//!
//! This module must not decide what is imported.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use ebb_api::serving::{Configuration, Service};
use kube::api::PostParams;
use kube::{Resource as _, ResourceExt as _};
use tokio::time::sleep;

use super::{inputs, ready, single};
use crate::args::global::GlobalArgs;
use crate::args::lists::ServiceImportArgs;
use crate::connect::{Session, problem};
use crate::manifest::{self, Export};
use crate::store::Store;

/// Pauses while the Configuration of a new Service is being made: about a second in all.
const PAUSES: [Duration; 5] = [
    Duration::from_millis(10),
    Duration::from_millis(50),
    Duration::from_millis(150),
    Duration::from_millis(300),
    Duration::from_millis(500),
];

/// Creates a Service and its older Revisions.
///
/// # Errors
/// When the file is no export, the Service exists, or it does not become ready.
pub async fn run(global: &GlobalArgs, args: &ServiceImportArgs) -> Result<()> {
    let limits = args.wait.decide(true)?;
    let path = single(&args.files, "'ebb service import' requires filename of import file as single argument")?;
    let Export { service, revisions } = manifest::export(&inputs::file(path)?).with_context(|| format!("cannot use {path}"))?;
    let session = Session::open(global, args.namespace.namespace.as_deref()).await?;
    let store = Store::Server(session.clone());
    let name = service.name_any();
    let Some(created) = store.create(&Service { status: None, ..service }).await? else {
        bail!("cannot import service '{name}' in namespace '{}' because the service already exists", session.namespace());
    };
    if !revisions.is_empty() {
        // The owner makes them Revisions of this Service.
        let owner = configuration(&session, &name).await?.controller_owner_ref(&());
        for mut revision in revisions {
            revision.metadata.owner_references = owner.clone().map(|owner| vec![owner]);
            session.revisions().create(&PostParams::default(), &revision).await.map_err(|error| session.explain(error))?;
        }
    }
    ready::finish(&store, created, limits, "Importing service", "imported", None).await
}

async fn configuration(session: &Session, name: &str) -> Result<Configuration> {
    let mut pauses = PAUSES.into_iter();
    loop {
        match session.configurations().get(name).await {
            Ok(configuration) => return Ok(configuration),
            Err(error) => match pauses.next().filter(|_| problem::is_not_found(&error)) {
                Some(pause) => sleep(pause).await,
                None => return Err(session.explain(error)),
            },
        }
    }
}
