//! `service apply`.
//!
//! This module must not decide what a patch holds.

use anyhow::{Result, bail};
use ebb_api::keys::annotation::LAST_APPLIED;
use ebb_api::serving::Service;
use kube::ResourceExt as _;
use kube::api::{Patch, PatchParams};
use serde_json::{Map, Value};
use tokio::time::sleep;

use super::{create, ready, retry};
use crate::args::global::GlobalArgs;
use crate::commands::ApplyArgs;
use crate::connect::{Session, problem};
use crate::edit::Verb;
use crate::print::progress;
use crate::store::Store;
use crate::{merge, report};

/// Brings a Service to the declared state.
///
/// # Errors
/// Why that was not possible, or that it does not become ready.
pub async fn run(global: &GlobalArgs, args: &ApplyArgs) -> Result<()> {
    let limits = args.wait.decide(true)?;
    let name = create::name(&args.names, &args.file, "apply")?;
    let mut service = create::declared(global, name, &args.file, &args.edit, Verb::Apply)?;
    let image = service.spec.template.spec.pod.containers.first().and_then(|container| container.image.clone());
    if image.is_none_or(|image| image.is_empty()) {
        bail!("'service apply' requires the image name to run provided with the --image option, or a command on this machine with --cmd");
    }
    let session = Session::open(global, args.namespace.namespace.as_deref()).await?;
    service.metadata.namespace = Some(session.namespace().to_owned());
    let name = service.name_any();
    let service = merge::remembering(&service)?;
    let store = Store::Server(session.clone());
    let Some(current) = session.find_service(&name).await? else {
        return match store.create(&service).await? {
            Some(created) => ready::finish(&store, created, limits, "Creating service", "created", None).await,
            None => bail!("service '{name}' was created by somebody else in the meantime, apply it again"),
        };
    };
    if current.annotations().get(LAST_APPLIED).is_none() {
        report::line("Warning: 'ebb service apply' should be used only for services created by 'ebb service apply'")?;
    }
    match patch(&session, current, &service).await? {
        Applied::Changed(service) => ready::finish(&store, service, limits, "Applying service", "applied", None).await,
        Applied::Unchanged(service) => {
            report::line(&format!("No changes to apply to service '{name}'."))?;
            let latest = service.status.as_ref().map(|status| status.latest_ready_revision_name.clone());
            report::line(&progress::available(&service, latest.as_deref(), "unchanged"))
        }
    }
}

/// How an apply ended.
enum Applied {
    Changed(Service),
    Unchanged(Service),
}

async fn patch(session: &Session, mut current: Service, declared: &Service) -> Result<Applied> {
    let name = current.name_any();
    let mut pauses = retry::PAUSES.into_iter();
    loop {
        let last = merge::last_applied(&current)?;
        let patch = merge::three_way(last.as_ref(), &merge::comparable(declared)?, &merge::comparable(&current)?);
        if patch == Value::Object(Map::new()) {
            return Ok(Applied::Unchanged(current));
        }
        match session.services().patch(&name, &PatchParams::default(), &Patch::Merge(patch)).await {
            Ok(kept) => {
                // A change that is still on its way is worth waiting for, too.
                let observed = kept.status.as_ref().and_then(|status| status.observed_generation);
                let changed = kept.metadata.generation != current.metadata.generation || kept.metadata.generation != observed;
                return Ok(if changed { Applied::Changed(kept) } else { Applied::Unchanged(kept) });
            }
            Err(error) if problem::is_conflict(&error) => match pauses.next() {
                Some(pause) => sleep(pause).await,
                None => return Err(session.explain(error)),
            },
            Err(error) => return Err(session.explain(error)),
        }
        current = session.service(&name).await?;
    }
}

#[cfg(test)]
mod tests;
