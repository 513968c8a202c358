//! What is run for a container, and what is refused, with the words.

use serde_json::{Value, json};

use super::*;

fn make(pod: Value, own_user: u32) -> Result<Blueprint, Trouble> {
    let pod: Pod = serde_json::from_value(pod).unwrap();
    let sources = Sources { config_map: &|_| None, secret: &|_| None, pod_ip: "127.0.0.1" };
    blueprint(&pod, &pod.spec.as_ref().unwrap().containers[0], own_user, &sources)
}

/// A pod with one good container, changed by `container` and `spec`.
fn pod(container: Value, spec: Value) -> Value {
    let mut merged = json!({"name": "c", "image": "dev.local/host", "command": ["serve"]});
    merged.as_object_mut().unwrap().extend(container.as_object().unwrap().clone());
    let mut whole = json!({"containers": [merged]});
    whole.as_object_mut().unwrap().extend(spec.as_object().unwrap().clone());
    json!({"metadata": {"name": "p"}, "spec": whole})
}

#[test]
fn the_command_is_expanded_with_the_chosen_port() {
    let container = json!({"args": ["--port=$(PORT)", "$(X)", "$$(X)"], "ports": [{"name": "user-port", "containerPort": 20_001}]});
    let made = make(pod(container, json!({})), 1000).unwrap();
    assert_eq!(made.command, ["serve", "--port=20001", "$(X)", "$(X)"]);
    assert_eq!(made.environment, BTreeMap::from([("PORT".into(), "20001".into())]));
    assert_eq!((made.directory, made.user, made.limits), (None, None, Limits::default()));
}

#[test]
fn limits_and_users_are_read() {
    let container = json!({"resources": {"limits": {"cpu": "250m", "memory": "64Mi"}}, "securityContext": {"runAsUser": 65_532}});
    let made = make(pod(container, json!({})), 0).unwrap();
    assert_eq!(made.limits, Limits { memory: Some(64 << 20), cpu: Some(250) });
    assert_eq!(made.user, Some((65_532, None)));
    let own = json!({"securityContext": {"runAsUser": 1000, "runAsNonRoot": true}});
    assert_eq!(make(pod(json!({}), own), 1000).unwrap().user, None);
}

#[test]
fn images_are_only_the_machine_itself() {
    for image in ["dev.local/host", "dev.local/host:latest", "dev.local/host@sha256:00"] {
        assert!(make(pod(json!({"image": image}), json!({})), 0).is_ok(), "{image}");
    }
    for image in ["", "nginx", "dev.local/hostess", "docker.io/dev.local/host"] {
        let trouble = make(pod(json!({"image": image}), json!({})), 0).unwrap_err();
        assert_eq!(trouble.reason, IMAGE_NOT_SUPPORTED);
        let want = "cannot run here: only dev.local/host (a process on this machine) can; container images are not supported yet";
        assert_eq!(trouble.message, format!("image {image:?} {want}"));
    }
}

#[test]
fn what_cannot_be_done_is_refused_with_its_reason() {
    let none = || json!({});
    for (container, spec, own_user, want) in [
        (json!({"command": []}), none(), 0, r#"container "c" has no command: image dev.local/host runs a command of this machine"#),
        (none(), json!({"initContainers": [{"name": "i"}]}), 0, "init containers are not supported for a process on this machine yet"),
        (
            json!({"lifecycle": {"preStop": {"exec": {"command": ["x"]}}}}),
            none(),
            0,
            "lifecycle hooks are not supported for a process on this machine yet",
        ),
        (json!({"securityContext": {"runAsUser": 5}}), none(), 1000, "runAsUser 5 needs ebb to run as root; it runs as user 1000"),
        (
            json!({"securityContext": {"runAsNonRoot": true}}),
            none(),
            0,
            "runAsNonRoot is true, but the process would run as root; set runAsUser, or run ebb as another user",
        ),
        (json!({"resources": {"limits": {"memory": "lots"}}}), none(), 0, r#"limit memory of container "c" is no quantity: "lots""#),
        (
            json!({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]}),
            none(),
            0,
            r#"Secret "s" does not exist (needed by environment variable A)"#,
        ),
        (
            json!({"readinessProbe": {"tcpSocket": {"port": "x"}}}),
            none(),
            0,
            r#"readinessProbe of container "c": the container has no port named "x""#,
        ),
    ] {
        let trouble = make(pod(container, spec), own_user).unwrap_err();
        assert_eq!((trouble.reason, trouble.message.as_str()), (CONFIG_ERROR, want));
    }
}
