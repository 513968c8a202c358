//! How old something is, in the two forms that Kubernetes' tools use.
//!
//! This module must not look at a clock.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use k8s_openapi::jiff::Timestamp;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

/// One unit only (`3m`), for descriptions; nothing for a time that is not known.
#[must_use]
pub fn short(then: Option<&Time>, now: Timestamp) -> String {
    let Some(seconds) = elapsed(then, now) else { return String::new() };
    match seconds {
        ..-1 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        0..MINUTE => format!("{seconds}s"),
        MINUTE..HOUR => format!("{}m", seconds / MINUTE),
        HOUR..DAY => format!("{}h", seconds / HOUR),
        DAY..YEAR => format!("{}d", seconds / DAY),
        YEAR.. => format!("{}y", seconds / YEAR),
    }
}

/// Two units where the second matters (`3m20s`), for lists.
#[must_use]
pub fn long(then: Option<&Time>, now: Timestamp) -> String {
    let Some(seconds) = elapsed(then, now) else { return "<unknown>".to_owned() };
    let (minutes, hours, days) = (seconds / MINUTE, seconds / HOUR, seconds / DAY);
    match () {
        () if seconds < -1 => "<invalid>".to_owned(),
        () if seconds < 0 => "0s".to_owned(),
        () if seconds < 2 * MINUTE => format!("{seconds}s"),
        () if minutes < 10 => two(minutes, 'm', seconds % MINUTE, 's'),
        () if minutes < 180 => format!("{minutes}m"),
        () if hours < 8 => two(hours, 'h', minutes % 60, 'm'),
        () if hours < 48 => format!("{hours}h"),
        () if days < 8 => two(days, 'd', hours % 24, 'h'),
        () if seconds < 2 * YEAR => format!("{days}d"),
        () if seconds < 8 * YEAR => two(seconds / YEAR, 'y', days % 365, 'd'),
        () => format!("{}y", seconds / YEAR),
    }
}

fn two(large: i64, large_unit: char, small: i64, small_unit: char) -> String {
    if small == 0 { format!("{large}{large_unit}") } else { format!("{large}{large_unit}{small}{small_unit}") }
}

/// Whole seconds, cut towards zero.
fn elapsed(then: Option<&Time>, now: Timestamp) -> Option<i64> {
    then.map(|then| now.duration_since(then.0).as_secs())
}

#[cfg(test)]
mod tests;
