//! The life of single pods: what they get, how they fail, how they end, and that nothing of them is left.

use std::path::Path;
use std::time::{Duration, Instant};

use super::support::{Ground, condition, get, is_ready, name, pid, port, waiting};
use ebb_node::NoTraffic;
use k8s_openapi::api::core::v1::{ConfigMap, Event, Node};
use kube::Api;
use kube::api::PostParams;
use kube::runtime::watcher;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

#[tokio::test]
async fn the_node_is_announced() {
    let ground = Ground::new(NoTraffic).await;
    let nodes: Api<Node> = Api::all(ground.client.clone());
    let node = nodes.get(ground.node.name()).await.unwrap();
    assert!(node.status.unwrap().capacity.unwrap().contains_key("cpu"));
    ground.shut_down().await;
}

#[tokio::test]
async fn a_process_gets_its_environment_and_a_directory_of_its_own() {
    let ground = Ground::new(NoTraffic).await;
    let script = "env | sort; pwd; cat; exec \"$0\"";
    let container = json!({"command": ["sh", "-c", script, super::support::SERVER], "env": [
        {"name": "TARGET", "value": "World"},
        {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
    ]});
    ground.deploy("shop", 1, container, json!({})).await;
    let pod = ground.wait_ready("shop", 1).await.remove(0);
    let log = ground.log(&name(&pod)).await;
    let uid = pod.metadata.uid.clone().unwrap();
    let port = format!("PORT={}", port(&pod));
    let directory = ground.directory.path().join("pods").join(&uid);
    let own = [format!("NAME={}", name(&pod)), format!("EBB_POD_UID={uid}"), directory.display().to_string()];
    for want in ["TARGET=World", "IP=127.0.0.1", &port].into_iter().chain(own.iter().map(String::as_str)) {
        assert!(log.lines().any(|line| line == want), "{want} is not in:\n{log}");
    }
    assert!(!log.contains("CARGO"), "Ebb's own environment is not inherited:\n{log}");
    ground.scale("shop", 0).await;
    ground.wait_pods("shop", "no pods", <[_]>::is_empty).await;
    assert!(!directory.exists());
    ground.shut_down().await;
}

#[tokio::test]
async fn a_pod_that_nobody_gave_to_a_node_runs_here_and_one_that_does_not_fit_says_why() {
    let ground = Ground::new(NoTraffic).await;
    let make = async |name: &str, spec: serde_json::Value| {
        let container = json!({"name": "user-container", "image": "dev.local/host", "command": ["sh", "-c", "echo done"]});
        let mut pod =
            json!({"metadata": {"name": name, "labels": {"app": name}}, "spec": {"restartPolicy": "Never", "containers": [container]}});
        pod["spec"].as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
        ground.pods().create(&PostParams::default(), &serde_json::from_value(pod).unwrap()).await.unwrap();
    };
    make("bare", json!({})).await;
    make("elsewhere", json!({"nodeSelector": {"kubernetes.io/hostname": "elsewhere"}})).await;
    make("gated", json!({"schedulingGates": [{"name": "example.com/later"}]})).await;
    let phase = |pod: &k8s_openapi::api::core::v1::Pod| pod.status.as_ref().and_then(|status| status.phase.clone()).unwrap_or_default();
    let done = ground.wait_pods("bare", "its end", |pods| pods.len() == 1 && phase(&pods[0]) == "Succeeded").await;
    assert_eq!(done[0].spec.as_ref().unwrap().node_name.as_deref(), Some(ground.node.name()));
    assert_eq!(condition(&done[0], "PodScheduled").unwrap().0, "True");
    assert_eq!(ground.log("bare").await, "done\n");
    let told = ground.wait_pods("elsewhere", "a reason", |pods| pods.len() == 1 && condition(&pods[0], "PodScheduled").is_some()).await;
    assert_eq!(condition(&told[0], "PodScheduled").unwrap().0, "False");
    assert_eq!(phase(&told[0]), "Pending");
    let gated = ground.pods().get("gated").await.unwrap();
    assert_eq!((gated.spec.unwrap().node_name, condition(&ground.pods().get("gated").await.unwrap(), "PodScheduled")), (None, None));
    ground.shut_down().await;
}

#[tokio::test]
async fn a_crash_is_told_and_restarted_at_once_and_then_with_back_off() {
    let ground = Ground::new(NoTraffic).await;
    ground.deploy("shop", 1, json!({}), json!({})).await;
    let first = ground.wait_ready("shop", 1).await.remove(0);
    let _ = get(port(&first), "/exit/7").await;
    let restarts =
        |pod: &k8s_openapi::api::core::v1::Pod| pod.status.as_ref().unwrap().container_statuses.as_ref().unwrap()[0].restart_count;
    let again = ground.wait_pods("shop", "a restart", |pods| pods.len() == 1 && is_ready(&pods[0]) && restarts(&pods[0]) == 1).await;
    let last = again[0].status.as_ref().unwrap().container_statuses.as_ref().unwrap()[0].last_state.clone().unwrap().terminated.unwrap();
    assert_eq!((last.exit_code, last.reason.as_deref()), (7, Some("Error")));
    assert!(last.message.unwrap().ends_with("told to exit with 7"));
    assert_eq!(name(&again[0]), name(&first));
    let previous = ebb_node::logs::Query { previous: true, ..ebb_node::logs::Query::default() };
    assert!(ground.logs.read("default", &name(&first), "user-container", previous).await.is_ok());
    let _ = get(port(&first), "/exit/8").await;
    let looping = |pods: &[_]| pods.first().and_then(waiting).is_some_and(|(reason, _)| reason == "CrashLoopBackOff");
    let pods = ground.wait_pods("shop", "CrashLoopBackOff", looping).await;
    let (_, message) = waiting(&pods[0]).unwrap();
    assert!(message.starts_with("back-off 10s restarting failed container=user-container pod=shop-"), "{message}");
    assert!(message.contains("exited with code 8: "), "{message}");
    assert_eq!(condition(&pods[0], "Ready").unwrap().0, "False");
    ground.shut_down().await;
}

#[tokio::test]
async fn a_killed_process_takes_its_pod_out_of_use_at_once() {
    let ground = Ground::new(NoTraffic).await;
    ground.deploy("shop", 1, json!({"env": [{"name": "DELAY_MS", "value": "300"}]}), json!({})).await;
    let pod = ground.wait_ready("shop", 1).await.remove(0);
    kill(Pid::from_raw(pid(&pod)), Signal::SIGKILL).unwrap();
    let unready = ground.wait_pods("shop", "the pod to be unready", |pods| pods.len() == 1 && !is_ready(&pods[0])).await;
    assert_eq!(condition(&unready[0], "Ready").unwrap().0, "False");
    ground.wait_ready("shop", 1).await;
    ground.shut_down().await;
}

#[tokio::test]
async fn what_cannot_run_says_why() {
    let ground = Ground::new(NoTraffic).await;
    let cases = [
        (json!({"command": ["no-such-command"]}), "RunContainerError", r#"command "no-such-command" was not found in PATH ("#),
        (
            json!({"command": ["./gone"], "workingDir": "/tmp"}),
            "RunContainerError",
            r#"command "./gone" does not exist: there is no file /tmp/./gone"#,
        ),
        (json!({"workingDir": "/does/not/exist"}), "RunContainerError", "working directory /does/not/exist: No such file or directory"),
        (json!({"image": "nginx"}), "ImageNotSupported", r#"image "nginx" cannot run here: only dev.local/host"#),
        (
            json!({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}),
            "CreateContainerConfigError",
            r#"Secret "s" does not exist (needed by environment variable A)"#,
        ),
        (
            json!({"volumeMounts": [{"name": "v", "mountPath": "/v"}]}),
            "CreateContainerConfigError",
            r#"volume "v" is mounted, but the pod has no such volume"#,
        ),
    ];
    for (number, (container, reason, message)) in cases.into_iter().enumerate() {
        let app = format!("bad{number}");
        ground.deploy(&app, 1, container, json!({})).await;
        let told = |pods: &[k8s_openapi::api::core::v1::Pod]| {
            let pod = pods.first();
            pod.and_then(waiting).is_some_and(|(is, says)| is == reason && says.starts_with(message))
                && pod.and_then(|pod| pod.status.as_ref()?.phase.as_deref()) == Some("Pending")
        };
        let pods = ground.wait_pods(&app, &format!("{reason}: {message}"), told).await;
        assert!(condition(&pods[0], "Ready").unwrap().1.contains(message));
    }
    let events: Api<Event> = Api::namespaced(ground.client.clone(), "default");
    let told =
        |events: &[Event]| events.iter().any(|event| event.message.as_ref().is_some_and(|message| message.contains("no-such-command")));
    super::support::wait_all(events, watcher::Config::default(), "an event", told).await;
    ground.shut_down().await;
}

#[tokio::test]
async fn a_missing_config_map_is_waited_for() {
    let ground = Ground::new(NoTraffic).await;
    let container = json!({"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "late", "key": "k"}}}]});
    ground.deploy("shop", 1, container, json!({})).await;
    let missing = |pods: &[_]| pods.first().and_then(waiting).is_some_and(|(reason, _)| reason == "CreateContainerConfigError");
    ground.wait_pods("shop", "the missing reference", missing).await;
    let maps: Api<ConfigMap> = Api::namespaced(ground.client.clone(), "default");
    let map = json!({"metadata": {"name": "late"}, "data": {"k": "v"}});
    maps.create(&PostParams::default(), &serde_json::from_value(map).unwrap()).await.unwrap();
    ground.wait_ready("shop", 1).await;
    ground.shut_down().await;
}

#[tokio::test]
async fn limits_that_cannot_be_enforced_are_told() {
    let ground = Ground::new(NoTraffic).await;
    ground.deploy("shop", 1, json!({"resources": {"limits": {"memory": "64Mi"}}}), json!({})).await;
    let pod = ground.wait_ready("shop", 1).await.remove(0);
    // Where the machine can enforce them there is nothing to tell.
    if let Some((status, message)) = condition(&pod, "ebb.dev/ResourcesLimited") {
        assert_eq!(status, "False");
        assert!(message.starts_with("resource limits are not enforced: "), "{message}");
    }
    ground.shut_down().await;
}

#[tokio::test]
async fn liveness_restarts_a_container() {
    let ground = Ground::new(NoTraffic).await;
    let probe = json!({"exec": {"command": ["test", "-e", "alive"]}, "periodSeconds": 1, "failureThreshold": 1});
    ground.deploy("shop", 1, json!({"livenessProbe": probe}), json!({})).await;
    let restarted = |pods: &[k8s_openapi::api::core::v1::Pod]| {
        let statuses = pods.iter().filter_map(|pod| pod.status.as_ref()?.container_statuses.as_ref()).flatten();
        statuses.into_iter().any(|status| status.restart_count > 0)
    };
    ground.wait_pods("shop", "a restart", restarted).await;
    ground.shut_down().await;
}

#[tokio::test]
async fn sidecars_run_beside_the_serving_container() {
    let ground = Ground::new(NoTraffic).await;
    let serving = json!({
        "name": "user-container", "image": "dev.local/host", "command": [super::support::SERVER],
        "ports": [{"name": "user-port", "containerPort": 8080}], "readinessProbe": {"tcpSocket": {"port": 0}},
    });
    let sidecar = json!({"name": "side", "image": "dev.local/host", "command": ["sh", "-c", "echo port=$PORT; sleep 1000"]});
    let template = json!({"spec": {"containers": [serving, sidecar]}});
    ground.deploy("shop", 1, json!({}), json!({"template": template})).await;
    let pod = ground.wait_ready("shop", 1).await.remove(0);
    assert_eq!(pod.status.unwrap().container_statuses.unwrap().len(), 2);
    ground.shut_down().await;
}

#[tokio::test]
async fn nothing_of_a_pod_is_left_not_even_what_left_its_process_group() {
    let ground = Ground::new(NoTraffic).await;
    let script = "setsid sleep 1000 & sleep 1000 & exec \"$0\"";
    ground.deploy("shop", 1, json!({"command": ["sh", "-c", script, super::support::SERVER]}), json!({})).await;
    let pod = ground.wait_ready("shop", 1).await.remove(0);
    let process = pid(&pod);
    ground.scale("shop", 0).await;
    ground.wait_pods("shop", "no pods", <[_]>::is_empty).await;
    assert!(!Path::new(&format!("/proc/{process}")).exists());
    // The stray is looked for after the pod has ended; shutting down is what the next assertion waits for.
    let instance = ebb_node::instance_id(ground.directory.path());
    let deadline = Instant::now() + super::support::DEADLINE;
    while !ebb_node::spawn::marked(&instance).unwrap().is_empty() {
        assert!(Instant::now() < deadline, "a stray is left");
        tokio::task::yield_now().await;
    }
    ground.shut_down().await;
}

#[tokio::test]
async fn a_shutdown_leaves_nothing_either() {
    let ground = Ground::new(NoTraffic).await;
    let script = "setsid sleep 1000 & exec \"$0\"";
    ground.deploy("shop", 1, json!({"command": ["sh", "-c", script, super::support::SERVER]}), json!({})).await;
    ground.wait_ready("shop", 1).await;
    // It looks at the end, itself.
    ground.shut_down().await;
}

#[tokio::test]
async fn a_process_that_ignores_sigterm_is_killed() {
    let ground = Ground::new(NoTraffic).await;
    let script = "trap '' TERM; \"$0\" & wait; sleep 1000";
    let spec = json!({"template": {"spec": {"terminationGracePeriodSeconds": 1}}});
    ground.deploy("shop", 1, json!({"command": ["sh", "-c", script, super::support::SERVER]}), spec).await;
    let pod = ground.wait_ready("shop", 1).await.remove(0);
    ground.scale("shop", 0).await;
    ground.wait_pods("shop", "no pods", <[_]>::is_empty).await;
    assert!(!Path::new(&format!("/proc/{}", pid(&pod))).exists());
    ground.shut_down().await;
}

#[tokio::test]
async fn a_second_signal_kills_at_once() {
    let ground = Ground::new(NoTraffic).await;
    let script = "trap '' TERM; \"$0\" & wait; sleep 1000";
    ground.deploy("shop", 1, json!({"command": ["sh", "-c", script, super::support::SERVER]}), json!({})).await;
    ground.wait_ready("shop", 1).await;
    let began = Instant::now();
    ground.kill.cancel();
    ground.shut_down().await;
    // Its grace would be ten seconds.
    assert!(began.elapsed() < Duration::from_secs(9));
}

#[tokio::test]
async fn the_next_life_starts_afresh() {
    let ground = Ground::new(NoTraffic).await;
    ground.deploy("shop", 1, json!({}), json!({})).await;
    let before = ground.wait_ready("shop", 1).await.remove(0);
    let directory = ground.directory.clone();
    ground.shut_down().await;
    assert!(get(port(&before), "/").await.is_err());
    let ground = Ground::on(directory, std::sync::Arc::new(NoTraffic)).await;
    let after =
        ground.wait_pods("shop", "a new pod", |pods| pods.len() == 1 && is_ready(&pods[0]) && name(&pods[0]) != name(&before)).await;
    assert!(get(port(&after[0]), "/").await.is_ok());
    ground.shut_down().await;
}

/// Prints where the time of a start from zero goes. Not a check: machines differ.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cold_start_latency_is_printed() {
    let ground = Ground::new(NoTraffic).await;
    ground.deploy("shop", 0, json!({}), json!({})).await;
    let mut took = Vec::new();
    for _ in 0..20 {
        let began = Instant::now();
        ground.scale("shop", 1).await;
        let pods = ground.wait_ready("shop", 1).await;
        took.push(began.elapsed());
        println!("{:?} {}", took.last().unwrap(), condition(&pods[0], "ebb.dev/Timeline").unwrap().1);
        ground.scale("shop", 0).await;
        ground.wait_pods("shop", "no pods", <[_]>::is_empty).await;
    }
    took.sort();
    println!("from scale to ready: p50 {:?}, max {:?}", took[10], took[19]);
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &ground.registry).unwrap();
    text.lines().filter(|line| line.contains("_sum") || line.contains("_count")).for_each(|line| println!("{line}"));
    ground.shut_down().await;
}
