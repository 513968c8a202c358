//! A small Kubernetes API server as a library: objects of built-in and custom kinds, kept in memory for reading and in
//! one SQLite file for what must last, spoken to through a tower service in this process or over TLS.
//!
//! It must not know what any kind means: not serving, not the processes behind pods. What is special about a kind comes
//! in through [`Options`] (custom resource definitions, the admission hook, the pod log hook).
//!
//! The way of a request: `http` reads the path, the query and the media types and finds the resource; `read` and
//! `write` do the verb; `write` follows the rules of `rules`, the shapes of `schema` or `kinds::typed`, and asks the
//! admission hook; `store` gives it a resourceVersion, makes it last, and publishes it to readers and watchers.

mod access;
mod audit;
mod cel;
mod clock;
mod error;
mod gc;
mod http;
mod kinds;
mod managed;
mod names;
mod options;
mod patch;
mod read;
mod rules;
mod schema;
mod selector;
mod server;
mod store;
mod streams;
mod tls;
mod value;
mod write;

pub use crate::http::ApiService;
pub use error::ApiError;
pub use options::{
    Admission, AdmissionRequest, Admitted, Denied, LogQuery, LogStream, OpenError, Operation, Options, PodLogs, SYSTEM_USER, User,
};
pub use server::Server;
pub use streams::{Command, Execution, Input, Output, Place, PodConnection, PodStreams};

#[cfg(test)]
mod tests;
