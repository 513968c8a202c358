//! The decisions of the activator: how many requests fit, who waits, who goes, to which pod, when the autoscaler is
//! poked, and what follows a failure.
//!
//! This crate must not read clocks or draw random numbers (both are arguments), and must not know tokio, Kubernetes
//! clients, threads or logs. Values go in, values come out.

pub mod limit;
pub mod line;
pub mod meter;
pub mod pick;
pub mod poke;
pub mod queue;
pub mod refused;
pub mod retry;

pub use limit::{Capacity, Limit, capacity};
pub use line::{Arrival, Joined, Left, Line, Look, SlotId, Standing};
pub use meter::{Meter, Reading};
pub use pick::pick;
pub use poke::PokeRule;
pub use queue::{Bounds, Full, Queue, Ticket};
pub use refused::{Fault, Refused};
pub use retry::{AfterFailure, Failure, MAX_TRIES, after_failure};
