//! What every shell needs and no decision does: watch caches, work queues, supervised tasks, signals and draining,
//! readiness, the admin server, lingering closes, metrics and logs.
//!
//! This crate must not know any of Ebb's rooms or kinds.

pub mod admin;
pub mod cache;
pub mod linger;
pub mod logging;
pub mod pack;
pub mod readiness;
pub mod signals;
pub mod tasks;
pub mod workqueue;

pub use cache::{Cache, Key};
pub use linger::Linger;
pub use readiness::{Latch, Readiness};
pub use tasks::{Ended, Supervisor, Tasks};
pub use tokio_util::sync::CancellationToken;
pub use workqueue::{After, WorkQueue};

/// An error whose type the caller does not need to know.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
