//! The life of a pod on this machine: what a kubelet does, for processes.
//!
//! [`blueprint`], [`view`] and [`backoff`] are pure; [`worker`] lives one pod's life, [`container`] one container's.

pub mod backoff;
pub mod blueprint;
pub(crate) mod commands;
pub(crate) mod container;
pub(crate) mod manager;
pub(crate) mod reporter;
pub mod view;
pub(crate) mod worker;
pub(crate) mod worlds;
