//! Routes: observe, plan, carry out.
//!
//! This module must not decide; `ebb_controller_core::route` does.

use std::collections::BTreeMap;
use std::sync::Arc;

use ebb_api::serving::{Configuration, Revision, Route, RouteStatus};
use ebb_controller_core::{After, Settings, route};
use ebb_plumbing::Key;
use kube::ResourceExt;

use crate::caches::{Caches, owned_by};
use crate::error::Error;
use crate::reconcile::{Context, HasStatus, Reconciler};

/// Reconciles Routes.
#[derive(Clone, Copy, Debug)]
pub struct Routes;

impl HasStatus for Route {
    type Status = RouteStatus;

    fn with_status(&self, status: RouteStatus) -> Self {
        Self { status: Some(status), ..self.clone() }
    }
}

impl Reconciler for Routes {
    const NAME: &'static str = "route";

    async fn reconcile(&self, context: &Context, key: &Key) -> Result<After, Error> {
        let Some(found) = context.find(&context.caches.routes, key) else { return Ok(After::NextChange) };
        let settings = context.settings.current();
        let seen = observe(&context.caches, key, found.clone(), &settings);
        let plan = route::plan(&seen, &settings, Context::now());
        context.carry_out(found.as_ref(), plan).await
    }
}

fn observe(caches: &Caches, key: &Key, found: Arc<Route>, settings: &Settings) -> route::Seen {
    let (configurations, mut revisions) = targets(caches, &found);
    let ingress = caches.ingresses.find(key);
    let on_the_way = ingress.iter().flat_map(|ingress| route::revisions_of(ingress));
    revisions.extend(on_the_way.filter_map(|name| Some((name.clone(), caches.revisions.get(&key.namespace, &name)?))));
    let by_name = route::placeholder_names(&found, settings).into_iter().filter_map(|name| caches.core_services.get(&key.namespace, &name));
    let controlled = caches.core_services.by_index(&owned_by(found.metadata.uid.as_deref().unwrap_or_default()));
    let services = by_name.chain(controlled).map(|service| (service.name_any(), service)).collect();
    route::Seen { ingress, configurations, revisions, services, route: found }
}

/// Configurations and Revisions, by name.
pub type Targets = (BTreeMap<String, Arc<Configuration>>, BTreeMap<String, Arc<Revision>>);

/// What a Route's traffic leads to: what it names, and the latest Revisions of the Configurations that it names.
pub fn targets(caches: &Caches, route: &Route) -> Targets {
    let namespace = route.namespace().unwrap_or_default();
    let in_force = route.status.iter().flat_map(|status| &status.traffic);
    let targets: Vec<_> = route.spec.traffic.iter().chain(in_force).collect();
    let configurations: BTreeMap<_, _> = targets
        .iter()
        .filter_map(|target| caches.configurations.get(&namespace, &target.configuration_name))
        .map(|configuration| (configuration.name_any(), configuration))
        .collect();
    let latest = configurations.values().flat_map(|configuration| {
        let status = configuration.status.iter();
        status.flat_map(|status| [status.latest_ready_revision_name.as_str(), status.latest_created_revision_name.as_str()])
    });
    let revisions = targets
        .iter()
        .map(|target| target.revision_name.as_str())
        .chain(latest)
        .filter_map(|name| caches.revisions.get(&namespace, name))
        .map(|revision| (revision.name_any(), revision))
        .collect();
    (configurations, revisions)
}
