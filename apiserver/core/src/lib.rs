//! What the API server decides: rules over documents, with values in and values out.
//!
//! It must not know tokio, the disk, sockets or clocks: `ebb-apiserver` is the shell that gathers and carries out.

pub mod apply;
pub mod channels;
pub mod protobuf;
pub mod rbac;
pub mod spdy;
