//! The laws of splits: exact in every window of 100, interleaved, exact across threads.

use std::collections::HashMap;

use proptest::prelude::*;

use super::{BadSplit, Split};

fn take(split: &Split, count: usize) -> Vec<usize> {
    (0..count).map(|_| split.pick()).collect()
}

/// Percents that sum to 100, from arbitrary cut points.
fn percents() -> impl Strategy<Value = Vec<i64>> {
    proptest::collection::vec(0_i64..=100, 0..12).prop_map(|mut cuts| {
        cuts.sort_unstable();
        let mut last = 0;
        let mut percents: Vec<i64> = Vec::new();
        for cut in cuts.into_iter().chain([100]) {
            percents.push(cut - last);
            last = cut;
        }
        percents
    })
}

#[test]
fn twenty_eighty_is_interleaved() {
    let split = Split::new(&[20, 80]).unwrap();
    let taken = take(&split, 500);
    for window in taken.windows(5) {
        assert_eq!(window.iter().filter(|index| **index == 0).count(), 1, "one in every five");
    }
}

#[test]
fn one_backend_takes_all_and_a_backend_without_share_none() {
    assert_eq!(take(&Split::new(&[100]).unwrap(), 3), [0, 0, 0]);
    assert_eq!(take(&Split::new(&[0, 100]).unwrap(), 3), [1, 1, 1]);
}

#[test]
fn bad_percents_are_refused() {
    assert_eq!(Split::new(&[]).unwrap_err(), BadSplit::Sum(0));
    assert_eq!(Split::new(&[50, 49]).unwrap_err(), BadSplit::Sum(99));
    assert_eq!(Split::new(&[-1, 101]).unwrap_err(), BadSplit::Percent(-1));
    assert_eq!(Split::new(&[i64::MAX, i64::MAX]).unwrap_err(), BadSplit::Percent(i64::MAX));
}

#[test]
fn a_continued_split_stays_exact_across_the_change() {
    let old = Split::new(&[30, 70]).unwrap();
    let mut taken = take(&old, 37);
    let mut new = Split::new(&[30, 70]).unwrap();
    new.continue_from(&old);
    taken.extend(take(&new, 163));
    for window in taken.windows(100) {
        assert_eq!(window.iter().filter(|index| **index == 0).count(), 30);
    }
}

#[test]
fn exact_with_several_threads() {
    let split = Split::new(&[1, 20, 79]).unwrap();
    let counts = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| take(&split, 2_500))).collect();
        let mut counts = HashMap::new();
        for thread in threads {
            for index in thread.join().unwrap() {
                *counts.entry(index).or_insert(0) += 1;
            }
        }
        counts
    });
    assert_eq!(counts, HashMap::from([(0, 100), (1, 2_000), (2, 7_900)]));
}

proptest! {
    #[test]
    fn exact_in_every_window_of_100(percents in percents(), skip in 0_usize..250) {
        let split = Split::new(&percents).unwrap();
        take(&split, skip);
        let taken = take(&split, 250);
        for window in taken.windows(100) {
            for (index, percent) in percents.iter().enumerate() {
                let count = i64::try_from(window.iter().filter(|taken| **taken == index).count()).unwrap();
                prop_assert_eq!(count, *percent);
            }
        }
    }

    #[test]
    fn only_sums_of_100_are_splits(percents in proptest::collection::vec(0_i64..=100, 0..6)) {
        prop_assert_eq!(Split::new(&percents).is_ok(), percents.iter().sum::<i64>() == 100);
    }
}
