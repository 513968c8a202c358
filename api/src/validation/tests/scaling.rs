//! Autoscaling annotations.

use super::*;

fn annotated(annotations: &[(&str, &str)]) -> Value {
    let annotations: Value = annotations.iter().map(|(key, value)| (format!("autoscaling.knative.dev/{key}"), json!(value))).collect();
    service(&json!({"spec": {"template": {"metadata": {"annotations": annotations}}}}))
}

/// A complaint with the whole path after the last `: `.
fn at(complaint: &str) -> String {
    let Some((message, key)) = complaint.rsplit_once(": ") else { return complaint.to_owned() };
    let path = |key: &str| format!("spec.template.metadata.annotations.autoscaling.knative.dev/{key}");
    format!("{message}: {}", key.split(", ").map(path).collect::<Vec<_>>().join(", "))
}

fn check(configs: &Snapshots, cases: &[(&[(&str, &str)], &str)]) {
    for (annotations, wanted) in cases {
        assert_eq!(verdict_under(configs, "services", &annotated(annotations)), at(wanted), "{annotations:?}");
    }
}

#[test]
fn bounds() {
    check(
        &Snapshots::default(),
        &[
            (&[("min-scale", "1"), ("max-scale", "2")], "fine"),
            (&[("min-scale", "3"), ("max-scale", "0")], "fine"),
            (&[("min-scale", "-1")], "expected 0 <= -1 <= 2147483647: min-scale"),
            (&[("min-scale", "99999999999")], "expected 0 <= 99999999999 <= 2147483647: min-scale"),
            (&[("min-scale", "one")], "invalid value: one: min-scale"),
            (&[("min-scale", "")], "invalid value: : min-scale"),
            (&[("min-scale", "1.5")], "invalid value: 1.5: min-scale"),
            (&[("max-scale", "-1")], "expected 0 <= -1 <= 2147483647: max-scale"),
            (&[("maxScale", "two")], "invalid value: two: maxScale"),
            (&[("max-scale", "two"), ("maxScale", "1")], "invalid value: two: max-scale"),
            (&[("min-scale", "3"), ("max-scale", "2")], "max-scale=2 is less than min-scale=3: max-scale, min-scale"),
        ],
    );
}

#[test]
fn bounds_under_a_limit() {
    let limited = configs(&[("config-autoscaler", &[("max-scale-limit", "10"), ("max-scale", "5")])]);
    check(
        &limited,
        &[
            (&[("max-scale", "10")], "fine"),
            (&[], "fine"),
            (&[("max-scale", "11")], "expected 1 <= 11 <= 10: max-scale"),
            (&[("max-scale", "0")], "max-scale=0 (unlimited), must be less than 10: max-scale"),
        ],
    );
}

#[test]
fn activation_and_initial_scale() {
    check(
        &Snapshots::default(),
        &[
            (&[("activation-scale", "2")], "fine"),
            (&[("activation-scale", "1")], "activation-scale=1 must be greater than 1: activation-scale"),
            (&[("activation-scale", "few")], "invalid value: few: activation-scale"),
            (&[("activation-scale", "3"), ("min-scale", "4")], "min-scale=4 is greater than activation-scale=3: activation-scale"),
            (&[("activation-scale", "5"), ("max-scale", "4")], "max-scale=4 is less than activation-scale=5: activation-scale"),
            (&[("initial-scale", "3")], "fine"),
            (&[("initial-scale", "x")], "invalid value: x: initial-scale"),
            (&[("initial-scale", "-1")], "invalid value: -1: initial-scale must be greater than 0"),
            (&[("initial-scale", "0")], "invalid value: 0: initial-scale=0 not allowed by cluster"),
        ],
    );
    check(&configs(&[("config-autoscaler", &[("allow-zero-initial-scale", "true")])]), &[(&[("initial-scale", "0")], "fine")]);
}

