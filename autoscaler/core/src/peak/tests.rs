//! The highest count of a stretch, and how little is kept for it.

use super::*;

fn at(seconds: u64) -> Moment {
    Moment::at_second(seconds)
}

#[test]
fn the_highest_counts_until_it_is_too_old() {
    let mut peak = Peak::default();
    let length = Duration::from_secs(10);
    assert_eq!(peak.highest(at(0), length), None);
    for (second, count) in [(0, 3), (2, 7), (4, 5), (6, 1)] {
        peak.record(at(second), count);
    }
    let expected = [(6, 7, 12), (11, 7, 12), (12, 5, 14), (14, 1, 16)];
    for (second, count, until) in expected {
        assert_eq!(peak.highest(at(second), length), Some((count, at(until))), "at {second}");
    }
    assert_eq!(peak.highest(at(16), length), None);
}

#[test]
fn only_what_can_still_be_the_highest_is_kept() {
    let mut peak = Peak::default();
    for second in 0..1_000 {
        peak.record(at(second), 5);
    }
    assert_eq!(peak.0.len(), 1);
    assert_eq!(peak.highest(at(1_000), Duration::from_secs(60)), Some((5, at(1_059))));
}
