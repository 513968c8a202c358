//! Configuration: one Revision per generation, and a status that knows the newest and the newest ready one.
//!
//! This module must not look into Revisions beyond their readiness and their labels.

mod children;
mod plan;
mod status;

pub(crate) use children::stamp;
pub use children::{NameTaken, named_revision, own_name, revision_name};
pub use plan::{Seen, is_observed, plan};

#[cfg(test)]
mod tests;
