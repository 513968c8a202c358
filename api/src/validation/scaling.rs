//! Rules of the autoscaling annotations.
//!
//! This module must not scale. Source: knative/serving `pkg/apis/autoscaling/annotation_validation.go`.

use std::collections::BTreeMap;

use crate::annotations::Keys;
use crate::annotations::autoscaling::{
    ACTIVATION_SCALE, CLASS, INITIAL_SCALE, MAX_SCALE, METRIC, METRIC_AGGREGATION_ALGORITHM, MIN_SCALE, PANIC_THRESHOLD_PERCENTAGE,
    PANIC_WINDOW_PERCENTAGE, SCALE_DOWN_DELAY, SCALE_TO_ZERO_POD_RETENTION_PERIOD, TARGET, TARGET_BURST_CAPACITY,
    TARGET_UTILIZATION_PERCENTAGE, WINDOW,
};
use crate::config::Autoscaler;
use crate::config::autoscaler::{TARGET_MIN, WINDOW_MAX, WINDOW_MIN};
use crate::defaulting::HPA_CLASS;
use crate::duration::GoDuration;
use crate::field_error::FieldErrors;
use crate::go::{float, parse_float, parse_int};
use crate::keys::KPA_CLASS;

type Annotations = BTreeMap<String, String>;

pub(super) fn validate(annotations: &Annotations, config: &Autoscaler) -> FieldErrors {
    [
        class(annotations),
        scale_bounds(annotations, config),
        percentages(annotations),
        targets(annotations),
        window(annotations),
        span(annotations, SCALE_TO_ZERO_POD_RETENTION_PERIOD, false),
        span(annotations, SCALE_DOWN_DELAY, true),
        metric(annotations, config),
        algorithm(annotations),
        initial_scale(annotations, config),
    ]
    .into_iter()
    .collect()
}

/// Knative has two autoscalers; others live in other domains.
fn class(annotations: &Annotations) -> FieldErrors {
    match CLASS.find(annotations) {
        Some((key, class)) if class.ends_with(".knative.dev") && class != KPA_CLASS && class != HPA_CLASS => {
            FieldErrors::invalid(class, key)
        }
        _ => FieldErrors::none(),
    }
}

fn scale_bounds(annotations: &Annotations, config: &Autoscaler) -> FieldErrors {
    let (min, min_errors) = count(annotations, MIN_SCALE);
    let (max, max_errors) = count(annotations, MAX_SCALE);
    let mut errors = min_errors.also(max_errors);
    if max != 0 && max < min {
        let message = format!("max-scale={max} is less than min-scale={min}");
        errors.extend([FieldErrors::generic(message, &[MAX_SCALE.key(), MIN_SCALE.key()])]);
    }
    if let Some((key, _)) = MAX_SCALE.find(annotations) {
        errors.extend([within_limit(key, max, i64::from(config.max_scale_limit))]);
    }
    errors.also(activation_scale(annotations, min, max))
}

/// A whole number that is not negative; 0 where there is none or it is wrong.
fn count(annotations: &Annotations, keys: Keys) -> (i64, FieldErrors) {
    let Some((key, text)) = keys.find(annotations) else { return (0, FieldErrors::none()) };
    match parse_int(text, 32) {
        Ok(value) if value >= 0 => (value, FieldErrors::none()),
        Err(why) if !why.ends_with("value out of range") => (0, FieldErrors::invalid(text, key)),
        _ => (0, FieldErrors::out_of_bounds(text, 0, i32::MAX, key)),
    }
}

fn within_limit(key: &str, max: i64, limit: i64) -> FieldErrors {
    if limit == 0 {
        FieldErrors::none()
    } else if max > limit {
        FieldErrors::out_of_bounds(max, 1, limit, key)
    } else if max == 0 {
        FieldErrors::generic(format!("max-scale=0 (unlimited), must be less than {limit}"), &[key])
    } else {
        FieldErrors::none()
    }
}

fn activation_scale(annotations: &Annotations, min: i64, max: i64) -> FieldErrors {
    let Some((key, text)) = ACTIVATION_SCALE.find(annotations) else { return FieldErrors::none() };
    let Ok(activation) = parse_int(text, 32) else { return FieldErrors::invalid(text, key) };
    let message = if min > activation {
        format!("min-scale={min} is greater than activation-scale={activation}")
    } else if max != 0 && max < activation {
        format!("max-scale={max} is less than activation-scale={activation}")
    } else if activation < 2 {
        format!("activation-scale={activation} must be greater than 1")
    } else {
        return FieldErrors::none();
    };
    FieldErrors::generic(message, &[key])
}

