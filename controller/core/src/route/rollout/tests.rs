//! Case tables and laws of gradual rollouts.

use std::time::Duration;

use proptest::prelude::*;

use super::{ConfigurationRollout, RevisionRollout, Rollout, StepParams};

const SECOND: i64 = 1_000_000_000;
const BEGIN: i64 = 1_790_000_000 * SECOND;

/// `"r1=99 r2=1"`.
fn shares(text: &str) -> Vec<RevisionRollout> {
    let share = |word: &str| {
        let (name, percent) = word.split_once('=').unwrap();
        RevisionRollout { revision_name: name.to_owned(), percent: percent.parse().unwrap() }
    };
    text.split_whitespace().map(share).collect()
}

fn one(tag: &str, configuration: &str, text: &str) -> ConfigurationRollout {
    let revisions = shares(text);
    ConfigurationRollout {
        configuration_name: configuration.to_owned(),
        tag: tag.to_owned(),
        percent: revisions.iter().map(|revision| revision.percent).sum(),
        revisions,
        step_params: StepParams::default(),
    }
}

fn rollout(configurations: Vec<ConfigurationRollout>) -> Rollout {
    Rollout { configurations }
}

fn stepping(text: &str, step_size: i64) -> ConfigurationRollout {
    let step_params = StepParams { start_time: BEGIN, next_step_time: BEGIN + SECOND, step_duration: SECOND, step_size };
    ConfigurationRollout { step_params, ..one("", "c", text) }
}

fn told(rollout: &Rollout) -> Vec<String> {
    let one = |one: &ConfigurationRollout| {
        let shares: Vec<String> = one.revisions.iter().map(|share| format!("{}={}", share.revision_name, share.percent)).collect();
        let steps = if one.step_params == StepParams::default() { "" } else { " …" };
        format!("{}{}: {}{steps}", one.tag, one.configuration_name, shares.join(" "))
    };
    rollout.configurations.iter().map(one).collect()
}

fn step(goal: Vec<ConfigurationRollout>, previous: Vec<ConfigurationRollout>, seconds: i64) -> Vec<String> {
    told(&rollout(goal).step(Some(rollout(previous)), BEGIN + seconds * SECOND, |_| true).0)
}

#[test]
fn beginnings() {
    for (goal, previous, expected) in [
        // Nothing new.
        (one("", "c", "r1=100"), one("", "c", "r1=100"), "c: r1=100"),
        // A new Revision takes one percent of the newest one before it.
        (one("", "c", "r2=100"), one("", "c", "r1=100"), "c: r1=99 r2=1 …"),
        (one("", "c", "r2=40"), one("", "c", "r1=40"), "c: r1=39 r2=1 …"),
        // Interrupted by one that is newer still.
        (one("", "c", "r3=100"), stepping("r1=60 r2=40", 10), "c: r1=60 r2=39 r3=1 …"),
        (one("", "c", "r3=100"), stepping("r1=99 r2=1", 10), "c: r1=99 r3=1 …"),
        // Rolled back to one that still has a share.
        (one("", "c", "r1=100"), stepping("r1=60 r2=40", 10), "c: r2=40 r1=60 …"),
        // One percent cannot be split.
        (one("", "c", "r2=1"), one("", "c", "r1=1"), "c: r2=1"),
        // More goes to the newest, less is taken from the oldest.
        (one("", "c", "r2=100"), one("", "c", "r1=50"), "c: r1=99 r2=1 …"),
        (one("", "c", "r2=50"), one("", "c", "r1=100"), "c: r1=49 r2=1 …"),
        (one("", "c", "r2=15"), stepping("r1=40 r2=10", 10), "c: r1=5 r2=10 …"),
        (one("", "c", "r2=5"), stepping("r1=40 r2=10", 10), "c: r2=5"),
        (one("", "c", "r2=80"), stepping("r1=40 r2=10", 10), "c: r1=40 r2=40 …"),
        // Of a tag and of another Configuration.
        (one("t", "c", "r2=100"), one("t", "c", "r1=100"), "tc: r1=99 r2=1 …"),
        (one("t", "c", "r2=100"), one("", "c", "r1=100"), "tc: r2=100"),
        (one("", "d", "r2=100"), one("", "c", "r1=100"), "d: r2=100"),
    ] {
        assert_eq!(step(vec![goal.clone()], vec![previous.clone()], 0), [expected], "{goal:?} after {previous:?}");
    }
}

