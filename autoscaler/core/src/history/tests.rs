//! Averages against Knative's own arithmetic, worked out by hand, and what looks of odd lengths add to it.

use std::time::Duration;

use super::*;

const WINDOWS: Windows = Windows { stable: Duration::from_secs(60), panic: Duration::from_secs(6) };

fn at(seconds: f64) -> Moment {
    Moment::after_origin(Duration::from_secs_f64(seconds))
}

fn look(history: &mut History, second: f64, over: f64, concurrency: f64) {
    let mean = Traffic { concurrency, requests: concurrency * 10.0 * over };
    history.record(at(second), Duration::from_secs_f64(over), mean, false, WINDOWS);
}

/// One look of a whole second at the end of each second, from 1 on.
fn seconds(values: &[f64]) -> History {
    let mut history = History::default();
    for (value, second) in values.iter().zip(1_u32..) {
        look(&mut history, f64::from(second), 1.0, *value);
    }
    history
}

fn linear(history: &History, over: Over, now: f64) -> f64 {
    history.average(Algorithm::Linear, over, WINDOWS, at(now)).concurrency
}

fn weighted(history: &History, over: Over, now: f64) -> f64 {
    history.average(Algorithm::WeightedExponential, over, WINDOWS, at(now)).concurrency
}

#[test]
fn nothing_known_is_zero() {
    assert_eq!(linear(&History::default(), Over::Stable, 5.0), 0.0);
    assert_eq!(weighted(&History::default(), Over::Panic, 0.0), 0.0);
}

#[test]
fn a_young_history_is_divided_by_its_age() {
    assert_eq!(linear(&seconds(&[10.0]), Over::Stable, 1.0), 10.0);
    assert_eq!(linear(&seconds(&[10.0, 20.0]), Over::Stable, 2.0), 15.0);
    assert_eq!(linear(&seconds(&[10.0, 20.0]), Over::Panic, 2.0), 15.0);
}

#[test]
fn a_full_window_holds_its_last_seconds() {
    let values: Vec<f64> = (0..100).map(f64::from).collect();
    let history = seconds(&values);
    // Values 94..=99, then 40..=99.
    assert_eq!(linear(&history, Over::Panic, 100.0), 96.5);
    assert_eq!(linear(&history, Over::Stable, 100.0), 69.5);
}

#[test]
fn the_gap_since_the_last_look_is_left_out() {
    let values = [6.0; 60];
    let history = seconds(&values);
    for (now, stable, panic) in [(60.0, 6.0, 6.0), (63.0, 6.0, 6.0), (66.0, 6.0, 0.0), (119.0, 6.0, 0.0), (120.0, 0.0, 0.0)] {
        assert_eq!((linear(&history, Over::Stable, now), linear(&history, Over::Panic, now)), (stable, panic), "at {now}");
    }
}

#[test]
fn a_gap_between_looks_counts_as_zeros() {
    let mut history = seconds(&[10.0]);
    look(&mut history, 4.0, 1.0, 10.0);
    assert_eq!(linear(&history, Over::Stable, 4.0), 5.0);
}

#[test]
fn a_silence_as_long_as_a_window_begins_it_anew() {
    let mut history = seconds(&[10.0]);
    look(&mut history, 11.0, 1.0, 12.0);
    assert_eq!(linear(&history, Over::Panic, 11.0), 12.0);
    assert_eq!(linear(&history, Over::Stable, 11.0), 2.0);
    look(&mut history, 80.0, 1.0, 7.0);
    assert_eq!(linear(&history, Over::Stable, 80.0), 7.0);
}

#[test]
fn quiet_makes_the_silence_zeros() {
    let mut history = seconds(&[10.0; 9]);
    history.record(at(10.0), SECOND, Traffic { concurrency: 10.0, requests: 0.0 }, true, WINDOWS);
    assert_eq!(linear(&history, Over::Stable, 10.0), 10.0);
    assert_eq!(linear(&history, Over::Stable, 20.0), 5.0);
    assert_eq!(linear(&history, Over::Panic, 13.0), 5.0);
    assert_eq!(linear(&history, Over::Panic, 16.0), 0.0);
    // Sliding out second by second, and in parts of one.
    assert_eq!(linear(&history, Over::Stable, 65.0), 0.833_333);
    assert_eq!(linear(&history, Over::Stable, 65.5), 0.75);
    assert_eq!(linear(&history, Over::Stable, 70.0), 0.0);
    // The zeros stay: what comes next is not the beginning of a history.
    look(&mut history, 31.0, 1.0, 6.0);
    assert_eq!(linear(&history, Over::Panic, 31.0), 1.0);
}

