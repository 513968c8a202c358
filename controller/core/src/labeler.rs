//! Labeler: which Revisions and Configurations a Route refers to, written onto them. The autoscaler keeps a Revision at
//! its min-scale, and the garbage collector spares it, by what stands there.
//!
//! This module must not change what a Route routes to.

mod children;
mod plan;

pub use plan::{Seen, plan};

/// Keeps a deleted Route until it is taken off everything that it is written on.
pub const FINALIZER: &str = "routes.serving.knative.dev";

#[cfg(test)]
mod tests;