#[test]
fn steps() {
    for (previous, seconds, expected) in [
        ("r1=99 r2=1", 0, "c: r1=99 r2=1 …"),
        ("r1=99 r2=1", 1, "c: r1=89 r2=11 …"),
        ("r1=5 r2=95", 1, "c: r2=100"),
        ("r1=40 r2=5 r3=55", 1, "c: r1=35 r3=65 …"),
        ("r1=4 r2=5 r3=91", 1, "c: r3=100"),
    ] {
        let newest = shares(previous).last().unwrap().revision_name.clone();
        let goal = one("", "c", &format!("{newest}=100"));
        assert_eq!(step(vec![goal], vec![stepping(previous, 10)], seconds), [expected], "{previous} after {seconds} s");
    }
}

#[test]
fn a_revision_that_is_gone_has_no_share() {
    let goal = rollout(vec![one("", "c", "r3=100")]);
    let previous = rollout(vec![stepping("r1=40 r2=20 r3=40", 10)]);
    let (next, _) = goal.clone().step(Some(previous.clone()), BEGIN, |name| name != "r1");
    assert_eq!(told(&next), ["c: r2=20 r3=80 …"]);
    let (next, due) = goal.step(Some(previous), BEGIN, |name| name == "r3");
    assert_eq!((told(&next), due), (vec!["c: r3=100".to_owned()], None));
}

#[test]
fn several_at_once_and_the_nearest_step() {
    let goal = rollout(vec![one("", "c", "r2=60"), one("", "d", "s2=40"), one("t", "c", "r2=100")]);
    let mut late = stepping("r1=50 r2=10", 10);
    late.step_params.next_step_time += 5 * SECOND;
    let mut previous =
        rollout(vec![late, one("", "d", "s1=40"), ConfigurationRollout { tag: "t".to_owned(), ..stepping("r1=90 r2=10", 10) }]);
    let (next, due) = goal.step(Some(previous.clone()), BEGIN, |_| true);
    assert_eq!(told(&next), ["c: r1=50 r2=10 …", "d: s1=39 s2=1 …", "tc: r1=90 r2=10 …"]);
    assert_eq!(due, Some(BEGIN + SECOND));
    // Only what has just begun gets its steps.
    let before = previous.clone();
    previous.observe_ready(BEGIN, Duration::from_secs(60));
    assert_eq!(previous, before);
}

#[test]
fn the_annotation_is_knatives() {
    let text = r#"{"configurations":[{"configurationName":"shop","percent":100,"revisions":[{"revisionName":"shop-00001","percent":99},{"revisionName":"shop-00002","percent":1}],"stepParams":{"starttime":1600000000000000000,"nextStepTime":1600000001000000000,"stepDuration":1000000000,"stepSize":2}},{"configurationName":"shop","tag":"new","percent":100,"revisions":[{"revisionName":"shop-00001","percent":100}],"stepParams":{}}]}"#;
    let read = Rollout::read(text).unwrap();
    assert_eq!(read.written(), text);
    for wrong in [
        "",
        "{",
        r#"{"configurations":[{"percent":101,"revisions":[{"percent":101}]}]}"#,
        r#"{"configurations":[{"percent":100,"revisions":[{"percent":90}]}]}"#,
        r#"{"configurations":[{"percent":100,"revisions":[{"percent":120},{"percent":-20}]}]}"#,
        r#"{"configurations":[{"percent":50,"revisions":[{"percent":50}],"stepParams":{"stepSize":51}}]}"#,
        r#"{"configurations":[{"percent":50,"revisions":[{"percent":50}],"stepParams":{"stepSize":-1}}]}"#,
    ] {
        assert_eq!(Rollout::read(wrong), None, "{wrong}");
    }
}

