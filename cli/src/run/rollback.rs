//! `service rollback` and `service traffic`.
//!
//! This module must not decide where traffic goes.

use anyhow::{Result, bail};
use ebb_api::serving::{Revision, Service};
use kube::ResourceExt as _;
use tokio::time::sleep;

use super::{retry, single};
use crate::args::global::GlobalArgs;
use crate::args::more::{RollbackArgs, ServiceTrafficArgs};
use crate::args::wait::Limits;
use crate::connect::Session;
use crate::connect::watch::until;
use crate::edit::rollback::{self, Rollback};
use crate::edit::traffic::{self, Changes};
use crate::print::conditions;
use crate::print::style::Colours;
use crate::print::traffic::picture;
use crate::report;
use crate::store::{Replaced, Store};

/// Sends all traffic to an earlier Revision.
///
/// # Errors
/// When there is none to go back to, or it does not come into force.
pub async fn back(global: &GlobalArgs, args: &RollbackArgs) -> Result<()> {
    let limits = args.wait.decide(true)?;
    let name = single(&args.names, "'ebb service rollback' requires the service name given as single argument")?;
    let session = Session::open(global, args.namespace.namespace.as_deref()).await?;
    let namespace = session.namespace();
    let service = session.service(name).await?;
    let Some(Rollback { from, to }) = rollback::decide(&service, &session.revisions_of(name).await?, args.to.as_deref())? else {
        return report::line(&format!(
            "Service '{name}' sends all traffic to revision '{}' already.",
            args.to.as_deref().unwrap_or_default()
        ));
    };
    let changes = Changes { percents: Some(vec![format!("{to}=100")]), ..Changes::default() };
    let kept = change(&session, name, &changes).await?;
    report::line(&format!("Service '{name}' in namespace '{namespace}' goes back from '{}' ({}%) to '{to}'.", from.0, from.1))?;
    if let Some(limits) = limits {
        let kept = in_force(&session, kept, limits).await?;
        let url = kept.status.map(|status| status.url).unwrap_or_default();
        report::line(&format!("All traffic is sent to revision '{to}' now:\n{url}"))?;
    }
    report::line(&format!(
        "\nThe template is unchanged, and new revisions get no traffic until you say so:\n  ebb service traffic {name} --traffic @latest=100"
    ))
}

/// Shows who gets how much, after changing it if that is asked for.
///
/// # Errors
/// When the flags do not fit, or the change does not come into force.
pub async fn shares(global: &GlobalArgs, args: &ServiceTrafficArgs) -> Result<()> {
    let limits = args.wait.decide(true)?;
    let name = single(&args.names, "'ebb service traffic' requires the service name given as single argument")?;
    let session = Session::open(global, args.namespace.namespace.as_deref()).await?;
    let service = if args.traffic.given() {
        let kept = change(&session, name, &args.traffic.changes()).await?;
        match limits {
            Some(limits) => in_force(&session, kept, limits).await?,
            None => kept,
        }
    } else {
        session.service(name).await?
    };
    report::write(&picture(&service, Colours::of_stdout()))
}

/// Changes the targets, again if somebody else was faster.
async fn change(session: &Session, name: &str, changes: &Changes) -> Result<Service> {
    let store = Store::Server(session.clone());
    let mut pauses = retry::PAUSES.into_iter();
    loop {
        let mut service = session.service(name).await?;
        let status = service.status.clone().unwrap_or_default();
        let revisions: Vec<String> = session.revisions_of(name).await?.iter().map(Revision::name_any).collect();
        let now = traffic::Now {
            service: name,
            wanted: &service.spec.traffic,
            in_force: &status.traffic,
            latest_ready: &status.latest_ready_revision_name,
            revisions: &revisions,
            makes_revision: false,
        };
        service.spec.traffic = traffic::compute(&now, changes)?;
        match store.replace(&service).await? {
            Replaced::Done(kept) => return Ok(*kept),
            Replaced::Conflict(error) => match pauses.next() {
                Some(pause) => sleep(pause).await,
                None => return Err(error),
            },
        }
    }
}

/// Waits until the targets that are wanted are those in force. The Service itself need not be ready: that a new Revision
/// fails is often why somebody goes back.
async fn in_force(session: &Session, wanted: Service, limits: Limits) -> Result<Service> {
    let name = wanted.name_any();
    let generation = wanted.metadata.generation;
    let is_there = |service: &Service| {
        let Some(status) = &service.status else { return false };
        let routed = status.conditions.iter().any(|condition| condition.type_ == "RoutesReady" && condition.status == "True");
        status.observed_generation >= generation && routed
    };
    let found = until(session, &session.services(), &name, limits.timeout, is_there).await?;
    let Some(found) = found else {
        let now = session.service(&name).await?;
        let why = now.status.map(|status| conditions::why_not_ready(&status.conditions)).unwrap_or_default();
        bail!("timeout: the traffic of service '{name}' is not in force after {} seconds: {why}", limits.timeout.as_secs());
    };
    Ok(found)
}
