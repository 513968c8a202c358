//! EndpointSlices for core Services with selectors, so that whoever looks for a Service's addresses finds them.
//!
//! [`plan`] decides and is pure; [`controller`] watches and carries out.

pub mod controller;
pub mod plan;
