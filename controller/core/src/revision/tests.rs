//! Case tables of Revisions: what is wrong with pods, how pods are made, what follows a Revision's annotations.

use std::collections::BTreeMap;

use ebb_api::conditions::{Conditioned, kind};
use ebb_api::keys::label;
use k8s_openapi::api::apps::v1::{Deployment, DeploymentStatus};
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use super::health::{Trouble, look};
use crate::plan::{Apply, Because};
use crate::testing::{World, condition, pod, service, user_container};

fn container(state: Value, last: Value) -> Value {
    json!({"containerStatuses": [{
        "name": "user-container", "ready": false, "restartCount": 0, "image": "", "imageID": "", "state": state, "lastState": last,
    }]})
}

fn deployment(condition: Value) -> Deployment {
    let mut deployment = Deployment::default();
    let status: DeploymentStatus = serde_json::from_value(json!({"conditions": [condition]})).unwrap();
    deployment.status = Some(status);
    deployment
}

fn trouble(deployment: Option<&Deployment>, status: Value) -> Trouble {
    let pod = pod("r", "p", status);
    look(deployment, &[&pod], false)
}

#[test]
fn containers_that_fail() {
    let ended = |code: i32, message: &str, reason: &str| json!({"terminated": {"exitCode": code, "message": message, "reason": reason}});
    let waits = |reason: &str, message: &str| json!({"waiting": {"reason": reason, "message": message}});
    let none = json!({});
    for (state, last, expected) in [
        (ended(1, "no database\n", "Error"), none.clone(), Some(("ExitCode1", "Container failed with: no database"))),
        (ended(2, "", "Error"), none.clone(), Some(("ExitCode2", "Container failed with: exit code 2 and no message"))),
        (ended(137, "", "OOMKilled"), none.clone(), Some(("ExitCode137", "Container failed with: OOMKilled"))),
        (ended(0, "", "Completed"), none.clone(), Some(("ExitCode0", "container exited with no error"))),
        (waits("CrashLoopBackOff", "back-off"), ended(3, "gone", ""), Some(("ExitCode3", "Container failed with: gone"))),
        (json!({"running": {}}), ended(3, "gone", ""), Some(("ExitCode3", "Container failed with: gone"))),
        (waits("RunContainerError", "no such file"), none.clone(), Some(("RunContainerError", "no such file"))),
        (waits("ImageNotSupported", "only dev.local/host"), none.clone(), Some(("ImageNotSupported", "only dev.local/host"))),
        (waits("ContainerCreating", ""), none.clone(), None),
        (waits("ImagePullBackOff", "back-off"), none.clone(), None),
        (json!({"running": {}}), none.clone(), None),
    ] {
        let found = trouble(None, container(state.clone(), last)).container;
        let found = found.as_ref().map(|(reason, message)| (reason.as_str(), message.as_str()));
        assert_eq!(found, expected, "{state}");
    }
}

