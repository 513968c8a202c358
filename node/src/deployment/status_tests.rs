//! Stories of Deployments and the status they have on the way.

use serde_json::json;

use super::super::facts::PodFacts;
use super::super::rollout::wanted;
use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + second).unwrap()
}

fn pod(name: &str, current: bool, ready: bool, problem: Option<&str>) -> PodFacts {
    let problem = problem.map(|problem| format!("pod {name}: {problem}"));
    PodFacts { name: name.into(), current, ready, available: ready, available_in: None, created: at(0), in_flight: 0, problem }
}

/// Follows one Deployment through its life.
struct Story {
    deployment: Deployment,
    pods: Pods,
}

impl Story {
    fn new(replicas: i32) -> Self {
        let deployment = json!({
            "metadata": {"name": "d", "generation": 1},
            "spec": {"replicas": replicas, "selector": {}, "template": {}, "progressDeadlineSeconds": 60,
                     "strategy": {"rollingUpdate": {"maxUnavailable": 0}}},
        });
        Self { deployment: serde_json::from_value(deployment).unwrap(), pods: Pods::default() }
    }

    /// One look at `second`: counts, then each condition, then when to look again.
    fn look(&mut self, second: i64) -> String {
        let wanted = wanted(&self.deployment.spec);
        let seen = Seen { deployment: &self.deployment, wanted, pods: &self.pods, create_error: None, now: at(second) };
        let (status, again) = status(&seen);
        let mut text = format!(
            "{}/{}/{}/{}",
            status.replicas.unwrap(),
            status.updated_replicas.unwrap(),
            status.ready_replicas.unwrap(),
            status.available_replicas.unwrap()
        );
        for condition in status.conditions.iter().flatten() {
            text += &format!(
                " {}={}:{}",
                condition.type_.as_deref().unwrap(),
                condition.status.as_deref().unwrap(),
                condition.reason.as_deref().unwrap()
            );
        }
        self.deployment.status = Some(status);
        text + &again.map(|again| format!(" again {}s", again.as_secs())).unwrap_or_default()
    }

    fn message(&self, kind: &str) -> &str {
        let conditions = self.deployment.status.as_ref().unwrap().conditions.as_ref().unwrap();
        conditions.iter().find(|condition| condition.type_.as_deref() == Some(kind)).unwrap().message.as_deref().unwrap()
    }
}

#[test]
fn a_deployment_that_comes_up_and_scales() {
    let mut story = Story::new(1);
    assert_eq!(story.look(0), "0/0/0/0 Available=False:MinimumReplicasUnavailable Progressing=True:ReplicaSetUpdated again 60s");
    story.pods.live = vec![pod("a", true, false, None)];
    assert_eq!(story.look(1), "1/1/0/0 Available=False:MinimumReplicasUnavailable Progressing=True:ReplicaSetUpdated again 60s");
    assert_eq!(story.look(41), "1/1/0/0 Available=False:MinimumReplicasUnavailable Progressing=True:ReplicaSetUpdated again 20s");
    story.pods.live = vec![pod("a", true, true, None)];
    let up = "1/1/1/1 Available=True:MinimumReplicasAvailable Progressing=True:NewReplicaSetAvailable";
    assert_eq!(story.look(42), up);
    let before = story.deployment.status.clone();
    assert_eq!(story.look(50), up);
    assert_eq!(before, story.deployment.status, "nothing changed, so nothing is to be written");
    // Scaling to zero and back up does not start the deadline again.
    story.deployment.spec.replicas = Some(0);
    story.pods.live.clear();
    assert_eq!(story.look(60), "0/0/0/0 Available=True:MinimumReplicasAvailable Progressing=True:NewReplicaSetAvailable");
    story.deployment.spec.replicas = Some(1);
    assert_eq!(story.look(61), "0/0/0/0 Available=False:MinimumReplicasUnavailable Progressing=True:NewReplicaSetAvailable");
}

#[test]
fn a_deployment_that_never_comes_up_names_the_cause() {
    let mut story = Story::new(1);
    let problem = r#"container "c": command "nope" was not found"#;
    story.pods.live = vec![pod("a", true, false, Some(problem))];
    story.look(0);
    assert_eq!(story.message("Available"), format!("Deployment does not have minimum availability. pod a: {problem}"));
    assert_eq!(story.look(60), "1/1/0/0 Available=False:MinimumReplicasUnavailable Progressing=False:ProgressDeadlineExceeded");
    assert_eq!(story.message("Progressing"), format!("Deployment \"d\" has timed out progressing. pod a: {problem}"));
    assert_eq!(story.look(90), "1/1/0/0 Available=False:MinimumReplicasUnavailable Progressing=False:ProgressDeadlineExceeded");
    story.pods.live = vec![pod("a", true, true, None)];
    assert_eq!(story.look(91), "1/1/1/1 Available=True:MinimumReplicasAvailable Progressing=True:NewReplicaSetAvailable");
}

#[test]
fn a_rollout_progresses_until_no_old_pod_is_left() {
    let mut story = Story::new(1);
    story.pods.live = vec![pod("a", true, true, None)];
    story.look(0);
    story.pods.live = vec![pod("a", false, true, None)];
    assert_eq!(story.look(1), "1/0/1/1 Available=True:MinimumReplicasAvailable Progressing=True:NewReplicaSetAvailable again 59s");
}

#[test]
fn pods_that_cannot_be_made_are_a_condition() {
    let deployment = Story::new(1).deployment;
    let wanted = wanted(&deployment.spec);
    let seen = Seen { deployment: &deployment, wanted, pods: &Pods::default(), create_error: Some("no free port"), now: at(0) };
    let conditions = status(&seen).0.conditions.unwrap();
    let failure = conditions.iter().find(|condition| condition.type_.as_deref() == Some("ReplicaFailure")).unwrap();
    assert_eq!((failure.status.as_deref(), failure.message.as_deref()), (Some("True"), Some("no free port")));
}

#[test]
fn surge_and_unavailable_are_resolved_as_kubernetes_does() {
    for (replicas, surge, unavailable, want) in [
        (4, json!("25%"), json!(0), (1, 0)),
        (5, json!("25%"), json!("25%"), (2, 1)),
        (1, json!(0), json!(0), (1, 0)),
        (0, json!("25%"), json!(0), (1, 0)),
        (10, json!(null), json!(null), (3, 2)),
        (3, json!("x"), json!(1), (1, 1)),
    ] {
        let spec = json!({"replicas": replicas, "selector": {}, "template": {},
                          "strategy": {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}});
        let wanted = wanted(&serde_json::from_value(spec).unwrap());
        assert_eq!((wanted.surge, wanted.unavailable), want, "{replicas} {surge} {unavailable}");
    }
}
