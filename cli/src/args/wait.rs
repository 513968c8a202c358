//! The flags that say whether and how long to wait.
//!
//! This module must not wait.

use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;

use super::{pairs, parse};

/// Waiting after create, update, apply, import and delete.
#[derive(Args, Clone, Debug, Default, PartialEq)]
#[command(next_help_heading = "Waiting")]
pub struct WaitArgs {
    /// Wait until it is done [default: true; false for delete]
    #[arg(long)]
    pub wait: bool,
    /// Do not wait
    #[arg(long)]
    pub no_wait: bool,
    #[command(flatten)]
    pub limits: WaitLimits,
}

/// How long to wait.
#[derive(Args, Clone, Debug, Default, PartialEq)]
#[command(next_help_heading = "Waiting")]
pub struct WaitLimits {
    /// Seconds to wait before giving up [default: 600]
    #[arg(long, value_name = "SECONDS", value_parser = parse::int)]
    pub wait_timeout: Option<i64>,
    /// Seconds that a failure may last before it is believed [default: 2]
    #[arg(long, value_name = "SECONDS", value_parser = parse::int)]
    pub wait_window: Option<i64>,
}

/// Limits as lengths of time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Longest wait.
    pub timeout: Duration,
    /// How long a failure must last to count.
    pub window: Duration,
}

impl WaitArgs {
    /// Whether to wait, and how long.
    ///
    /// # Errors
    /// When the flags contradict each other or a length is negative.
    pub fn decide(&self, default: bool) -> Result<Option<Limits>> {
        let wait = pairs::decide("wait", self.wait, self.no_wait, default)?;
        let limits = self.limits.decide()?;
        Ok(wait.then_some(limits))
    }
}

impl WaitLimits {
    /// The limits, with their defaults.
    ///
    /// # Errors
    /// When a length is negative.
    pub fn decide(&self) -> Result<Limits> {
        let seconds = |flag: &str, given: Option<i64>, default: u64| match given.map(u64::try_from) {
            None => Ok(Duration::from_secs(default)),
            Some(Ok(seconds)) => Ok(Duration::from_secs(seconds)),
            Some(Err(_)) => bail!("--{flag} must not be negative"),
        };
        // Reconciling seldom stays undecided for long, so the default is long; two seconds let a false alarm pass.
        Ok(Limits { timeout: seconds("wait-timeout", self.wait_timeout, 600)?, window: seconds("wait-window", self.wait_window, 2)? })
    }
}
