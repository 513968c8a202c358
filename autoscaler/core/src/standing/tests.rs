//! Statuses, condition by condition.

use ebb_api::duck::Condition;

use super::*;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn told(phase: Phase, initialized: bool) -> PodAutoscalerStatus {
    let standing = Standing { phase, initialized, desired: 2, actual: 1 };
    standing.status(&PodAutoscalerStatus::default(), "shop-00001", Some(3), NOW)
}

fn words(status: &PodAutoscalerStatus) -> Vec<String> {
    let word = |Condition { type_, status, reason, .. }: &Condition| format!("{type_}={status} {reason}").trim_end().to_owned();
    status.conditions.iter().map(word).collect()
}

#[test]
fn every_phase_has_its_words() {
    assert_eq!(
        words(&told(Phase::Activating, false)),
        ["Active=Unknown Queued", "Ready=Unknown Queued", "SKSReady=True", "ScaleTargetInitialized=Unknown"]
    );
    assert_eq!(words(&told(Phase::Active, true)), ["Active=True", "Ready=True", "SKSReady=True", "ScaleTargetInitialized=True"]);
    assert_eq!(
        words(&told(Phase::Idle, true)),
        ["Active=False NoTraffic", "Ready=False NoTraffic", "SKSReady=True", "ScaleTargetInitialized=True"]
    );
    assert_eq!(
        words(&told(Phase::TimedOut, false)),
        ["Active=False TimedOut", "Ready=False TimedOut", "SKSReady=True", "ScaleTargetInitialized=Unknown"]
    );
}

#[test]
fn a_status_speaks_of_its_generation_and_counts() {
    let status = told(Phase::Active, true);
    assert_eq!((status.observed_generation, status.desired_scale, status.actual_scale), (Some(3), Some(2), Some(1)));
    assert_eq!(status.service_name, "shop-00001");
}

#[test]
fn what_is_told_is_read_back() {
    for phase in [Phase::Activating, Phase::Active, Phase::Idle, Phase::TimedOut] {
        let status = told(phase, true);
        assert_eq!(Phase::of(&status), phase);
        let standing = Standing { phase, initialized: true, desired: 2, actual: 1 };
        assert!(standing.is_told_by(&status, Some(3)));
        assert!(!standing.is_told_by(&status, Some(4)));
        assert!(!Standing { actual: 2, ..standing }.is_told_by(&status, Some(3)));
        assert!(!Standing { initialized: false, ..standing }.is_told_by(&status, Some(3)));
    }
    assert_eq!(Phase::of(&PodAutoscalerStatus::default()), Phase::Activating);
    assert!(!Standing::default().is_told_by(&PodAutoscalerStatus::default(), None), "an empty status must be written once");
}

#[test]
fn initialized_stays_and_times_move_only_with_what_is_said() {
    let before = told(Phase::Active, true);
    let later = Timestamp::from_second(100).unwrap();
    let after = Standing { phase: Phase::Idle, initialized: true, desired: 0, actual: 0 }.status(&before, "r", Some(3), later);
    let time = |status: &PodAutoscalerStatus, type_: &str| status.condition(type_).unwrap().last_transition_time.clone().unwrap().0;
    assert_eq!(time(&after, kind::ACTIVE), later);
    assert_eq!(time(&after, kind::SCALE_TARGET_INITIALIZED), NOW);
    let again = Standing { phase: Phase::Idle, initialized: true, desired: 0, actual: 0 }.status(&after, "r", Some(3), Timestamp::MAX);
    assert_eq!(time(&again, kind::ACTIVE), later);
}