#[test]
fn looks_of_any_length_add_up_to_the_same() {
    let whole = seconds(&[4.0, 8.0, 6.0]);
    let mut parts = History::default();
    for (second, over, value) in [(0.25, 0.25, 4.0), (1.0, 0.75, 4.0), (1.5, 0.5, 8.0), (2.0, 0.5, 8.0), (3.0, 1.0, 6.0)] {
        look(&mut parts, second, over, value);
    }
    let mut long = History::default();
    look(&mut long, 3.0, 3.0, 6.0);
    for history in [&whole, &parts, &long] {
        assert_eq!(linear(history, Over::Stable, 3.0), 6.0);
    }
    assert_eq!(whole.average(Algorithm::Linear, Over::Stable, WINDOWS, at(3.0)).requests, 60.0);
    assert_eq!(parts.average(Algorithm::Linear, Over::Stable, WINDOWS, at(3.0)).requests, 60.0);
}

#[test]
fn less_than_a_second_is_averaged_over_a_second() {
    let mut history = History::default();
    look(&mut history, 0.02, 0.02, 100.0);
    assert_eq!(linear(&history, Over::Panic, 0.02), 2.0);
}

#[test]
fn several_sources_add_up() {
    let mut history = seconds(&[5.0, 5.0]);
    look(&mut history, 1.0, 1.0, 3.0);
    look(&mut history, 2.0, 1.0, 3.0);
    assert_eq!(linear(&history, Over::Stable, 2.0), 8.0);
}

#[test]
fn the_weighted_average_is_knatives() {
    // n = 60: 1 - 0.0001^(1/60) = 0.142, so the least multiplier of 0.2 holds.
    assert_eq!(weighted(&seconds(&[10.0]), Over::Stable, 1.0), 2.0);
    assert_eq!(weighted(&seconds(&[5.0, 10.0]), Over::Stable, 2.0), 2.8);
    // n = 6: m = 1 - 0.0001^(1/6) = 0.784557; the newest of six values has the most weight.
    let multiplier = 1.0 - 0.0001_f64.powf(1.0 / 6.0);
    let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let expected: f64 = values.iter().rev().zip(0..).map(|(value, age)| value * multiplier * (1.0 - multiplier).powi(age)).sum();
    assert!((weighted(&seconds(&values), Over::Panic, 6.0) - expected).abs() < 2e-6);
    // The gap since the last look does not lower it.
    assert_eq!(weighted(&seconds(&[10.0]), Over::Stable, 30.0), 2.0);
    assert_eq!(weighted(&seconds(&[10.0]), Over::Stable, 61.0), 0.0);
}

#[test]
fn the_weighted_average_does_not_jump_when_a_second_begins() {
    let mut history = seconds(&[10.0; 60]);
    let before = weighted(&history, Over::Stable, 60.0);
    look(&mut history, 60.25, 0.25, 10.0);
    let after = weighted(&history, Over::Stable, 60.25);
    assert!((before - after).abs() < 0.01, "{before} and {after}");
}

#[test]
fn buckets_are_bounded_by_the_window() {
    let mut history = seconds(&[1.0; 1_000]);
    assert!(history.buckets.len() <= 62, "{}", history.buckets.len());
    look(&mut history, 1_000_000.0, 1.0, 1.0);
    assert!(history.buckets.len() <= 62, "{}", history.buckets.len());
    look(&mut history, 1_000_000.5, 100_000.0, 1.0);
    assert!(history.buckets.len() <= 62, "{}", history.buckets.len());
}

#[test]
fn sliding_ends_with_the_traffic_of_the_window() {
    let history = seconds(&[1.0]);
    assert!(history.is_sliding(WINDOWS, at(60.9)));
    assert!(!history.is_sliding(WINDOWS, at(61.0)));
    assert!(!History::default().is_sliding(WINDOWS, at(0.0)));
}