#[test]
fn floats() {
    check(
        &Snapshots::default(),
        &[
            (&[("target", "0.01"), ("target-utilization-percentage", "100"), ("target-burst-capacity", "-1")], "fine"),
            (&[("target", "0.001")], "target 0.001 should be at least 0.01: target"),
            (&[("target", "-10")], "target -10 should be at least 0.01: target"),
            (&[("target", "many")], "invalid value: many: target"),
            (&[("target-utilization-percentage", "0.5")], "expected 1 <= 0.5 <= 100: target-utilization-percentage"),
            (&[("target-utilization-percentage", "101")], "expected 1 <= 101 <= 100: target-utilization-percentage"),
            (&[("targetUtilizationPercentage", "x")], "invalid value: x: targetUtilizationPercentage"),
            (&[("target-burst-capacity", "-2")], "invalid value: -2: target-burst-capacity"),
            (&[("target-burst-capacity", "x")], "invalid value: x: target-burst-capacity"),
            (&[("panic-window-percentage", "0.9")], "expected 1 <= 0.9 <= 100: panic-window-percentage"),
            (&[("panic-window-percentage", "x")], "invalid value: x: panic-window-percentage"),
            (&[("panic-threshold-percentage", "109")], "expected 110 <= 109 <= 1000: panic-threshold-percentage"),
            (&[("panic-threshold-percentage", "1001")], "expected 110 <= 1001 <= 1000: panic-threshold-percentage"),
            (&[("panic-threshold-percentage", "x")], "invalid value: x: panic-threshold-percentage"),
        ],
    );
}

#[test]
fn durations() {
    check(
        &Snapshots::default(),
        &[
            (&[("window", "60s"), ("scale-down-delay", "15m"), ("scale-to-zero-pod-retention-period", "1.5s")], "fine"),
            (&[("window", "5s")], "expected 6s <= 5s <= 1h0m0s: window"),
            (&[("window", "2h")], "expected 6s <= 2h <= 1h0m0s: window"),
            (&[("window", "9.5s")], "must be specified with at most second precision: window"),
            (&[("window", "9")], "invalid value: 9: window"),
            (&[("scale-down-delay", "-1s")], "expected 0s <= -1s <= 1h0m0s: scale-down-delay"),
            (&[("scale-down-delay", "61m")], "expected 0s <= 61m <= 1h0m0s: scale-down-delay"),
            (&[("scale-down-delay", "9.5s")], "must be specified with at most second precision: scale-down-delay"),
            (&[("scale-down-delay", "x")], "invalid value: x: scale-down-delay"),
            (&[("scale-to-zero-pod-retention-period", "-1s")], "expected 0s <= -1s <= 1h0m0s: scale-to-zero-pod-retention-period"),
            (&[("scale-to-zero-pod-retention-period", "2h")], "expected 0s <= 2h <= 1h0m0s: scale-to-zero-pod-retention-period"),
            (&[("scaleToZeroPodRetentionPeriod", "x")], "invalid value: x: scaleToZeroPodRetentionPeriod"),
        ],
    );
}

#[test]
fn class_metric_and_algorithm() {
    let (kpa, hpa) = ("kpa.autoscaling.knative.dev", "hpa.autoscaling.knative.dev");
    check(
        &Snapshots::default(),
        &[
            (&[("class", kpa), ("metric", "rps"), ("metric-aggregation-algorithm", "weighted-exponential")], "fine"),
            (&[("class", hpa), ("metric", "memory")], "fine"),
            (&[("class", "mine.example.com"), ("metric", "moon-phase"), ("metric-aggregation-algorithm", "x")], "fine"),
            (&[("class", "other.autoscaling.knative.dev")], "invalid value: other.autoscaling.knative.dev: class"),
            (&[("metric", "cpu")], "invalid value: cpu: metric"),
            (&[("class", kpa), ("metric", "cpu")], "invalid value: cpu: metric"),
            (&[("class", hpa), ("metric", "")], "invalid value: : metric"),
            (&[("class", kpa), ("metric-aggregation-algorithm", "median")], "invalid value: median: metric-aggregation-algorithm"),
        ],
    );
}
