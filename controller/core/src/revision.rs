//! Revision: a Deployment, a PodAutoscaler and a Kubernetes Service, and a status that names why pods do not come.
//!
//! This module must not scale: replicas are the autoscaler's after the Deployment was made.

mod children;
mod health;
mod plan;
mod pod;
mod status;

pub use plan::{Seen, plan};

#[cfg(test)]
mod tests;