/// Goes the whole way, woken when it asked to be and `late` nanoseconds after. Tells every state and when it was reached.
fn whole_way(percent: i64, duration: i64, ready_after: i64, late: i64) -> Vec<(i64, ConfigurationRollout)> {
    let goal = rollout(vec![one("", "c", &format!("r2={percent}"))]);
    let (mut state, due) = goal.clone().step(Some(rollout(vec![one("", "c", &format!("r1={percent}"))])), BEGIN, |_| true);
    assert_eq!(due, None, "nothing is planned before the Ingress is ready");
    let mut way = vec![(BEGIN, state.configurations[0].clone())];
    let mut now = BEGIN + ready_after;
    state.observe_ready(now, Duration::from_secs(duration.unsigned_abs()));
    while !state.is_done() {
        let (next, due) = goal.clone().step(Some(state), now, |_| true);
        let (again, _) = goal.clone().step(Some(next.clone()), now, |_| true);
        assert_eq!(again, next, "a step is done once");
        way.push((now, next.configurations[0].clone()));
        assert!(way.len() < 210, "it never ends");
        assert_eq!(due.is_none(), next.is_done());
        now = due.map_or(now, |due| due + late);
        state = next;
    }
    way
}

proptest! {
    #[test]
    fn it_moves_one_way_keeps_its_sum_and_ends_on_time(
        percent in 2_i64..=100, duration in 1_i64..=7_200, ready_after in 0_i64..=5 * SECOND, late in 0_i64..=SECOND / 100,
    ) {
        let way = whole_way(percent, duration, ready_after, late);
        let newest = |rollout: &ConfigurationRollout| rollout.revisions.last().unwrap().percent;
        for (_, rollout) in &way {
            prop_assert_eq!(rollout.revisions.iter().map(|revision| revision.percent).sum::<i64>(), percent);
            prop_assert!(rollout.makes_sense());
            prop_assert_eq!(&rollout.revisions.last().unwrap().revision_name, "r2");
        }
        for pair in way.windows(2) {
            prop_assert!(newest(&pair[0].1) <= newest(&pair[1].1) && pair[0].0 <= pair[1].0);
        }
        let (end, last) = way.last().unwrap();
        prop_assert_eq!(newest(last), percent);
        prop_assert_eq!(last.step_params, StepParams::default());
        // On time, but for a first percent that took longer than all was to take, and for being woken late.
        let first = ((ready_after + SECOND - 1) / SECOND).max(1) * SECOND;
        let planned = (duration * SECOND).max(first + SECOND);
        prop_assert!(end - BEGIN <= planned + late * 101, "{} of {}", end - BEGIN, planned);
        prop_assert!(end - BEGIN >= planned - 2 * SECOND, "{} of {}", end - BEGIN, planned);
    }

    #[test]
    fn whatever_happens_the_sums_hold(
        events in prop::collection::vec((0_usize..4, 0_i64..=100, 0_i64..20, any::<bool>()), 1..40), duration in 1_u64..100,
    ) {
        let mut state: Option<Rollout> = None;
        let mut now = BEGIN;
        for (revision, percent, seconds, ready) in events {
            now += seconds * SECOND;
            let mut previous = state.take();
            if let Some(previous) = previous.as_mut().filter(|_| ready) {
                previous.observe_ready(now, Duration::from_secs(duration));
            }
            let goal = if percent == 0 { rollout(vec![]) } else { rollout(vec![one("", "c", &format!("r{revision}={percent}"))]) };
            let (next, due) = goal.step(previous, now, |name| name != "r3");
            prop_assert!(Rollout::read(&next.written()).as_ref() == Some(&next), "{}", next.written());
            for one in &next.configurations {
                prop_assert_eq!(one.percent, percent);
                let names: std::collections::BTreeSet<_> = one.revisions.iter().map(|share| &share.revision_name).collect();
                prop_assert_eq!(names.len(), one.revisions.len(), "each Revision once");
                prop_assert_eq!(&one.revisions.last().unwrap().revision_name, &format!("r{revision}"));
            }
            prop_assert!(due.is_none_or(|due| due > now));
            state = Some(next);
        }
    }
}
