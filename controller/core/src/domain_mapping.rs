//! DomainMapping: a domain of a user's own that leads to a Service or Route. It needs a ClusterDomainClaim, so that no two
//! namespaces hold one domain, and makes an Ingress that sends the domain's requests on to the target's own host.
//!
//! This module must not resolve traffic: the target's host does. Source: knative/serving `pkg/reconciler/domainmapping`.

mod children;
mod plan;
mod reference;
mod status;

pub use plan::{Seen, ingress_name, plan};
pub use reference::{Referent, Target, referent};

/// Keeps a deleted DomainMapping until its claim is given up.
pub const FINALIZER: &str = "domainmappings.serving.knative.dev";

#[cfg(test)]
mod tests;
