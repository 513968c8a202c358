//! Case tables and laws of the condition algebra.

use proptest::prelude::*;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn ready(status: &impl Conditioned) -> (String, String, String) {
    let ready = status.happy().unwrap();
    (ready.status.clone(), ready.reason.clone(), ready.message.clone())
}

fn words(status: &str, reason: &str, message: &str) -> (String, String, String) {
    (status.to_owned(), reason.to_owned(), message.to_owned())
}

#[test]
fn ready_follows_its_dependents() {
    let mut status = ServiceStatus::default();
    status.initialize(at(0));
    assert_eq!(status.conditions.iter().map(|c| c.type_.as_str()).collect::<Vec<_>>(), ["ConfigurationsReady", "Ready", "RoutesReady"]);
    assert_eq!(ready(&status), words("Unknown", "", ""));

    status.mark_true(kind::CONFIGURATIONS_READY, at(1));
    assert_eq!(ready(&status), words("Unknown", "", ""));
    status.mark_unknown(kind::ROUTES_READY, "OutOfDate", "The Route is late.", at(2));
    assert_eq!(ready(&status), words("Unknown", "OutOfDate", "The Route is late."));
    status.mark_false(kind::CONFIGURATIONS_READY, "RevisionFailed", "It failed.", at(3));
    assert_eq!(ready(&status), words("False", "RevisionFailed", "It failed."));
    status.mark_unknown(kind::ROUTES_READY, "Other", "Later, but False wins.", at(4));
    assert_eq!(ready(&status), words("False", "RevisionFailed", "It failed."));
    status.mark_false(kind::ROUTES_READY, "NotOwned", "The later False wins.", at(5));
    assert_eq!(ready(&status), words("False", "NotOwned", "The later False wins."));
    status.mark_true(kind::CONFIGURATIONS_READY, at(6));
    status.mark_true_because(kind::ROUTES_READY, "Fine", "All is well.", at(7));
    assert_eq!(ready(&status), words("True", "", ""));
    assert!(status.is_ready() && !status.is_failed());
}

#[test]
fn information_has_its_severity_and_no_say() {
    let mut status = RevisionStatus::default();
    status.initialize(at(0));
    status.mark_true(kind::RESOURCES_AVAILABLE, at(1));
    status.mark_true(kind::CONTAINER_HEALTHY, at(1));
    status.mark_false(kind::ACTIVE, "NoTraffic", "The target is not receiving traffic.", at(2));
    assert!(status.is_ready());
    assert_eq!(status.condition(kind::ACTIVE).unwrap().severity, "Info");
    assert_eq!(status.condition(kind::RESOURCES_AVAILABLE).unwrap().severity, "");
    status.clear(kind::RESOURCES_AVAILABLE);
    assert!(status.condition(kind::RESOURCES_AVAILABLE).is_some(), "a deciding condition cannot be cleared");
    status.clear(kind::ACTIVE);
    assert!(status.condition(kind::ACTIVE).is_none());
}

#[test]
fn a_kind_without_dependents_marks_ready_itself() {
    let mut status = ConfigurationStatus::default();
    status.begin(Some(1), at(0));
    assert_eq!(ready(&status), words("Unknown", "NewObservedGenFailure", "unsuccessfully observed a new generation"));
    status.mark_false(kind::READY, "RevisionFailed", "no", at(1));
    assert!(status.is_failed());
    status.mark_true(kind::READY, at(2));
    assert!(status.is_ready());
}

#[test]
fn the_time_moves_with_any_field_and_only_then() {
    let mut status = ConfigurationStatus::default();
    let time = |status: &ConfigurationStatus| status.happy().unwrap().last_transition_time.clone().unwrap().0;
    status.mark_false(kind::READY, "A", "a", at(1));
    status.mark_false(kind::READY, "A", "a", at(2));
    assert_eq!(time(&status), at(1));
    status.mark_false(kind::READY, "A", "b", at(3));
    assert_eq!(time(&status), at(3));
    status.mark_false(kind::READY, "B", "b", at(4));
    assert_eq!(time(&status), at(4));
}

