//! Annotations and settings as they become a tuning, and what happens to those that make no sense.

use std::collections::BTreeMap;

use ebb_api::autoscaling::PodAutoscalerSpec;
use ebb_api::config::{Autoscaler, Deployment};

use super::*;

fn read_with(annotations: &[(&str, &str)], limit: i64, config: &[(&str, &str)]) -> (Spec, Vec<String>) {
    let full = |name: &str| if name.contains('/') { name.to_owned() } else { format!("autoscaling.knative.dev/{name}") };
    let annotations = annotations.iter().map(|(name, value)| (full(name), (*value).to_owned())).collect();
    let config: BTreeMap<String, String> = config.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let pa = PodAutoscalerSpec { container_concurrency: limit, ..PodAutoscalerSpec::default() };
    let (spec, problems) = Spec::read(&annotations, &pa, &Autoscaler::from_data(&config).unwrap(), &Deployment::default());
    (spec, problems.iter().map(ToString::to_string).collect())
}

fn read(annotations: &[(&str, &str)]) -> Spec {
    let (spec, problems) = read_with(annotations, 0, &[]);
    assert_eq!(problems, Vec::<String>::new());
    spec
}

#[test]
fn defaults() {
    let expected = Spec {
        reachable: true,
        metric: Metric::Concurrency,
        algorithm: Algorithm::Linear,
        container_concurrency: 0,
        total: 100.0,
        target: 70.0,
        target_burst_capacity: 211.0,
        windows: Windows { stable: Duration::from_secs(60), panic: Duration::from_secs(6) },
        panic_threshold: 2.0,
        max_scale_up_rate: 1000.0,
        max_scale_down_rate: 2.0,
        min_scale: 0,
        max_scale: 0,
        initial_scale: 1,
        activation_scale: 0,
        scale_down_delay: Duration::ZERO,
        enable_scale_to_zero: true,
        retention_period: Duration::ZERO,
        activation_timeout: Duration::from_secs(630),
    };
    assert_eq!(read(&[]), expected);
}

#[test]
fn every_annotation() {
    let spec = read(&[
        ("metric", "rps"),
        ("metric-aggregation-algorithm", "weighted-exponential"),
        ("target", "150.5"),
        ("target-utilization-percentage", "80"),
        ("target-burst-capacity", "-1"),
        ("window", "2m"),
        ("panic-window-percentage", "20.0"),
        ("panic-threshold-percentage", "150"),
        ("min-scale", "2"),
        ("max-scale", "9"),
        ("initial-scale", "3"),
        ("activation-scale", "4"),
        ("scale-down-delay", "15m"),
        ("scale-to-zero-pod-retention-period", "1m5.5s"),
        ("serving.knative.dev/progress-deadline", "10s"),
    ]);
    let expected = Spec {
        reachable: true,
        metric: Metric::Rps,
        algorithm: Algorithm::WeightedExponential,
        container_concurrency: 0,
        total: 150.5,
        target: 120.4,
        target_burst_capacity: -1.0,
        windows: Windows { stable: Duration::from_secs(120), panic: Duration::from_secs(24) },
        panic_threshold: 1.5,
        max_scale_up_rate: 1000.0,
        max_scale_down_rate: 2.0,
        min_scale: 2,
        max_scale: 9,
        initial_scale: 3,
        activation_scale: 4,
        scale_down_delay: Duration::from_secs(900),
        enable_scale_to_zero: true,
        retention_period: Duration::from_millis(65_500),
        activation_timeout: Duration::from_secs(40),
    };
    assert_eq!(spec, expected);
}

#[test]
fn the_kebab_name_wins_over_the_camel_case_one() {
    assert_eq!(read(&[("minScale", "7")]).min_scale, 7);
    assert_eq!(read(&[("minScale", "7"), ("min-scale", "3")]).min_scale, 3);
    assert_eq!(read(&[("scaleToZeroPodRetentionPeriod", "7s")]).retention_period, Duration::from_secs(7));
    assert_eq!(read(&[("metricAggregationAlgorithm", "weightedExponential")]).algorithm, Algorithm::WeightedExponential);
}

