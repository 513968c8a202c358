//! What is happening to an object while it is defaulted and validated.
//!
//! This module must not decide anything.

use crate::config::Snapshots;

/// The circumstances of a write.
#[derive(Debug)]
pub struct Context<'a, K> {
    /// The system ConfigMaps.
    pub configs: &'a Snapshots,
    /// Who writes.
    pub user: &'a str,
    /// What is happening.
    pub change: Change<'a, K>,
}

/// What is happening to an object.
#[derive(Debug)]
pub enum Change<'a, K> {
    /// It is new.
    Create,
    /// It replaces another version of itself.
    Update {
        /// The version before.
        old: &'a K,
    },
    /// Nothing: a stored version is brought up to today's defaults, to be compared with.
    Stored,
}

impl<'a, K> Change<'a, K> {
    /// The version before.
    #[must_use]
    pub fn old(&self) -> Option<&'a K> {
        match self {
            Self::Update { old } => Some(old),
            Self::Create | Self::Stored => None,
        }
    }

    /// Whether the object is new.
    #[must_use]
    pub fn is_create(&self) -> bool {
        matches!(self, Self::Create)
    }
}
