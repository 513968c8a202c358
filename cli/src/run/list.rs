//! `service list`, `revision list` and `route list`.
//!
//! This module must not decide how a table looks.

use anyhow::{Result, bail};
use ebb_api::keys::label;
use ebb_api::serving::{Revision, Route, Service};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;
use kube::api::ListParams;

use super::output;
use crate::args::global::GlobalArgs;
use crate::args::lists::{ListArgs, RevisionListArgs, ServiceListArgs};
use crate::connect::session::Session;
use crate::print::list::{self, Share, Style};
use crate::report;
use crate::store::Store;

/// Lists Services.
///
/// # Errors
/// What went wrong.
pub async fn services(global: &GlobalArgs, args: &ServiceListArgs) -> Result<()> {
    let ServiceListArgs { list: args, target } = args;
    let format = output::format(&args.output.object)?;
    let name = at_most_one(&args.names, "'ebb service list' accepts maximum 1 argument")?;
    let store = Store::open(global, args.namespace.namespace.as_deref(), target.target.as_deref()).await?;
    let mut services = store.list(name, args.namespace.all_namespaces).await?;
    list::sort_services(&mut services);
    match format {
        Some(format) => output::many("ServiceList", &services, &format, &args.output.object),
        None if services.is_empty() => report::line("No services found."),
        None => report::write(&list::services(&services, Timestamp::now(), style(args))),
    }
}

/// Lists Revisions.
///
/// # Errors
/// What went wrong.
pub async fn revisions(global: &GlobalArgs, args: &RevisionListArgs) -> Result<()> {
    let RevisionListArgs { list: args, service } = args;
    let format = output::format(&args.output.object)?;
    let count = args.names.len();
    let name = at_most_one(&args.names, &format!("'ebb revision list' accepts maximum 1 argument, not {count} arguments as given"))?;
    let session = Session::open(global, args.namespace.namespace.as_deref()).await?;
    let mut params = by_name(name);
    if let Some(service) = service {
        session.service(service).await?;
        params = params.labels(&format!("{}={service}", label::SERVICE));
    }
    let mut revisions: Vec<Revision> = session.list(&session.scope(&args.namespace), &params).await?;
    list::sort_revisions(&mut revisions);
    match format {
        Some(format) => output::many("RevisionList", &revisions, &format, &args.output.object),
        None if revisions.is_empty() => report::line("No revisions found."),
        None => {
            let shared = with_shares(&session, args, revisions).await?;
            report::write(&list::revisions(&shared, Timestamp::now(), style(args)))
        }
    }
}

/// The Revisions with what they get of their Services' traffic.
async fn with_shares(session: &Session, args: &ListArgs, revisions: Vec<Revision>) -> Result<Vec<(Revision, Share)>> {
    let services: Vec<Service> = session.list(&session.scope(&args.namespace), &ListParams::default()).await?;
    let share = |revision: &Revision| {
        let owner = list::label_of(revision, label::SERVICE);
        let service = services.iter().find(|service| service.namespace() == revision.namespace() && service.name_any() == owner);
        list::share(&revision.name_any(), service)
    };
    Ok(revisions.into_iter().map(|revision| (revision.clone(), share(&revision))).collect())
}

/// Lists Routes.
///
/// # Errors
/// What went wrong.
pub async fn routes(global: &GlobalArgs, args: &ListArgs) -> Result<()> {
    let format = output::format(&args.output.object)?;
    let name = at_most_one(&args.names, "'ebb route list' accepts only one additional argument")?;
    let session = Session::open(global, args.namespace.namespace.as_deref()).await?;
    let routes: Vec<Route> = session.list(&session.scope(&args.namespace), &by_name(name)).await?;
    match format {
        Some(format) => output::many("RouteList", &routes, &format, &args.output.object),
        None if routes.is_empty() => report::line("No routes found."),
        None => report::write(&list::routes(&routes, !args.output.no_headers)),
    }
}

fn at_most_one<'a>(names: &'a [String], message: &str) -> Result<Option<&'a str>> {
    match names {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        _ => bail!("{message}"),
    }
}

fn by_name(name: Option<&str>) -> ListParams {
    name.map_or_else(ListParams::default, |name| ListParams::default().fields(&format!("metadata.name={name}")))
}

fn style(args: &ListArgs) -> Style {
    Style { namespaces: args.namespace.all_namespaces, headers: !args.output.no_headers }
}
