//! `service update`.
//!
//! This module must not decide how a Service changes.

use anyhow::{Result, anyhow, bail};
use ebb_api::keys::HOST_IMAGE;
use ebb_api::serving::{Revision, Service};
use kube::ResourceExt as _;
use tokio::time::sleep;

use super::{inputs, ready, retry, single};
use crate::args::global::GlobalArgs;
use crate::args::wait::Limits;
use crate::commands::UpdateArgs;
use crate::edit::{self, Inputs, Verb, image, traffic};
use crate::report;
use crate::store::{Replaced, Store};

/// Changes a Service, again if somebody else was faster.
///
/// # Errors
/// Why it could not be changed or does not become ready.
pub async fn run(global: &GlobalArgs, args: &UpdateArgs) -> Result<()> {
    let nothing = UpdateArgs { names: args.names.clone(), ..UpdateArgs::default() };
    if *args == nothing && *global == GlobalArgs::default() {
        bail!("flag(s) not set\nUsage: update NAME");
    }
    let limits = args.wait.decide(true)?;
    let name = single(&args.names, "'service update' requires the service name given as single argument")?;
    let inputs = inputs::read(&args.edit, global)?;
    let store = Store::open(global, args.namespace.namespace.as_deref(), args.target.target.as_deref()).await?;
    change(&store, name, args, &inputs, limits).await
}

async fn change(store: &Store, name: &str, args: &UpdateArgs, inputs: &Inputs, limits: Option<Limits>) -> Result<()> {
    let mut pauses = retry::PAUSES.into_iter();
    loop {
        let before = store.get(name).await?;
        if before.metadata.deletion_timestamp.is_some() {
            bail!("can't update service {name} because it has been marked for deletion");
        }
        let wanted = changed(store, &before, args, inputs.clone()).await?;
        match store.replace(&wanted).await.map_err(explain)? {
            Replaced::Done(kept) => return finish(store, &before, *kept, limits).await,
            Replaced::Conflict(error) => match pauses.next() {
                Some(pause) => sleep(pause).await,
                None => return Err(error),
            },
        }
    }
}

/// Revisions do not change; one that the user named needs another name.
fn explain(error: anyhow::Error) -> anyhow::Error {
    if error.to_string().contains("without a name change") {
        return anyhow!("{error}\nThe revision was named with --revision-name; give the changed one another name with that flag");
    }
    error
}

async fn changed(store: &Store, before: &Service, args: &UpdateArgs, inputs: Inputs) -> Result<Service> {
    let mut service = before.clone();
    let base = base(store, before, args).await?;
    let mut random = inputs::chance;
    let mut around = inputs::around(Verb::Update, inputs, &mut random)?;
    edit::apply(&mut service, base.as_ref(), &args.edit, &mut around)?;
    if args.traffic.given() {
        let revisions = match store.session() {
            Some(session) => session.revisions_of(&before.name_any()).await?.iter().map(Revision::name_any).collect(),
            None => Vec::new(),
        };
        let status = before.status.clone().unwrap_or_default();
        let now = traffic::Now {
            service: &before.name_any(),
            wanted: &before.spec.traffic,
            in_force: &status.traffic,
            latest_ready: &status.latest_ready_revision_name,
            revisions: &revisions,
            makes_revision: args.edit.changes_template(),
        };
        service.spec.traffic = traffic::compute(&now, &args.traffic.changes())?;
    }
    Ok(service)
}

/// The Revision whose image is to be kept, if there is one that can be told. Commands on this machine have no image to
/// keep.
async fn base(store: &Store, service: &Service, args: &UpdateArgs) -> Result<Option<Revision>> {
    let template = &service.spec.template;
    let on_host = image::main_container(&template.spec).is_some_and(|container| container.image.as_deref() == Some(HOST_IMAGE));
    if args.edit.image().is_some() || !args.edit.lock_to_digest()?.on || on_host {
        return Ok(None);
    }
    let (Some(session), Some(name)) = (store.session(), image::base_name(service)) else { return Ok(None) };
    let Ok(revision) = session.revision(&name).await else { return Ok(None) };
    let named = template.metadata.name.as_deref().is_some_and(|name| !name.is_empty());
    Ok((named || image::same_image(template, &revision).is_ok()).then_some(revision))
}

async fn finish(store: &Store, before: &Service, kept: Service, limits: Option<Limits>) -> Result<()> {
    if store.session().is_some() && kept.metadata.generation == before.metadata.generation {
        report::line(&format!("Service '{}' updated in namespace '{}'.", kept.name_any(), store.namespace()))?;
        return report::line("No new revision has been created.");
    }
    let revision = before.status.as_ref().map(|status| status.latest_ready_revision_name.clone());
    ready::finish(store, kept, limits, "Updating Service", "updated", revision.as_deref()).await
}

#[cfg(test)]
mod tests;
