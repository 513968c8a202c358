//! The way to a server: which kubeconfig, as whom, in which namespace, and what went wrong on the way.
//!
//! This module must not know any command.

pub mod admin;
mod log_http;
pub mod problem;
#[cfg(test)]
pub mod script;
pub mod session;
pub mod source;
mod warnings;
pub mod watch;

pub use session::Session;
