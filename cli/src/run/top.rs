//! `top`.
//!
//! This module must not decide how the table looks.

use std::io::IsTerminal as _;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use ebb_api::keys::label;
use ebb_api::serving::{Revision, Service};
use kube::ResourceExt as _;
use kube::api::ListParams;
use tokio::time::{Instant, sleep};

use crate::args::global::GlobalArgs;
use crate::args::more::TopArgs;
use crate::connect::{Session, admin};
use crate::print::list;
use crate::print::style::Colours;
use crate::print::top::{View, table};
use crate::report;

/// How long one look lasts when there is only one.
const ONE_LOOK: Duration = Duration::from_secs(1);

/// Shows what the Services do, again and again on a terminal.
///
/// # Errors
/// When the server is no `ebb up` of this machine, or goes away.
pub async fn run(global: &GlobalArgs, args: &TopArgs) -> Result<()> {
    let once = args.once || !std::io::stdout().is_terminal();
    let interval = match args.interval {
        Some(seconds) => Duration::from_secs(
            u64::try_from(seconds).ok().filter(|seconds| *seconds > 0).ok_or_else(|| anyhow!("--interval must be positive"))?,
        ),
        None if once => ONE_LOOK,
        None => ONE_LOOK * 2,
    };
    let session = Session::open(global, args.namespace.namespace.as_deref()).await?;
    let Some(address) = admin::address(&session) else {
        bail!("'ebb top' reads the metrics of the 'ebb up' of this machine; name its directory with --data-dir (not with --kubeconfig)");
    };
    let colours = Colours::of_stdout();
    let (mut before, mut at) = (admin::metrics(address).await?, Instant::now());
    loop {
        sleep(interval).await;
        let (now, span) = (admin::metrics(address).await?, at.elapsed());
        at = Instant::now();
        let services = services(&session, args).await?;
        let since = now.since(&before);
        let view = View { services: &services, now: &now, since: &since, span, namespaces: args.namespace.all_namespaces };
        let text = if services.is_empty() { "No services found.\n".to_owned() } else { table(&view, colours) };
        if once {
            return report::write(&text);
        }
        // Home, the table, and nothing of the table before it.
        report::write(&format!("\u{1b}[H{}\u{1b}[J", text.replace('\n', "\u{1b}[K\n")))?;
        before = now;
    }
}

/// Namespace and name of each Service, with its Revisions.
async fn services(session: &Session, args: &TopArgs) -> Result<Vec<(String, String, Vec<String>)>> {
    let scope = session.scope(&args.namespace);
    let mut services: Vec<Service> = session.list(&scope, &ListParams::default()).await?;
    let revisions: Vec<Revision> = session.list(&scope, &ListParams::default()).await?;
    if let Some(unknown) = args.names.iter().find(|name| !services.iter().any(|service| service.name_any() == **name)) {
        bail!("services.serving.knative.dev \"{unknown}\" not found");
    }
    services.retain(|service| args.names.is_empty() || args.names.contains(&service.name_any()));
    list::sort_services(&mut services);
    let named = services.into_iter().map(|service| {
        let (namespace, name) = (service.namespace().unwrap_or_default(), service.name_any());
        let of = |revision: &&Revision| {
            revision.namespace().as_deref() == Some(namespace.as_str()) && list::label_of(revision, label::SERVICE) == name
        };
        let revisions = revisions.iter().filter(of).map(kube::ResourceExt::name_any).collect();
        (namespace, name, revisions)
    });
    Ok(named.collect())
}