fn percentages(annotations: &Annotations) -> FieldErrors {
    let limits =
        [(PANIC_WINDOW_PERCENTAGE, 1.0, 100.0), (PANIC_THRESHOLD_PERCENTAGE, 110.0, 1000.0), (TARGET_UTILIZATION_PERCENTAGE, 1.0, 100.0)];
    let check = |(keys, lowest, highest): (Keys, f64, f64)| {
        let (key, text) = keys.find(annotations)?;
        match parse_float(text) {
            Err(_) => Some(FieldErrors::invalid(text, key)),
            Ok(value) if value < lowest || value > highest => Some(FieldErrors::out_of_bounds(text, float(lowest), float(highest), key)),
            Ok(_) => None,
        }
    };
    limits.into_iter().filter_map(check).collect()
}

fn targets(annotations: &Annotations) -> FieldErrors {
    let mut errors = FieldErrors::none();
    if let Some((key, text)) = TARGET.find(annotations) {
        match parse_float(text) {
            Err(_) => errors.extend([FieldErrors::invalid(text, key)]),
            Ok(target) if target < TARGET_MIN => {
                errors.extend([FieldErrors::generic(format!("target {text} should be at least {}", float(TARGET_MIN)), &[key])]);
            }
            Ok(_) => {}
        }
    }
    if let Some((key, text)) = TARGET_BURST_CAPACITY.find(annotations) {
        #[expect(clippy::float_cmp, reason = "-1 is a word, not the result of a computation")]
        let fits = parse_float(text).is_ok_and(|capacity| capacity >= 0.0 || capacity == -1.0);
        if !fits {
            errors.extend([FieldErrors::invalid(text, key)]);
        }
    }
    errors
}

fn window(annotations: &Annotations) -> FieldErrors {
    let Some((key, text)) = WINDOW.find(annotations) else { return FieldErrors::none() };
    let (shortest, longest) = (GoDuration::from_std(WINDOW_MIN), GoDuration::from_std(WINDOW_MAX));
    duration_within(key, text, shortest, longest, true)
}

/// A duration from nothing to the longest window.
fn span(annotations: &Annotations, keys: Keys, whole_seconds: bool) -> FieldErrors {
    let Some((key, text)) = keys.find(annotations) else { return FieldErrors::none() };
    duration_within(key, text, GoDuration::ZERO, GoDuration::from_std(WINDOW_MAX), whole_seconds)
}

fn duration_within(key: &str, text: &str, shortest: GoDuration, longest: GoDuration, whole_seconds: bool) -> FieldErrors {
    match text.parse::<GoDuration>() {
        Err(_) => FieldErrors::invalid(text, key),
        Ok(duration) if duration < shortest || duration > longest => FieldErrors::out_of_bounds(text, shortest, longest, key),
        Ok(duration) if whole_seconds && !duration.is_whole_seconds() => {
            FieldErrors::generic("must be specified with at most second precision", &[key])
        }
        Ok(_) => FieldErrors::none(),
    }
}

fn metric(annotations: &Annotations, config: &Autoscaler) -> FieldErrors {
    let Some((key, metric)) = METRIC.find(annotations) else { return FieldErrors::none() };
    let class = CLASS.get(annotations).unwrap_or(&config.pod_autoscaler_class);
    let known = match class {
        KPA_CLASS => matches!(metric, "concurrency" | "rps"),
        HPA_CLASS => !metric.is_empty(),
        // Other autoscalers have metrics of their own.
        _ => true,
    };
    if known { FieldErrors::none() } else { FieldErrors::invalid(metric, key) }
}

fn algorithm(annotations: &Annotations) -> FieldErrors {
    // Other autoscalers have algorithms of their own; without a class it is ours.
    if CLASS.get(annotations).is_some_and(|class| class != KPA_CLASS) {
        return FieldErrors::none();
    }
    match METRIC_AGGREGATION_ALGORITHM.find(annotations) {
        None | Some((_, "" | "linear" | "weighted-exponential" | "weightedExponential")) => FieldErrors::none(),
        Some((key, other)) => FieldErrors::invalid(other, key),
    }
}

fn initial_scale(annotations: &Annotations, config: &Autoscaler) -> FieldErrors {
    let Some((key, text)) = INITIAL_SCALE.find(annotations) else { return FieldErrors::none() };
    match parse_int(text, 64) {
        Err(_) => FieldErrors::invalid(text, key),
        Ok(scale) if scale < 0 => FieldErrors::invalid(text, &format!("{key} must be greater than 0")),
        Ok(0) if !config.allow_zero_initial_scale => FieldErrors::invalid(text, &format!("{key}=0 not allowed by cluster")),
        Ok(_) => FieldErrors::none(),
    }
}