#[test]
fn times_are_whole_seconds() {
    let mut status = ConfigurationStatus::default();
    status.mark_true(kind::READY, Timestamp::from_millisecond(1_700_000_000_999).unwrap());
    assert_eq!(status.conditions[0].last_transition_time.clone().unwrap().0, at(0));
}

#[test]
fn a_reconcile_that_changes_nothing_keeps_every_time() {
    let mut before = RouteStatus::default();
    before.begin(Some(3), at(0));
    for type_ in RouteStatus::DEPENDENTS {
        before.mark_true(type_, at(1));
    }
    *before.observed_generation_mut() = Some(3);

    let mut after = before.clone();
    after.begin(Some(3), at(50));
    after.mark_unknown(kind::INGRESS_READY, "IngressNotConfigured", "wait", at(50));
    after.mark_true(kind::INGRESS_READY, at(50));
    after.finish(Some(3), &before);
    assert_eq!(after, before);
}

#[test]
fn a_new_generation_resets_ready_until_something_is_marked() {
    let mut status = RevisionStatus::default();
    status.initialize(at(0));
    status.mark_true(kind::RESOURCES_AVAILABLE, at(1));
    status.mark_true(kind::CONTAINER_HEALTHY, at(1));
    *status.observed_generation_mut() = Some(1);
    assert!(status.is_ready_at(Some(1)) && !status.is_ready_at(Some(2)));

    let before = status.clone();
    status.begin(Some(2), at(9));
    assert_eq!(ready(&status).1, NEW_OBSERVED_GEN_FAILURE);
    status.mark_true(kind::CONTAINER_HEALTHY, at(9));
    status.finish(Some(2), &before);
    assert!(status.is_ready_at(Some(2)));
    assert_eq!(status.conditions, before.conditions);
}

#[test]
fn a_dependent_that_is_new_to_a_ready_object_is_true() {
    let mut status = PodAutoscalerStatus::default();
    set(&mut status.conditions, Condition { type_: "Ready".into(), status: "True".into(), ..Condition::default() }, at(0));
    status.initialize(at(1));
    assert!(PodAutoscalerStatus::DEPENDENTS.iter().all(|dependent| status.is_true(dependent)));
}

#[derive(Clone, Debug)]
struct Mark(usize, State, u8, i64);

fn marks() -> impl Strategy<Value = Vec<Mark>> {
    let state = prop_oneof![Just(State::True), Just(State::False), Just(State::Unknown)];
    proptest::collection::vec((0usize..4, state, 0u8..3, 0i64..20).prop_map(|(t, s, r, at)| Mark(t, s, r, at)), 0..24)
}

fn apply(status: &mut RouteStatus, marks: &[Mark], now: Option<i64>) {
    let types = ["AllTrafficAssigned", "IngressReady", "CertificateProvisioned", "Extra"];
    for Mark(type_, state, reason, second) in marks {
        status.mark(types[*type_], *state, &reason.to_string(), "", at(now.unwrap_or(*second)));
    }
}

proptest! {
    #[test]
    fn ready_is_true_exactly_when_all_dependents_are(marks in marks()) {
        let mut status = RouteStatus::default();
        status.initialize(at(0));
        apply(&mut status, &marks, None);
        prop_assert_eq!(status.is_ready(), RouteStatus::DEPENDENTS.iter().all(|dependent| status.is_true(dependent)));
        prop_assert_eq!(status.is_failed(), RouteStatus::DEPENDENTS.iter().any(|dependent| status.is_false(dependent)));
        let types: Vec<_> = status.conditions.iter().map(|c| c.type_.clone()).collect();
        let mut sorted = types.clone();
        sorted.sort();
        sorted.dedup();
        prop_assert_eq!(types, sorted);
    }

    #[test]
    fn marking_what_is_marked_changes_nothing(marks in marks(), later in 20i64..40) {
        let mut status = RouteStatus::default();
        status.initialize(at(0));
        apply(&mut status, &marks, None);
        let before = status.clone();
        for condition in before.conditions.iter().filter(|c| c.type_ != "Ready") {
            status.mark_as(&condition.type_, condition, at(later));
        }
        prop_assert_eq!(status, before);
    }
}
