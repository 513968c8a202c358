//! The whole node against an API server in the same process, with real processes.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking, in its helpers, too")]

mod deployments;
mod pods;
mod support;
