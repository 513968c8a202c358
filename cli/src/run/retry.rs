//! How often and after which pauses a change that lost a race is made again.
//!
//! This module must not know what is changed.

use std::time::Duration;

/// Pauses before the second to the fifth try: 20 ms, each half as long again as the one before.
pub const PAUSES: [Duration; 4] =
    [Duration::from_millis(20), Duration::from_millis(30), Duration::from_millis(45), Duration::from_millis(68)];
