//! What can be typed: the flags of every command as plain data, and how a command line becomes that data.
//!
//! This module must not talk to a server, read files, or change objects. A flag that was not given is `None` or empty:
//! defaults are applied by whoever uses the value, so that "given" can always be told from "default".

pub mod domain;
pub mod edit;
pub mod env;
pub mod global;
pub mod help;
pub mod lists;
pub mod more;
pub mod output;
pub mod pairs;
pub mod parse;
pub mod problem;
pub mod secret;
pub mod traffic;
pub mod user;
pub mod wait;
