//! The types that every room of Ebb shares: Knative's kinds with all their fields, defaulting, validation,
//! conditions, typed ConfigMap snapshots, and the observation that the activator sends to the autoscaler.
//!
//! This crate must not do I/O, read clocks, or know a `kube::Client`.

pub mod autoscaling;
pub mod conditions;
pub mod duck;
pub mod duration;
pub mod go;
pub mod keys;
pub mod networking;
pub mod observation;
pub mod quantity;
pub mod serving;
pub mod template;

pub use k8s_openapi;
