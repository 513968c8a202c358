//! The types that every room of Ebb shares: Knative's kinds with all their fields, defaulting, validation,
//! conditions, typed ConfigMap snapshots, and the observation that the activator sends to the autoscaler.
//!
//! This crate must not do I/O, read clocks, or know a `kube::Client`.

pub mod admission;
pub mod annotations;
pub mod autoscaling;
pub mod change;
pub mod conditions;
pub mod config;
pub mod crds;
pub mod defaulting;
pub mod duck;
pub mod duration;
pub mod field_error;
pub mod go;
pub mod keys;
pub mod kubernetes;
pub mod names;
pub mod networking;
pub mod observation;
pub mod quantity;
pub mod roles;
pub mod semantic;
pub mod serving;
pub mod template;
pub mod validation;

pub use k8s_openapi;

#[cfg(test)]
mod shipped_yaml;
