//! What the controller decides, kind by kind: `plan(seen, settings, now) -> Plan` with everything to create, to update
//! and to delete, the status to write, the events to tell, and the reason.
//!
//! This crate must not do I/O, read clocks, or know a `kube::Client`. The shell gathers `Seen` and carries plans out;
//! it leaves nothing to decide there.
//!
//! Source of the behaviour: knative/serving `pkg/reconciler`.

pub mod configuration;
mod container;
pub mod domain_mapping;
pub mod gc;
mod kingress;
pub mod labeler;
mod meta;
mod object;
mod plan;
pub mod revision;
pub mod route;
mod same;
pub mod service;
mod settings;

pub use container::{Protocol, digest_of, protocol_of, serving_container};
pub use meta::{controller_of, is_controlled_by, routes_of};
pub use object::Object;
pub use plan::{After, Apply, Because, Event, EventKind, Plan, Refusal};
pub use settings::Settings;

#[cfg(test)]
mod story;
#[cfg(test)]
mod testing;
