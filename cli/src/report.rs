//! How a command ends: its error on stderr with a hint, and the exit code, which is 0 or 1.
//!
//! This module must not decide what is an error.

use std::io::{self, ErrorKind, Write as _};
use std::process::ExitCode;

use anyhow::Result;

use crate::args::problem::Unread;

/// Writes to stdout.
///
/// # Errors
/// When nobody reads it any more, or it cannot be written.
pub fn write(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// Writes a line to stdout.
///
/// # Errors
/// As [`write`].
pub fn line(text: &str) -> Result<()> {
    write(&format!("{text}\n"))
}

/// Ends a command that was carried out, well or not.
#[must_use]
pub fn outcome(result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // The reader has seen enough, as in `ebb service list | head`.
        Err(error) if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("{error:#}")),
    }
}

/// Ends a command line that was not carried out.
#[must_use]
pub fn unread(unread: Unread) -> ExitCode {
    match unread {
        Unread::Text(text) => outcome(write(&text)),
        Unread::Wrong(why) => fail(&why),
    }
}

fn fail(message: &str) -> ExitCode {
    // There is nobody left to tell when stderr is gone.
    let _ = io::stderr().lock().write_all(error_text(message).as_bytes());
    ExitCode::FAILURE
}

/// `Error: …`, and where to read more: at the command that the message names, else at the top.
fn error_text(message: &str) -> String {
    let start = message.get(..6).filter(|start| start.eq_ignore_ascii_case("error:"));
    let message = start.map_or(message, |start| message[start.len()..].trim_start());
    let command = message.split_once("'ebb ").and_then(|(_, rest)| rest.split_once('\'')).map(|(path, _)| format!("ebb {path}"));
    format!("Error: {message}\nRun '{} --help' for usage\n", command.as_deref().unwrap_or("ebb"))
}

#[cfg(test)]
mod tests;
