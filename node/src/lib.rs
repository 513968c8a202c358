//! Runs pods on this machine: Deployments → Pods → processes, with probes, logs, restarts and endpoints.
//!
//! [`run`] wires everything. This crate must not know Services, Revisions or Routes of serving; it works on Kubernetes'
//! built-in kinds, and learns of requests only through [`Traffic`].

pub mod cgroup;
mod context;
pub mod deployment;
pub mod endpoints;
pub mod environment;
mod events;
pub mod exec;
pub mod expand;
pub mod index;
pub mod logs;
pub mod machine;
mod metrics;
mod node;
mod orphans;
mod patches;
pub mod pod;
pub mod ports;
pub mod probe;
pub mod quantity;
pub mod reach;
mod schedule;
pub mod spawn;
pub mod traffic;
mod volumes;

pub use logs::Logs;
pub use node::{Node, Options, StartError, instance_id, run};
pub use traffic::{NoTraffic, Traffic};
