//! Services: observe, plan, carry out.
//!
//! This module must not decide; `ebb_controller_core::service` does.

use ebb_api::serving::{Service, ServiceStatus};
use ebb_controller_core::{After, service};
use ebb_plumbing::Key;

use crate::error::Error;
use crate::reconcile::{Context, HasStatus, Reconciler};

/// Reconciles Services.
#[derive(Clone, Copy, Debug)]
pub struct Services;

impl HasStatus for Service {
    type Status = ServiceStatus;

    fn with_status(&self, status: ServiceStatus) -> Self {
        Self { status: Some(status), ..self.clone() }
    }
}

impl Reconciler for Services {
    const NAME: &'static str = "service";

    async fn reconcile(&self, context: &Context, key: &Key) -> Result<After, Error> {
        let caches = &context.caches;
        let Some(found) = context.find(&caches.services, key) else { return Ok(After::NextChange) };
        let configuration = caches.configurations.find(key);
        let route = caches.routes.find(key);
        let named = found.spec.template.metadata.name.as_deref().and_then(|name| caches.revisions.get(&key.namespace, name));
        let seen =
            service::Seen { service: &found, configuration: configuration.as_deref(), route: route.as_deref(), named: named.as_deref() };
        let plan = service::plan(&seen, Context::now());
        context.carry_out(found.as_ref(), plan).await
    }
}
