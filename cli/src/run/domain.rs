//! `domain create`, `update`, `list`, `describe` and `delete`.
//!
//! This module must not decide how a mapping is printed.

use anyhow::{Result, anyhow, bail};
use ebb_api::duck::KReference;
use ebb_api::kubernetes;
use ebb_api::serving::{DomainMapping, DomainMappingSpec, SecretTls};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;
use kube::api::{DeleteParams, ListParams, PostParams};
use tokio::time::sleep;

use super::{output, retry, single};
use crate::args::domain::{DomainCreateArgs, DomainDeleteArgs, DomainListArgs, DomainUpdateArgs, Reference, ReferenceKind};
use crate::args::global::GlobalArgs;
use crate::args::lists::NamedArgs;
use crate::connect::{Session, problem};
use crate::print::domain;
use crate::print::list::Style;
use crate::report;

/// Creates a mapping.
///
/// # Errors
/// When what it refers to is not there, or what else the server has against it.
pub async fn create(global: &GlobalArgs, args: &DomainCreateArgs) -> Result<()> {
    let DomainCreateArgs { update: args, tls } = args;
    let Some(reference) = &args.reference else { bail!("required flag(s) \"ref\" not set") };
    let name = single(&args.names, "'ebb domain create' requires the domain name given as single argument")?;
    let session = Session::open(global, args.namespace.namespace.as_deref()).await?;
    let reference = resolve(&session, reference).await?;
    let tls = tls.as_deref().filter(|secret| !secret.is_empty());
    if let Some((secret, why)) = tls.and_then(|secret| Some((secret, kubernetes::dns1123_subdomain(secret).first()?.clone()))) {
        bail!("invalid secret name {}: {why}", ebb_api::go::quote(secret));
    }
    let tls = tls.map(|secret| SecretTls { secret_name: secret.to_owned() });
    let mut mapping = DomainMapping::new(name, DomainMappingSpec { reference, tls });
    mapping.metadata.namespace = Some(session.namespace().to_owned());
    session.domain_mappings().create(&PostParams::default(), &mapping).await.map_err(|error| session.explain(error))?;
    report::line(&format!("Domain mapping '{name}' created in namespace '{}'.", session.namespace()))
}

/// Lets a mapping refer to something else, again if somebody else was faster.
///
/// # Errors
/// When there is no such mapping or nothing to refer to.
pub async fn update(global: &GlobalArgs, args: &DomainUpdateArgs) -> Result<()> {
    let name = single(&args.names, "'ebb domain update' requires the domain name given as single argument")?;
    let Some(wanted) = &args.reference else { bail!("required flag(s) \"ref\" not set") };
    let session = Session::open(global, args.namespace.namespace.as_deref()).await?;
    let mut pauses = retry::PAUSES.into_iter();
    loop {
        let mut mapping = get(&session, name).await?;
        if mapping.metadata.deletion_timestamp.is_some() {
            bail!("can't update domain mapping '{name}' because it has been marked for deletion");
        }
        mapping.spec.reference = resolve(&session, wanted).await?;
        match session.domain_mappings().replace(name, &PostParams::default(), &mapping).await {
            Ok(_) => return report::line(&format!("Domain mapping '{name}' updated in namespace '{}'.", session.namespace())),
            Err(error) if problem::is_conflict(&error) => match pauses.next() {
                Some(pause) => sleep(pause).await,
                None => return Err(session.explain(error)),
            },
            Err(error) => return Err(session.explain(error)),
        }
    }
}

/// Lists mappings.
///
/// # Errors
/// What went wrong.
pub async fn list(global: &GlobalArgs, args: &DomainListArgs) -> Result<()> {
    let format = output::format(&args.output.object)?;
    let session = Session::open(global, args.namespace.namespace.as_deref()).await?;
    let mut mappings: Vec<DomainMapping> = session.list(&session.scope(&args.namespace), &ListParams::default()).await?;
    mappings.sort_by_key(|mapping| (mapping.namespace(), mapping.name_any()));
    let style = Style { namespaces: args.namespace.all_namespaces, headers: !args.output.no_headers };
    match format {
        Some(format) => output::items("serving.knative.dev/v1beta1", "DomainMappingList", &mappings, &format, &args.output.object),
        None if mappings.is_empty() => report::line("No domain mapping found."),
        None => report::write(&domain::list(&mappings, style)),
    }
}

/// Describes a mapping.
///
/// # Errors
/// What went wrong.
pub async fn describe(global: &GlobalArgs, args: &NamedArgs) -> Result<()> {
    let format = output::format(&args.output)?;
    let name = single(&args.names, "'ebb domain describe' requires name of the domain mapping as single argument")?;
    let session = Session::open(global, args.namespace.namespace.as_deref()).await?;
    let mapping = get(&session, name).await?;
    match format {
        Some(format) => output::one(&mapping, &format, &args.output),
        None => report::write(&domain::describe(&mapping, Timestamp::now(), args.verbose)),
    }
}

/// Deletes a mapping.
///
/// # Errors
/// What went wrong.
pub async fn delete(global: &GlobalArgs, args: &DomainDeleteArgs) -> Result<()> {
    let name = single(&args.names, "'ebb domain delete' requires the domain name given as single argument")?;
    let session = Session::open(global, args.namespace.namespace.as_deref()).await?;
    session.domain_mappings().delete(name, &DeleteParams::default()).await.map_err(|error| session.explain(error))?;
    report::line(&format!("Domain mapping '{name}' deleted in namespace '{}'.", session.namespace()))
}

async fn get(session: &Session, name: &str) -> Result<DomainMapping> {
    session.domain_mappings().get(name).await.map_err(|error| session.explain(error))
}

/// The reference in full; what it names must be there.
async fn resolve(session: &Session, text: &str) -> Result<KReference> {
    let Reference { kind, name, namespace } = Reference::read(text)?;
    if name.is_empty() {
        return Err(anyhow!("--ref {} names nothing", ebb_api::go::quote(text)));
    }
    let session = namespace.as_deref().map_or_else(|| session.clone(), |namespace| session.within(namespace));
    let kind = match kind {
        ReferenceKind::Service => session.service(&name).await.map(|_| "Service")?,
        ReferenceKind::Route => session.route(&name).await.map(|_| "Route")?,
    };
    let version = Some("serving.knative.dev/v1".to_owned());
    Ok(KReference {
        kind: kind.to_owned(),
        name,
        namespace: Some(session.namespace().to_owned()),
        api_version: version,
        ..KReference::default()
    })
}
