//! `service why`.
//!
//! This module must not decide what is worth telling.

use anyhow::Result;
use ebb_api::autoscaling::PodAutoscaler;
use ebb_api::keys::label;
use k8s_openapi::api::core::v1::{Event, Pod};
use k8s_openapi::jiff::Timestamp;
use kube::api::ListParams;

use super::single;
use crate::args::global::GlobalArgs;
use crate::args::more::WhyArgs;
use crate::connect::session::Scope;
use crate::connect::{Session, admin};
use crate::print::style::Colours;
use crate::print::why::{Facts, page};
use crate::report;

/// Says why a Service is as it is.
///
/// # Errors
/// When there is no such Service, or the server cannot be reached.
pub async fn run(global: &GlobalArgs, args: &WhyArgs) -> Result<()> {
    let name = single(&args.names, "'ebb service why' requires the service name given as single argument")?;
    let session = Session::open(global, args.namespace.namespace.as_deref()).await?;
    let service = session.service(name).await?;
    let scope = Scope::One(session.namespace().to_owned());
    let belongs = ListParams::default().labels(&format!("{}={name}", label::SERVICE));
    let revisions = session.revisions_of(name).await?;
    // Not everybody may look at everything; what cannot be seen is left out.
    let autoscalers: Vec<PodAutoscaler> = session.list(&scope, &belongs).await.unwrap_or_default();
    let pods: Vec<Pod> = session.list(&scope, &belongs).await.unwrap_or_default();
    let mut events: Vec<Event> = session.list(&scope, &ListParams::default()).await.unwrap_or_default();
    let names: Vec<String> = std::iter::once(name.to_owned())
        .chain(revisions.iter().map(kube::ResourceExt::name_any))
        .chain(pods.iter().map(kube::ResourceExt::name_any))
        .collect();
    events.retain(|event| {
        event
            .involved_object
            .name
            .as_ref()
            .is_some_and(|object| names.iter().any(|name| object == name || *object == format!("{name}-deployment")))
    });
    let metrics = match admin::address(&session) {
        Some(address) => admin::metrics(address).await.ok(),
        None => None,
    };
    let facts = Facts { service, revisions, autoscalers, pods, events, metrics };
    report::write(&page(&facts, Timestamp::now(), Colours::of_stdout()))
}
