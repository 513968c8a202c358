//! Conversions between counts of pods and the real numbers that they are computed with.
//!
//! This module must not know what is counted.

/// The largest count of pods that is ever asked for: Kubernetes counts replicas in an i32.
pub const MOST_PODS: u32 = i32::MAX.unsigned_abs();

/// The smallest count that is not below `value`; 0 for what is negative or no number.
#[must_use]
pub fn ceil(value: f64) -> u32 {
    whole(value.ceil())
}

/// The largest count that is not above `value`; 0 for what is negative or no number.
#[must_use]
pub fn floor(value: f64) -> u32 {
    whole(value.floor())
}

fn whole(value: f64) -> u32 {
    let bounded = value.max(0.0).min(f64::from(MOST_PODS));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded to 0..=i32::MAX in the line above")]
    let count = bounded as u32;
    count
}

/// A count as a real number; beyond u32 it saturates, which no count of requests in one second reaches.
#[must_use]
pub fn real(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
