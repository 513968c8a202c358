//! Route: traffic targets resolved to Revisions, an Ingress that splits over them, placeholder Kubernetes Services that
//! reserve its names, and the URLs under which all this is reached.
//!
//! This module must not label Revisions; the labeler does.

mod children;
mod hosts;
mod ingress;
mod plan;
mod rollout;
mod status;
mod traffic;

pub use plan::{Seen, placeholder_names, plan};
pub use rollout::revisions_of;

#[cfg(test)]
mod tests;
