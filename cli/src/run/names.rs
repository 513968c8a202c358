//! Names of objects, for the completion of shells.
//!
//! This module must not fail: a shell that waits for words wants words or nothing.

use anyhow::Result;
use kube::ResourceExt;
use kube::api::ListParams;

use crate::args::global::GlobalArgs;
use crate::commands::NamesArgs;
use crate::connect::Session;
use crate::report;

/// Prints the names of a kind, one per line.
///
/// # Errors
/// When nobody reads them.
pub async fn run(global: &GlobalArgs, args: &NamesArgs) -> Result<()> {
    let names = find(global, args).await.unwrap_or_default();
    names.iter().try_for_each(|name| report::line(name))
}

async fn find(global: &GlobalArgs, args: &NamesArgs) -> Result<Vec<String>> {
    let session = Session::open(global, args.namespace.namespace.as_deref()).await?;
    let scope = crate::connect::session::Scope::One(session.namespace().to_owned());
    let all = ListParams::default();
    Ok(match args.kind.as_str() {
        "service" => names(session.list::<ebb_api::serving::Service>(&scope, &all).await?),
        "revision" => names(session.list::<ebb_api::serving::Revision>(&scope, &all).await?),
        "route" => names(session.list::<ebb_api::serving::Route>(&scope, &all).await?),
        "domain" => names(session.list::<ebb_api::serving::DomainMapping>(&scope, &all).await?),
        "secret" => names(session.list::<k8s_openapi::api::core::v1::Secret>(&scope, &all).await?),
        _ => Vec::new(),
    })
}

fn names(objects: Vec<impl ResourceExt>) -> Vec<String> {
    objects.iter().map(ResourceExt::name_any).collect()
}
