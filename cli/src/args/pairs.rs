//! Flags that come in pairs, `--x` and `--no-x`.
//!
//! This module must not know what a pair means.

use anyhow::{Result, bail};

/// What a pair of flags amounts to.
///
/// # Errors
/// When both are given.
pub fn decide(name: &str, yes: bool, no: bool, default: bool) -> Result<bool> {
    match (yes, no) {
        (true, true) => bail!("only one of --no-{name} and --{name} may be specified"),
        (true, false) => Ok(true),
        (false, true) => Ok(false),
        (false, false) => Ok(default),
    }
}

/// The other flag of the pair that `name` may be half of.
#[must_use]
pub fn opposite(name: &str) -> String {
    name.strip_prefix("no-").map_or_else(|| format!("no-{name}"), str::to_owned)
}

#[cfg(test)]
mod tests;
