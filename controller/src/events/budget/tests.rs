//! Budgets on a clock that only moves when it is told to.

use std::time::Duration;

use governor::clock::FakeRelativeClock;

use super::*;

const FIVE_MINUTES: Duration = Duration::from_secs(300);

fn object(uid: &str) -> ObjectReference {
    ObjectReference { uid: Some(uid.to_owned()), ..ObjectReference::default() }
}

fn budgets() -> (Budgets<FakeRelativeClock>, FakeRelativeClock) {
    let clock = FakeRelativeClock::default();
    (Budgets::new(clock.clone()), clock)
}

/// How many of `tries` are granted.
fn taken(budgets: &Budgets<FakeRelativeClock>, uid: &str, tries: usize) -> usize {
    (0..tries).filter(|_| budgets.take(&object(uid))).count()
}

#[test]
fn a_burst_and_then_one_in_five_minutes() {
    let (budgets, clock) = budgets();
    assert_eq!(taken(&budgets, "shop", 100), 25);
    for (passes, want) in [
        (Duration::ZERO, 0),
        (FIVE_MINUTES - Duration::from_secs(1), 0),
        (Duration::from_secs(1), 1),
        (FIVE_MINUTES, 1),
        (3 * FIVE_MINUTES, 3),
        (24 * FIVE_MINUTES, 24),
        // It never becomes more than a burst.
        (Duration::from_secs(86_400), 25),
    ] {
        clock.advance(passes);
        assert_eq!(taken(&budgets, "shop", 100), want, "after another {passes:?}");
    }
}

#[test]
fn each_object_has_its_own() {
    let (budgets, _) = budgets();
    assert_eq!(taken(&budgets, "shop", 30), 25);
    assert_eq!(taken(&budgets, "cart", 30), 25);
    let nameless = ObjectReference::default();
    assert!((0..30).all(|_| budgets.take(&nameless)), "what has no uid has no budget");
}

#[test]
fn many_objects_need_no_more_room_and_the_loudest_stays_known() {
    let (budgets, clock) = budgets();
    assert_eq!(taken(&budgets, "loud", 25), 25);
    for number in 0..3 * OBJECTS {
        assert!(budgets.take(&object(&number.to_string())), "a new object may always be told about");
        clock.advance(Duration::from_millis(10));
    }
    assert_eq!(taken(&budgets, "loud", 1), 0);
    let spent = budgets.0.into_state_store().0.into_inner();
    assert!((OBJECTS / 2..=OBJECTS).contains(&spent.len()), "{}", spent.len());
}
