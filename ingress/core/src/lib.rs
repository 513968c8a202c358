//! The ingress' decisions: from Ingress objects to an immutable routing table, from a request head to a backend, what
//! the app's request head looks like, and what a client is told when something fails.
//!
//! Values in, values out: no sockets, clocks, tasks or logs. The one thing that changes in place is the counter of a
//! split, because "exactly 20 and 80 of every 100" has to hold across threads without a lock.

mod compile;
pub mod head;
pub mod host;
pub mod limits;
mod problem;
mod rejected;
mod route;
mod routes;
mod split;
mod table;

pub use problem::{Fault, Problem};
pub use rejected::Rejected;
pub use route::{Routed, Unrouted, route};
pub use routes::{Routes, Update, build, is_ours};
pub use split::{BadSplit, Split};
pub use table::{Backend, ObjectKey, PathRoute, Table, VirtualHost, Visibility};
