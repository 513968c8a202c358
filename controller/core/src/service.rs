//! Service: one Configuration and one Route of its own name, and a status that sums them up.
//!
//! This module must not look at Revisions beyond the question whose name one has.

mod children;
mod plan;
mod status;

pub use plan::{Seen, plan};

#[cfg(test)]
mod tests;
