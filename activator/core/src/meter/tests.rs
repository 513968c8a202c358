//! What the meter reads.

use proptest::prelude::*;

use super::*;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn the_mean_is_weighted_by_time() {
    let mut meter = Meter::default();
    meter.start(ms(1000));
    meter.arrive(ms(1000));
    meter.arrive(ms(1500));
    meter.leave(ms(1750));
    let reading = meter.read(ms(2000)).unwrap();
    // 500 ms × 1 + 250 ms × 2 + 250 ms × 1 = 1250 ms in 1000 ms.
    assert_eq!(reading, Reading { over: ms(1000), concurrency: 1.25, requests: 2 });
    let next = meter.read(ms(4000)).unwrap();
    assert_eq!(next, Reading { over: ms(2000), concurrency: 1.0, requests: 0 });
    assert!(!next.is_quiet());
    meter.leave(ms(4000));
    assert!(meter.read(ms(5000)).unwrap().is_quiet());
}

#[test]
fn a_stretch_without_length_is_not_read_and_nothing_is_lost() {
    let mut meter = Meter::default();
    meter.start(ms(5));
    meter.arrive(ms(5));
    assert_eq!(meter.read(ms(5)), None);
    assert_eq!(meter.read(ms(6)).map(|reading| reading.requests), Some(1));
}

proptest! {
    #[test]
    fn the_mean_lies_between_the_least_and_the_most(steps in prop::collection::vec((any::<bool>(), 0..2000_u64), 1..60)) {
        let mut meter = Meter::default();
        let (mut clock, mut least, mut most) = (0_u64, 0_u32, 0_u32);
        for (arrives, pause) in steps {
            // Every third step goes back a little, as racing threads do.
            clock = if pause % 3 == 0 { clock.saturating_sub(1) } else { clock + pause };
            if arrives { meter.arrive(ms(clock)) } else { meter.leave(ms(clock)) }
            least = least.min(meter.present());
            most = most.max(meter.present());
        }
        if let Some(reading) = meter.read(ms(clock + 10)) {
            prop_assert!(reading.concurrency >= f64::from(least) - 1e-9);
            prop_assert!(reading.concurrency <= f64::from(most) + 1e-9);
        }
    }
}
