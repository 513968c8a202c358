//! The front door against real sockets on loopback: in-test apps behind, raw clients before, a scripted API server
//! beside. Nothing waits by sleeping; every wait is for an event and has a deadline.

mod api;
mod drain;
mod failures;
mod headers;
mod kit;
mod leaving;
mod limits;
mod protocols;
mod routes;
mod smuggling;
mod timeouts;
