//! Carrying commands out: gather what is needed, let the pure modules decide, talk to the server, print.
//!
//! Nothing here may decide how an object changes or how it is printed.

pub mod apply;
pub mod completion;
mod completion_names;
pub mod container;
pub mod create;
pub mod delete;
pub mod describe;
pub mod diff;
pub mod domain;
pub mod export;
pub mod import;
mod inputs;
pub mod list;
pub mod logs;
pub mod names;
pub mod output;
pub mod plugin;
mod ready;
mod retry;
pub mod rollback;
pub mod secret;
pub mod top;
pub mod update;
pub mod user;
pub mod version;
pub mod wait;
pub mod why;

use anyhow::{Context as _, Result};

/// Runs a command that talks to a server. One thread is enough for a conversation.
///
/// # Errors
/// What the command fails with.
pub fn in_runtime(command: impl Future<Output = Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    let outcome = runtime.block_on(command);
    // Connections that are still open are of no use to anybody.
    runtime.shutdown_background();
    outcome
}

/// The one name that a command takes.
///
/// # Errors
/// The message, when there is none or more than one.
fn single<'a>(names: &'a [String], message: &str) -> Result<&'a str> {
    match names {
        [one] => Ok(one),
        _ => anyhow::bail!("{message}"),
    }
}