#[test]
fn settings_hold_where_annotations_are_silent() {
    let config = [
        ("container-concurrency-target-default", "50"),
        ("container-concurrency-target-percentage", "0.5"),
        ("requests-per-second-target-default", "20"),
        ("stable-window", "30s"),
        ("panic-window-percentage", "1"),
        ("min-scale", "1"),
        ("max-scale", "4"),
        ("initial-scale", "2"),
        ("enable-scale-to-zero", "false"),
        ("scale-down-delay", "7s"),
        ("max-scale-up-rate", "10"),
        ("max-scale-down-rate", "3"),
    ];
    let (spec, _) = read_with(&[], 0, &config);
    assert_eq!((spec.total, spec.target), (50.0, 25.0));
    assert_eq!((spec.windows.stable.as_secs(), spec.windows.panic.as_secs()), (30, 1));
    assert_eq!((spec.min_scale, spec.max_scale, spec.initial_scale), (1, 4, 2));
    assert_eq!((spec.max_scale_up_rate, spec.max_scale_down_rate), (10.0, 3.0));
    assert_eq!((spec.enable_scale_to_zero, spec.scale_down_delay.as_secs()), (false, 7));
    let (spec, _) = read_with(&[("metric", "rps")], 0, &config);
    assert_eq!((spec.total, spec.target), (20.0, 14.0), "the percentage is for concurrency only");
}

#[test]
fn a_hard_limit_caps_the_target_of_concurrency_only() {
    for (annotation, limit, total) in [("50", 10, 10.0), ("5", 10, 5.0), ("50", 0, 50.0)] {
        assert_eq!(read_with(&[("target", annotation)], limit, &[]).0.total, total);
    }
    assert_eq!(read_with(&[], 10, &[]).0.total, 10.0);
    assert_eq!(read_with(&[("metric", "rps"), ("target", "50")], 10, &[]).0.total, 50.0);
    assert_eq!(read_with(&[("target", "0.01"), ("target-utilization-percentage", "1")], 0, &[]).0.target, 0.01);
}

#[test]
fn what_makes_no_sense_is_told_and_the_default_holds() {
    let cases: &[(&str, &str, &str)] = &[
        ("min-scale", "many", "invalid syntax"),
        ("min-scale", "-1", "at least 0"),
        ("max-scale", "99999999999", "out of range"),
        ("initial-scale", "0", "at least 1"),
        ("activation-scale", "1", "at least 2"),
        ("target", "0", "at least 0.01"),
        ("target", "NaN", "invalid syntax"),
        ("target-utilization-percentage", "101", "between 1 and 100"),
        ("target-burst-capacity", "-2", "or -1"),
        ("panic-window-percentage", "0.5", "between 1 and 100"),
        ("panic-threshold-percentage", "100", "between 110 and 1000"),
        ("window", "5s", "between 6s and 1h0m0s"),
        ("window", "6.5s", "whole seconds"),
        ("window", "60", "missing unit"),
        ("scale-down-delay", "-1s", "between 0s"),
        ("scale-to-zero-pod-retention-period", "2h", "between 0s"),
        ("metric", "cpu", "concurrency, rps"),
        ("metric-aggregation-algorithm", "median", "linear"),
        ("serving.knative.dev/progress-deadline", "0s", "positive"),
    ];
    let (defaults, _) = read_with(&[], 0, &[]);
    for (name, value, why) in cases {
        let (spec, problems) = read_with(&[(name, value)], 0, &[]);
        assert_eq!(spec, defaults, "{name}={value}");
        let [problem] = problems.as_slice() else { panic!("{name}={value}: {problems:?}") };
        assert!(problem.contains(name) && problem.contains(value) && problem.contains(why), "{problem}");
    }
}

#[test]
fn the_upper_bound_wins_over_the_lower_one() {
    let (spec, problems) = read_with(&[("min-scale", "5"), ("max-scale", "3")], 0, &[]);
    assert_eq!((spec.min_scale, spec.max_scale, problems.len()), (3, 3, 1));
}

#[test]
fn bounds_follow_initialization_and_reachability() {
    let mut spec = read(&[("min-scale", "2"), ("initial-scale", "4"), ("max-scale", "3")]);
    assert_eq!((spec.least(false), spec.least(true)), (3, 2));
    assert_eq!((spec.threshold(false), spec.threshold(true)), (3, 2));
    spec.reachable = false;
    assert_eq!((spec.least(false), spec.least(true)), (0, 0));
    assert_eq!((spec.threshold(false), spec.threshold(true)), (3, 1));
    assert_eq!((spec.bounded_above(9), spec.bounded_above(1)), (3, 1));
}
