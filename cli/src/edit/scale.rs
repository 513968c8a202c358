//! The scale flags become autoscaling annotations and limits of the template.
//!
//! This module must not check ranges; the server knows its own limits.

use anyhow::{Result, anyhow, bail};
use ebb_api::duration::GoDuration;
use ebb_api::serving::RevisionTemplateSpec;

use crate::args::edit::{MetaArgs, ScaleArgs};

/// Annotation for the least replicas.
pub const MIN: &str = "autoscaling.knative.dev/min-scale";
/// Annotation for the most replicas.
pub const MAX: &str = "autoscaling.knative.dev/max-scale";
/// Annotation for the replicas to start with.
pub const INITIAL: &str = "autoscaling.knative.dev/initial-scale";
/// Annotation for the least replicas when there are any.
pub const ACTIVATION: &str = "autoscaling.knative.dev/activation-scale";
/// Annotation for the value of the metric per replica.
pub const TARGET: &str = "autoscaling.knative.dev/target";
/// Annotation for the metric.
pub const METRIC: &str = "autoscaling.knative.dev/metric";
/// Annotation for the percent of the target at which to scale.
pub const UTILIZATION: &str = "autoscaling.knative.dev/target-utilization-percentage";
/// Annotation for the time to look back.
pub const WINDOW: &str = "autoscaling.knative.dev/window";

/// Applies all scale flags but `--scale-init` and `--timeout`.
///
/// # Errors
/// What is wrong with a flag.
pub fn apply(template: &mut RevisionTemplateSpec, flags: &ScaleArgs) -> Result<()> {
    let mut set = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            template.metadata.annotations.get_or_insert_default().insert(key.to_owned(), value);
        }
    };
    let number = |value: Option<i64>| value.map(|value| value.to_string());
    set(MIN, number(flags.scale_min));
    set(MAX, number(flags.scale_max));
    if let Some(range) = &flags.scale {
        if flags.scale_max.is_some() {
            bail!("only --scale or --scale-max can be specified");
        }
        if flags.scale_min.is_some() {
            bail!("only --scale or --scale-min can be specified");
        }
        let (least, most) = read_range(range)?;
        set(MIN, number(least));
        set(MAX, number(most));
    }
    if let Some(window) = &flags.scale_window {
        window.parse::<GoDuration>().map_err(|why| anyhow!("invalid duration for 'scale-window': {why}"))?;
    }
    set(WINDOW, flags.scale_window.clone());
    set(TARGET, number(flags.scale_target));
    set(METRIC, flags.scale_metric.clone());
    set(ACTIVATION, number(flags.scale_activation));
    set(UTILIZATION, number(flags.scale_utilization));
    match flags.concurrency_limit {
        Some(limit) if limit < 0 => bail!("invalid concurrency-limit {limit} (must not be less than 0)"),
        Some(limit) => template.spec.container_concurrency = Some(limit),
        None => {}
    }
    Ok(())
}

/// Applies `--scale-init`, which must not contradict `--annotation`, and `--timeout`.
///
/// # Errors
/// When the initial scale is given twice.
pub fn apply_late(template: &mut RevisionTemplateSpec, flags: &ScaleArgs, meta: &MetaArgs) -> Result<()> {
    if let Some(initial) = flags.scale_init {
        if meta.annotation.iter().any(|annotation| annotation.contains(INITIAL)) {
            bail!("only one of the --scale-init or --annotation {INITIAL} can be specified");
        }
        template.metadata.annotations.get_or_insert_default().insert(INITIAL.to_owned(), initial.to_string());
    }
    if let Some(timeout) = flags.timeout {
        template.spec.timeout_seconds = Some(timeout);
    }
    Ok(())
}

/// Reads `N`, `A..B`, `A..` or `..B`.
fn read_range(text: &str) -> Result<(Option<i64>, Option<i64>)> {
    let read = |text: &str| match text {
        "" => Ok(None),
        text => match text.parse::<i64>() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(anyhow!("invalid value {} for --scale: Scale must be of the format x..y or x", ebb_api::go::quote(text))),
        },
    };
    match text.split_once("..") {
        Some((least, most)) => Ok((read(least)?, read(most.split("..").next().unwrap_or_default())?)),
        None => match text.parse::<i64>() {
            Ok(number) => Ok((Some(number), Some(number))),
            Err(_) => bail!("Scale must be of the format x..y or x"),
        },
    }
}

#[cfg(test)]
mod tests;
