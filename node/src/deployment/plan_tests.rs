//! Cases and laws of the plan.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;

fn pod(name: &str, current: bool, ready: bool, created: i64, in_flight: usize) -> PodFacts {
    let created = Timestamp::from_second(created).unwrap();
    PodFacts { name: name.into(), current, ready, available: ready, available_in: None, created, in_flight, problem: None }
}

fn wanted(replicas: usize) -> Wanted {
    Wanted { replicas, surge: replicas.div_ceil(4).max(1), unavailable: 0, recreate: false }
}

fn live(live: Vec<PodFacts>) -> Pods {
    Pods { live, ..Pods::default() }
}

#[test]
fn many_pods_are_made_in_one_go() {
    assert_eq!(plan(wanted(100), &live(vec![])), Plan { create: 100, delete: vec![], because: Because::ScaleUp });
    assert_eq!(plan(wanted(0), &live(vec![])), Plan { create: 0, delete: vec![], because: Because::AsWanted });
}

#[test]
fn the_least_missed_pods_go_first() {
    let pods = live(vec![
        pod("busy-new", true, true, 9, 5),
        pod("idle-old", true, true, 1, 0),
        pod("idle-new", true, true, 8, 0),
        pod("starting", true, false, 3, 0),
        pod("light", true, true, 2, 1),
    ]);
    for (replicas, want) in [
        (4, vec!["starting"]),
        (3, vec!["starting", "idle-new"]),
        (2, vec!["starting", "idle-new", "idle-old"]),
        (1, vec!["starting", "idle-new", "idle-old", "light"]),
    ] {
        let plan = plan(wanted(replicas), &pods);
        assert_eq!((plan.delete, plan.create, plan.because), (want.into_iter().map(String::from).collect(), 0, Because::ScaleDown));
    }
}

#[test]
fn failed_pods_are_replaced() {
    let pods = Pods { live: vec![], failed: vec!["dead".into()], terminating: 0 };
    assert_eq!(plan(wanted(1), &pods), Plan { create: 1, delete: vec!["dead".into()], because: Because::Failed });
}

#[test]
fn a_rollout_keeps_every_available_pod_until_a_new_one_is() {
    let old = |name: &str| pod(name, false, true, 1, 0);
    let two = live(vec![old("a"), old("b")]);
    assert_eq!(plan(wanted(2), &two), Plan { create: 1, delete: vec![], because: Because::Rollout });
    let starting = live(vec![old("a"), old("b"), pod("n", true, false, 2, 0)]);
    assert_eq!(plan(wanted(2), &starting), Plan { create: 0, delete: vec![], because: Because::RolloutWaits });
    let started = live(vec![old("a"), old("b"), pod("n", true, true, 2, 0)]);
    assert_eq!(plan(wanted(2), &started), Plan { create: 0, delete: vec!["a".into()], because: Because::Rollout });
}

#[test]
fn an_old_pod_that_serves_nobody_goes_at_once() {
    let pods = live(vec![pod("broken", false, false, 1, 0)]);
    assert_eq!(plan(wanted(1), &pods), Plan { create: 1, delete: vec!["broken".into()], because: Because::Rollout });
}

#[test]
fn recreate_waits_for_the_old_to_end() {
    let recreate = Wanted { recreate: true, ..wanted(1) };
    let old = live(vec![pod("a", false, true, 1, 0)]);
    assert_eq!(plan(recreate, &old), Plan { create: 0, delete: vec!["a".into()], because: Because::Rollout });
    let ending = Pods { terminating: 1, ..Pods::default() };
    assert_eq!(plan(recreate, &ending), Plan { create: 0, delete: vec![], because: Because::RolloutWaits });
    assert_eq!(plan(recreate, &Pods::default()).create, 1);
}

fn any_pods() -> impl Strategy<Value = Vec<PodFacts>> {
    let one = (any::<bool>(), any::<bool>(), 0..5_i64, 0..3_usize);
    prop::collection::vec(one, 0..12).prop_map(|pods| {
        let number = pods.into_iter().enumerate();
        number.map(|(at, (current, ready, created, in_flight))| pod(&format!("p{at}"), current, ready, created, in_flight)).collect()
    })
}

/// Carries the plan out; new pods are not ready.
fn apply(plan: &Plan, pods: &Pods, round: usize) -> Pods {
    let mut left: BTreeMap<String, PodFacts> = pods.live.iter().map(|pod| (pod.name.clone(), pod.clone())).collect();
    plan.delete.iter().for_each(|name| drop(left.remove(name)));
    for at in 0..plan.create {
        let name = format!("n{round}-{at}");
        left.insert(name.clone(), pod(&name, true, false, 10, 0));
    }
    live(left.into_values().collect())
}

proptest! {
    #[test]
    fn carrying_a_plan_out_settles_it(pods in any_pods(), replicas in 0..6_usize) {
        let pods = live(pods);
        let first = plan(wanted(replicas), &pods);
        let second = plan(wanted(replicas), &apply(&first, &pods, 0));
        let after = plan(wanted(replicas), &apply(&second, &apply(&first, &pods, 0), 1));
        prop_assert!(after.create == 0 && after.delete.is_empty(), "{after:?}");
    }

    #[test]
    fn a_rollout_never_takes_availability_below_the_least(pods in any_pods(), replicas in 0..6_usize) {
        let pods = live(pods);
        let available = pods.live.iter().filter(|pod| pod.available).count();
        let after = apply(&plan(wanted(replicas), &pods), &pods, 0);
        let left = after.live.iter().filter(|pod| pod.available).count();
        prop_assert!(left >= available.min(replicas), "{available} available, {left} left, {replicas} wanted");
    }

    #[test]
    fn every_rollout_ends_when_pods_become_ready(pods in any_pods(), replicas in 0..6_usize) {
        let mut pods = live(pods);
        for round in 0..40 {
            pods = apply(&plan(wanted(replicas), &pods), &pods, round);
            for pod in &mut pods.live {
                (pod.ready, pod.available) = (true, true);
            }
        }
        prop_assert!(pods.live.iter().all(|pod| pod.current));
        prop_assert_eq!(pods.live.len(), replicas);
    }

    #[test]
    fn pods_never_exceed_the_surge_by_making_more(pods in any_pods(), replicas in 0..6_usize) {
        let pods = live(pods);
        let plan = plan(wanted(replicas), &pods);
        let limit = replicas + wanted(replicas).surge;
        prop_assert!(plan.create == 0 || pods.live.len() + plan.create <= limit);
    }
}
