//! `config-gc`: which old revisions are kept.
//!
//! This module must not collect anything. Source: knative/serving `pkg/gc/config.go`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::ConfigError;
use super::parse::{Data, ensure};
use crate::duration::GoDuration;
use crate::go;

/// The ConfigMap's name.
pub const NAME: &str = "config-gc";

/// The rules of revision garbage collection. `None` is `disabled`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gc {
    /// Age since creation before which a revision is kept.
    pub retain_since_create_time: Option<Duration>,
    /// Time since it was last routed to before which a revision is kept.
    pub retain_since_last_active_time: Option<Duration>,
    /// Revisions without traffic that are always kept.
    pub min_non_active_revisions: i64,
    /// Revisions without traffic that are kept at most, whatever their age.
    pub max_non_active_revisions: Option<i64>,
}

impl Default for Gc {
    fn default() -> Self {
        Self {
            retain_since_create_time: Some(Duration::from_secs(48 * 3_600)),
            retain_since_last_active_time: Some(Duration::from_secs(15 * 3_600)),
            min_non_active_revisions: 20,
            max_non_active_revisions: Some(1000),
        }
    }
}

impl Gc {
    /// Reads the ConfigMap's data.
    ///
    /// # Errors
    /// A value that cannot be read or is out of its bounds.
    pub fn from_data(data: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        let data = Data(data);
        data.i64("min-non-active-revisions", &mut config.min_non_active_revisions)
            .map_err(|why| ConfigError(format!("failed to parse data: {why}")))?;
        or_disabled(data, "retain-since-create-time", &mut config.retain_since_create_time, parse_span)?;
        or_disabled(data, "retain-since-last-active-time", &mut config.retain_since_last_active_time, parse_span)?;
        or_disabled(data, "max-non-active-revisions", &mut config.max_non_active_revisions, parse_count)?;
        let min = config.min_non_active_revisions;
        ensure(min >= 0, || format!("min-non-active-revisions must be non-negative, was: {min}"))?;
        if let Some(max) = config.max_non_active_revisions {
            ensure(min <= max, || format!("min-non-active-revisions({min}) must be <= max-non-active-revisions({max})"))?;
        }
        Ok(config)
    }
}

/// Reads a key that may be `disabled`, or empty for the default.
fn or_disabled<T>(
    data: Data<'_>,
    key: &str,
    target: &mut Option<T>,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<(), ConfigError> {
    match data.get(key).map_or("", str::trim) {
        "" => {}
        word if word.eq_ignore_ascii_case("disabled") => *target = None,
        text => *target = Some(parse(text).map_err(|why| ConfigError(format!("failed to parse {key}: {why}")))?),
    }
    Ok(())
}

fn parse_span(text: &str) -> Result<Duration, String> {
    let span: GoDuration = text.parse()?;
    if span < GoDuration::ZERO { Err("must be non-negative".to_owned()) } else { Ok(span.to_std()) }
}

fn parse_count(text: &str) -> Result<i64, String> {
    let failed = || format!("strconv.ParseUint: parsing {}: invalid syntax", go::quote(text));
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(failed());
    }
    text.parse().map_err(|_| format!("value should be lower than {}", i64::MAX))
}