#[test]
fn pods_that_do_not_get_ready() {
    let not_ready = json!({"conditions": [{"type": "Ready", "status": "False", "message": "port 8080: connection refused"}]});
    let slow = deployment(json!({"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": "Timed out."}));
    let quota = deployment(json!({"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}));
    let fine = deployment(json!({"type": "Progressing", "status": "True"}));
    let image = container(json!({"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}), json!({}));
    let nowhere =
        json!({"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "Insufficient cpu"}]});
    for (deployment, pod, resources, waiting) in [
        (&fine, &not_ready, None, "port 8080: connection refused"),
        (
            &slow,
            &not_ready,
            Some(("ProgressDeadlineExceeded", "Timed out. port 8080: connection refused")),
            "port 8080: connection refused",
        ),
        (&slow, &json!({}), Some(("ProgressDeadlineExceeded", "Timed out.")), ""),
        (&slow, &image, Some(("ImagePullBackOff", "no such image")), "no such image"),
        (&fine, &image, None, "no such image"),
        (&quota, &json!({}), Some(("FailedCreate", "exceeded quota")), ""),
        (&fine, &nowhere, Some(("Unschedulable", "Insufficient cpu")), ""),
    ] {
        let found = trouble(Some(deployment), pod.clone());
        let told = found.resources.as_ref().map(|(reason, message)| (reason.as_str(), message.as_str()));
        assert_eq!((told, found.waiting.as_str()), (resources, waiting), "{pod}");
    }
}

#[test]
fn pods_that_have_nothing_to_say() {
    let ended = container(json!({"terminated": {"exitCode": 143, "message": "stopped"}}), json!({}));
    let mut leaving = pod("r", "old", ended.clone());
    leaving.metadata.deletion_timestamp = serde_json::from_value(json!("2026-01-01T00:00:00Z")).unwrap();
    assert_eq!(look(None, &[&leaving], false), Trouble::default(), "it was told to end");
    let failing = pod("r", "bad", ended);
    let ready = pod("r", "good", json!({"conditions": [{"type": "Ready", "status": "True"}]}));
    assert_eq!(look(None, &[&failing, &ready], false), Trouble::default(), "another pod is ready");
}

fn world(change: impl FnOnce(&mut Value)) -> World {
    let mut world = World::new();
    let mut written = serde_json::to_value(service("shop", "one")).unwrap();
    change(&mut written);
    world.put(serde_json::from_value(written).unwrap());
    world.settle();
    world
}

#[test]
fn a_pod_is_made() {
    let world = world(|_| {});
    let deployment = &world.deployments["shop-00001-deployment"];
    let uid = world.revisions["shop-00001"].metadata.uid.clone().unwrap();
    let spec = serde_json::to_value(&deployment.spec).unwrap();
    assert_eq!(spec["replicas"], 1);
    assert_eq!(spec["selector"], json!({"matchLabels": {label::REVISION_UID: uid}}));
    assert_eq!(spec["strategy"], json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0}}));
    assert_eq!((&spec["revisionHistoryLimit"], &spec["progressDeadlineSeconds"]), (&json!(0), &json!(600)));
    let labels = &spec["template"]["metadata"]["labels"];
    for (key, value) in [
        ("app", "shop-00001"),
        (label::REVISION, "shop-00001"),
        (label::REVISION_UID, uid.as_str()),
        (label::SERVICE, "shop"),
        (label::CONFIGURATION, "shop"),
        (label::CONFIGURATION_GENERATION, "1"),
    ] {
        assert_eq!(labels[key], value, "{key}");
    }
    assert!(labels.get(label::ROUTING_STATE).is_none(), "or every change of routes would restart the pods");
    let pod = &spec["template"]["spec"];
    assert_eq!(pod["terminationGracePeriodSeconds"], 300);
    let container = &pod["containers"][0];
    assert_eq!(container["ports"], json!([{"name": "user-port", "containerPort": 8080, "protocol": "TCP"}]));
    let env = json!([
        {"name": "TARGET", "value": "one"}, {"name": "PORT", "value": "8080"}, {"name": "K_REVISION", "value": "shop-00001"},
        {"name": "K_CONFIGURATION", "value": "shop"}, {"name": "K_SERVICE", "value": "shop"},
    ]);
    assert_eq!(container["env"], env);
    assert_eq!(container["readinessProbe"], json!({"successThreshold": 1, "tcpSocket": {"port": "user-port"}}));
}

#[test]
fn ports_probes_and_protocols() {
    let world = world(|written| {
        let container = &mut written["spec"]["template"]["spec"]["containers"][0];
        container["ports"] = json!([{"name": "h2c", "containerPort": 9000}]);
        container["livenessProbe"] = json!({"httpGet": {"path": "/", "port": 7000}});
        container["startupProbe"] = json!({"httpGet": {"path": "/", "port": 0}});
    });
    let container = user_container(&world.deployments["shop-00001-deployment"]);
    let ports = container.ports.as_ref().unwrap();
    assert_eq!((ports[0].name.as_deref(), ports[0].container_port), (Some("user-port"), 9000));
    let port = |probe: &Option<k8s_openapi::api::core::v1::Probe>| {
        serde_json::to_value(&probe.as_ref().unwrap().http_get.as_ref().unwrap().port).unwrap()
    };
    assert_eq!((port(&container.liveness_probe), port(&container.startup_probe)), (json!(7000), json!("user-port")));
    let template = world.deployments["shop-00001-deployment"].spec.template.metadata.clone().unwrap();
    assert_eq!(template.annotations.unwrap()["serving.ebb.dev/protocol"], "h2c");
    assert_eq!(world.autoscalers["shop-00001"].spec.protocol_type, "h2c");
    let port = &world.core_services["shop-00001"].spec.as_ref().unwrap().ports.as_ref().unwrap()[0];
    assert_eq!((port.name.as_deref(), port.port), (Some("http2"), 80));
}

#[test]
fn initial_scale() {
    for (annotations, allow_zero, expected) in [
        (json!({}), "false", 1),
        (json!({"autoscaling.knative.dev/initial-scale": "3"}), "false", 3),
        (json!({"autoscaling.knative.dev/initialScale": "3"}), "false", 3),
        (json!({"autoscaling.knative.dev/min-scale": "5"}), "false", 5),
        (json!({"autoscaling.knative.dev/min-scale": "2", "autoscaling.knative.dev/initial-scale": "4"}), "false", 4),
        (json!({"autoscaling.knative.dev/initial-scale": "0"}), "false", 1),
        (json!({"autoscaling.knative.dev/initial-scale": "0"}), "true", 0),
    ] {
        let mut world = World::new();
        let data = BTreeMap::from([("allow-zero-initial-scale".to_owned(), allow_zero.to_owned())]);
        world.settings.config = world.settings.config.with("config-autoscaler", &data).unwrap().into();
        let mut written = serde_json::to_value(service("shop", "one")).unwrap();
        written["spec"]["template"]["metadata"] = json!({"annotations": annotations});
        world.put(serde_json::from_value(written).unwrap());
        world.settle();
        assert_eq!(world.deployments["shop-00001-deployment"].spec.replicas, Some(expected), "{annotations}");
    }
}

#[test]
fn scale_and_servers_defaults_are_left_alone() {
    let mut world = world(|_| {});
    let mut deployment = world.deployments["shop-00001-deployment"].as_ref().clone();
    deployment.spec.replicas = Some(7);
    deployment.spec.min_ready_seconds = Some(0);
    deployment.metadata.annotations = Some([("deployment.kubernetes.io/revision".to_owned(), "1".to_owned())].into());
    let pod = deployment.spec.template.spec.as_mut().unwrap();
    pod.restart_policy = Some("Always".to_owned());
    pod.dns_policy = Some("ClusterFirst".to_owned());
    pod.containers[0].image_pull_policy = Some("IfNotPresent".to_owned());
    pod.containers[0].readiness_probe.as_mut().unwrap().period_seconds = Some(10);
    world.deployments.insert("shop-00001-deployment".to_owned(), deployment.into());
    assert!(world.plan_revision("shop-00001").is_empty());

    let mut data = BTreeMap::new();
    data.insert("progress-deadline".to_owned(), "30s".to_owned());
    world.settings.config = world.settings.config.with("config-deployment", &data).unwrap().into();
    let plan = world.plan_revision("shop-00001");
    let [Apply::Update(update)] = plan.apply.as_slice() else { panic!("{plan:?}") };
    let update = serde_json::to_value(update).unwrap();
    assert_eq!((&update["spec"]["replicas"], &update["spec"]["progressDeadlineSeconds"]), (&json!(7), &json!(30)));
}

#[test]
fn scaling_annotations_follow_the_revision() {
    let mut world = world(|_| {});
    let key = "autoscaling.knative.dev/min-scale";
    for (min_scale, expected) in [(Some("2"), Some("2")), (Some("3"), Some("3")), (None, None)] {
        let mut revision = world.revisions["shop-00001"].as_ref().clone();
        let annotations = revision.metadata.annotations.get_or_insert_default();
        annotations.remove(key);
        annotations.extend(min_scale.map(|value| (key.to_owned(), value.to_owned())));
        world.revisions.insert("shop-00001".to_owned(), revision.into());
        world.settle();
        let found = world.autoscalers["shop-00001"].metadata.annotations.as_ref().and_then(|annotations| annotations.get(key));
        assert_eq!(found.map(String::as_str), expected);
    }
    assert_eq!(world.deployments["shop-00001-deployment"].spec.replicas, Some(1), "that is the autoscaler's");
}

#[test]
fn the_initial_scale_was_never_achieved() {
    let mut world = world(|_| {});
    let mut autoscaler = world.autoscalers["shop-00001"].as_ref().clone();
    let now = world.now;
    let status = autoscaler.status.get_or_insert_default();
    status.service_name = "shop-00001".to_owned();
    status.mark_false(kind::ACTIVE, "TimedOut", "The target could not be activated.", now);
    world.autoscalers.insert("shop-00001".to_owned(), autoscaler.into());
    world.settle();
    let status = world.revisions["shop-00001"].status.as_ref().unwrap();
    let expected = "False ProgressDeadlineExceeded: Initial scale was never achieved";
    assert_eq!(condition(status, kind::READY), expected);
    assert_eq!(world.autoscalers["shop-00001"].spec.reachability, "Unreachable");
    world.pods_become_ready("shop-00001");
    world.settle();
    assert!(world.revisions["shop-00001"].status.as_ref().unwrap().is_ready());
    assert_eq!(world.autoscalers["shop-00001"].spec.reachability, "Reachable");
}

#[test]
fn readiness_stays_whatever_pods_do() {
    let mut world = world(|_| {});
    world.pods_become_ready("shop-00001");
    world.settle();
    let ended = container(json!({"terminated": {"exitCode": 1, "message": "crashed"}}), json!({}));
    world.pods = vec![pod("shop-00001", "p", ended)];
    let plan = world.plan_revision("shop-00001");
    assert!(plan.is_empty());
    assert_eq!(plan.because, Because::Settled);
}

#[test]
fn images_and_logs() {
    for (image, digest) in [("dev.local/host", ""), ("registry/app:1", ""), ("registry/app@sha256:abc", "registry/app@sha256:abc")] {
        let mut world = World::new();
        let data = BTreeMap::from([("logging.revision-url-template".to_owned(), "http://logs/${REVISION_UID}".to_owned())]);
        world.settings.config = world.settings.config.with("config-observability", &data).unwrap().into();
        let mut shop = service("shop", "one");
        shop.spec.template.spec.pod.containers[0].image = Some(image.to_owned());
        world.put(shop);
        world.settle();
        let revision = &world.revisions["shop-00001"];
        let status = revision.status.as_ref().unwrap();
        assert_eq!(status.log_url, format!("http://logs/{}", revision.metadata.uid.as_deref().unwrap()));
        assert_eq!(
            (status.container_statuses[0].name.as_str(), status.container_statuses[0].image_digest.as_str()),
            ("user-container", digest)
        );
    }
}

#[test]
fn names_of_somebody_else() {
    let mut world = world(|_| {});
    let mut foreign = world.deployments["shop-00001-deployment"].as_ref().clone();
    foreign.metadata.owner_references = None;
    world.deployments.insert("shop-00001-deployment".to_owned(), foreign.into());
    let plan = world.plan_revision("shop-00001");
    assert_eq!((plan.because, plan.apply.len()), (Because::NotOwned, 0));
    let expected = "False NotOwned: There is an existing Deployment \"shop-00001-deployment\" that we do not own.";
    assert_eq!(condition(&plan.status.unwrap(), kind::RESOURCES_AVAILABLE), expected);
}

#[test]
fn no_pods_no_trouble() {
    let none: [&Pod; 0] = [];
    assert_eq!(look(None, &none, false), Trouble::default());
}
