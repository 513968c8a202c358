//! The rules after a failure.

use proptest::prelude::*;

use super::AfterFailure::{GiveUp, RetryIn, RetryNow, Rewake};
use super::*;

const ALL: [Failure; 7] = [
    Failure::ConnectRefused,
    Failure::ConnectTimeout,
    Failure::ConnectFailed,
    Failure::PodGone,
    Failure::StaleConnection,
    Failure::ClosedBeforeAnswer,
    Failure::BrokenAnswer,
];

#[test]
fn cases() {
    let ms = Duration::from_millis;
    let cases = [
        (Failure::ConnectRefused, 1, false, RetryNow),
        (Failure::ConnectRefused, 2, false, RetryIn(ms(5))),
        (Failure::ConnectRefused, 6, false, RetryIn(ms(80))),
        (Failure::ConnectRefused, 7, false, RetryIn(ms(100))),
        (Failure::ConnectRefused, 8, true, GiveUp(Refused::ConnectFailed)),
        (Failure::ConnectTimeout, 1, false, RetryNow),
        (Failure::PodGone, 1, false, Rewake),
        (Failure::PodGone, 7, false, Rewake),
        (Failure::PodGone, 8, false, GiveUp(Refused::PodGone)),
        (Failure::StaleConnection, 1, true, RetryNow),
        (Failure::StaleConnection, 1, false, GiveUp(Refused::ClosedBeforeAnswer)),
        (Failure::ClosedBeforeAnswer, 1, true, RetryNow),
        (Failure::ClosedBeforeAnswer, 1, false, GiveUp(Refused::ClosedBeforeAnswer)),
        (Failure::BrokenAnswer, 1, true, GiveUp(Refused::BrokenAnswer)),
    ];
    for (failure, tries, replayable, want) in cases {
        assert_eq!(after_failure(failure, tries, replayable), want, "{failure:?}, try {tries}, replayable {replayable}");
    }
}

proptest! {
    #[test]
    fn what_was_not_sent_is_never_given_up_early(which in 0..ALL.len(), tries in 1..20_u32, replayable in any::<bool>()) {
        let failure = ALL[which];
        let gives_up = matches!(after_failure(failure, tries, replayable), GiveUp(_));
        if !failure.was_sent() {
            prop_assert_eq!(gives_up, tries >= MAX_TRIES);
        }
        // What the app may have seen is repeated only if that does no harm.
        if failure.was_sent() && !replayable {
            prop_assert!(gives_up);
        }
    }

    #[test]
    fn pauses_never_shrink(tries in 2..MAX_TRIES - 1) {
        prop_assert!(pause(tries) <= pause(tries + 1));
    }
}
