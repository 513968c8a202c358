//! Garbage collection of Revisions: old ones that nobody routes to are deleted.
//!
//! This module must not touch a Revision that the labeler has not put into reserve.

mod plan;

pub use plan::{Seen, plan};

#[cfg(test)]
mod tests;
