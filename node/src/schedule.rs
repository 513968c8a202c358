//! Gives pods that nobody has given to a node to this machine, which is the only one.
//!
//! [`fit`] decides and is pure; [`controller`] watches and carries out.

pub mod controller;
pub mod fit;
