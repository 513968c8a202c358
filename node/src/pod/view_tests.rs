//! The status that a view becomes.

use serde_json::{Value, json};

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + second).unwrap()
}

fn pod() -> Pod {
    serde_json::from_value(
        json!({"metadata": {"name": "p", "uid": "u", "annotations": {"node.ebb.dev/created": "2026-01-01T00:00:00.5Z"}}}),
    )
    .unwrap()
}

fn view(change: impl FnOnce(&mut ContainerView)) -> PodView {
    let mut container = ContainerView::new("c", "dev.local/host");
    change(&mut container);
    PodView { containers: vec![container], accepted: Some(at(0)), ..PodView::default() }
}

fn ended(exit_code: i32) -> Ended {
    Ended { exit_code, signal: None, reason: "Error", message: "boom".into(), started: at(1), finished: at(2) }
}

fn json_of(view: &PodView, before: Option<&PodStatus>, second: i64) -> Value {
    serde_json::to_value(status(&pod(), view, before, at(second))).unwrap()
}

#[test]
fn a_ready_pod_says_when_it_became_so() {
    let mut view = view(|container| {
        container.state = State::Running { since: at(1), pid: 42 };
        (container.started, container.ready) = (true, true);
    });
    (view.spawned, view.ready_at) = (Some(at(1)), Some(at(2)));
    let time = |second: i64| format!("2026-01-01T00:00:0{second}Z");
    let want = json!({
        "phase": "Running", "startTime": time(0), "hostIP": "127.0.0.1", "hostIPs": [{"ip": "127.0.0.1"}],
        "podIP": "127.0.0.1", "podIPs": [{"ip": "127.0.0.1"}], "qosClass": "BestEffort",
        "conditions": [
            {"type": "PodScheduled", "status": "True", "lastTransitionTime": time(2)},
            {"type": "Initialized", "status": "True", "lastTransitionTime": time(2)},
            {"type": "ContainersReady", "status": "True", "lastTransitionTime": time(2)},
            {"type": "Ready", "status": "True", "lastTransitionTime": time(2)},
            {"type": "ebb.dev/Timeline", "status": "True", "lastTransitionTime": time(2),
             "message": "created=2026-01-01T00:00:00.5Z spawned=2026-01-01T00:00:01.000000000Z ready=2026-01-01T00:00:02.000000000Z"},
        ],
        "containerStatuses": [{
            "name": "c", "image": "dev.local/host", "imageID": "", "containerID": "process://u/42", "ready": true, "started": true,
            "restartCount": 0, "state": {"running": {"startedAt": time(1)}}, "lastState": {},
        }],
    });
    assert_eq!(json_of(&view, None, 2), want);
}

#[test]
fn transition_times_move_only_with_the_status() {
    let starting = view(|container| container.state = State::Running { since: at(1), pid: 1 });
    let first = status(&pod(), &starting, None, at(1));
    let mut told = starting.clone();
    told.containers[0].unready = Some("readiness probe: port 20001: refused".into());
    let second = status(&pod(), &told, Some(&first), at(5));
    let ready = second.conditions.as_ref().unwrap().iter().find(|condition| condition.type_ == "Ready").unwrap();
    assert_eq!(ready.message.as_deref(), Some(r#"container "c" is not ready: readiness probe: port 20001: refused"#));
    assert_eq!(ready.last_transition_time, Some(Time(at(1))));
    told.containers[0].ready = true;
    let third = status(&pod(), &told, Some(&second), at(6));
    let ready = third.conditions.as_ref().unwrap().iter().find(|condition| condition.type_ == "Ready").unwrap();
    assert_eq!((ready.status.as_str(), &ready.last_transition_time), ("True", &Some(Time(at(6)))));
}

#[test]
fn phases() {
    let waiting = || State::Waiting { reason: "RunContainerError".into(), message: "no".into() };
    for (state, last, want) in [
        (waiting(), None, "Pending"),
        (waiting(), Some(ended(1)), "Running"),
        (State::Running { since: at(1), pid: 1 }, None, "Running"),
        (State::Terminated(ended(0)), None, "Succeeded"),
        (State::Terminated(ended(3)), None, "Failed"),
    ] {
        let view = view(|container| (container.state, container.last) = (state, last));
        assert_eq!(json_of(&view, None, 0)["phase"], want);
    }
    assert_eq!(PodView::default().phase(), "Pending");
}

#[test]
fn the_last_end_is_told_beside_the_wait() {
    let view = view(|container| {
        container.state = State::Waiting { reason: "CrashLoopBackOff".into(), message: "back-off 10s".into() };
        (container.last, container.restarts) = (Some(ended(7)), 2);
    });
    let status = &json_of(&view, None, 3)["containerStatuses"][0];
    assert_eq!(status["state"], json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}));
    let terminated = json!({"exitCode": 7, "reason": "Error", "message": "boom",
                            "startedAt": "2026-01-01T00:00:01Z", "finishedAt": "2026-01-01T00:00:02Z"});
    assert_eq!((&status["lastState"]["terminated"], &status["restartCount"]), (&terminated, &json!(2)));
}

#[test]
fn limits_that_do_not_hold_are_told() {
    let view = PodView { unlimited: Some("no cgroup".into()), ..view(|_| {}) };
    let conditions = json_of(&view, None, 0)["conditions"].clone();
    let limited = conditions.as_array().unwrap().iter().find(|condition| condition["type"] == LIMITED).unwrap();
    assert_eq!((limited["status"].as_str(), limited["message"].as_str()), (Some("False"), Some("no cgroup")));
}

#[test]
fn only_a_first_start_that_goes_well_can_wait_to_be_told() {
    let waiting = |reason: &str| State::Waiting { reason: reason.into(), message: String::new() };
    let running = State::Running { since: at(1), pid: 42 };
    for (state, last, ready, merely) in [
        (waiting("ContainerCreating"), None, false, true),
        (running.clone(), None, false, true),
        (running.clone(), None, true, false),
        (running, Some(ended(1)), false, false),
        (waiting("ContainerCreating"), Some(ended(1)), false, false),
        (waiting("RunContainerError"), None, false, false),
        (State::Terminated(ended(0)), None, false, false),
    ] {
        let view = view(|container| (container.state, container.last, container.ready) = (state, last, ready));
        assert_eq!(view.is_merely_starting(), merely, "{view:?}");
    }
}
