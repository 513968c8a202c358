//! Deployments → Pods. No ReplicaSets in between: on one machine they would be a second copy of the same numbers.
//!
//! [`plan`] and [`status`] decide and are pure; [`controller`] watches and carries out.

pub mod controller;
mod expectations;
pub mod facts;
pub mod plan;
pub mod rollout;
pub mod status;
pub mod template;
