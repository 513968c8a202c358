//! `version`.
//!
//! This module must not decide what the version is.

use anyhow::Result;

use crate::commands::VersionArgs;
use crate::print::version;
use crate::report;

/// Prints the version.
///
/// # Errors
/// When the form that is asked for is not known.
pub fn run(args: &VersionArgs) -> Result<()> {
    report::write(&version::text(version::this_build(), args.output.as_deref())?)
}
