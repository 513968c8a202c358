//! The activator: holds requests in one line per revision until a pod has a free place, pokes the autoscaler, and tells it
//! what it sees.
//!
//! [`Activator`] is the whole, [`RevisionHandle`] the line before one revision, [`Place`] the right to use a pod until the
//! request's answer has ended. What is decided is decided in `ebb-activator-core`; this crate brings clocks, wakers, watches
//! and channels. It must not know HTTP: the ingress sends the bytes.

mod activator;
mod directory;
mod handle;
mod metrics;
mod objects;
mod place;
mod pod;
mod pods;
mod recheck;
mod report;
mod settings;
mod waiting;
mod waits;

pub use activator::Activator;
pub use ebb_activator_core::{Capacity, Failure, Fault, Refused};
pub use ebb_api::observation::{Observation, RevisionKey};
pub use handle::RevisionHandle;
pub use place::{Again, Next, Place};
pub use pod::Pod;
pub use settings::{Protocol, Settings};

#[cfg(test)]
mod tests;
