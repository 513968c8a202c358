//! Runs the shipped `ebb` binary as a user would: on free ports, in a temporary directory, and leaving nothing behind.
//! Shared by the end-to-end tests and the benchmarks. It must not reach into any of Ebb's rooms.

pub mod certificates;
pub mod client;
pub mod kube_apiserver;
pub mod load;
pub mod peers;
pub mod process;
pub mod sockets;
pub mod tls;
pub mod up;

pub use client::{Answer, Http};
pub use up::Ebb;

/// What can go wrong in a test: anything, told as text.
pub type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;
