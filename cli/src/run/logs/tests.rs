//! What is asked of the server, from a script; which pods that are gone are shown, from a directory.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;
use crate::connect::script::{SERVICES, Script, event, service};

const PODS: &str = "/api/v1/namespaces/dev/pods";

fn pod(name: &str, phase: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "dev", "uid": format!("uid-{name}")},
        "spec": {"containers": [{"name": "user-container"}]}, "status": {"phase": phase},
    })
}

fn pods(items: &[Value]) -> Value {
    json!({"apiVersion": "v1", "kind": "PodList", "metadata": {"resourceVersion": "7"}, "items": items})
}

fn log(pod: &str, query: &str) -> String {
    format!("GET {PODS}/{pod}/log?&container=user-container{query}")
}

/// Leaves a pod's record as the node does.
fn leave(data_dir: &Path, pod: &str, service: &str, revision: &str, created: &str) {
    let labels = json!({"serving.knative.dev/service": service, "serving.knative.dev/revision": revision});
    let record = json!({
        "namespace": "dev", "name": pod, "uid": format!("uid-{pod}"), "labels": labels,
        "containers": ["user-container", "helper"], "created": created,
    });
    let directory = data_dir.join("logs/dev").join(pod);
    std::fs::create_dir_all(&directory).unwrap();
    std::fs::write(directory.join("pod.json"), record.to_string()).unwrap();
}

/// A directory with two pods of an old Revision, and one of the latest.
fn remembered() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    leave(directory.path(), "old-b", "shop", "shop-00001", "2026-01-01T00:00:02Z");
    leave(directory.path(), "old-a", "shop", "shop-00001", "2026-01-01T00:00:01Z");
    leave(directory.path(), "latest", "shop", "shop-00002", "2026-01-01T00:00:03Z");
    leave(directory.path(), "other", "cart", "cart-00001", "2026-01-01T00:00:09Z");
    directory
}

async fn shown(script: &Script, session: Session, args: &LogsArgs) {
    show(&session, "shop", args).await.unwrap();
    script.is_over();
}

#[tokio::test]
async fn pods_that_run_are_read_and_others_not_looked_for() {
    let (directory, script) = (remembered(), Script::default());
    script.answer(&format!("GET {SERVICES}/shop"), 200, service("5", 1, 1, "True", ""));
    script.answer(&format!("GET {PODS}?"), 200, pods(&[pod("runs", "Running"), pod("waits", "Pending")]));
    script.answer(&log("runs", "&tailLines=2"), 200, json!("hello"));
    shown(&script, script.session().of_data_dir(directory.path()), &LogsArgs { tail: Some(2), ..LogsArgs::default() }).await;
}

#[tokio::test]
async fn at_zero_the_last_revisions_pods_are_read() {
    let (directory, script) = (remembered(), Script::default());
    script.answer(&format!("GET {SERVICES}/shop"), 200, service("5", 1, 1, "True", ""));
    script.answer(&format!("GET {PODS}?"), 200, pods(&[pod("waits", "Pending")]));
    script.answer(&log("latest", "&tailLines=2"), 200, json!("hello"));
    shown(&script, script.session().of_data_dir(directory.path()), &LogsArgs { tail: Some(2), ..LogsArgs::default() }).await;
}

#[tokio::test]
async fn at_zero_a_revisions_pods_are_read_in_their_order() {
    let (directory, script) = (remembered(), Script::default());
    let revision =
        json!({"apiVersion": "serving.knative.dev/v1", "kind": "Revision", "metadata": {"name": "shop-00001"}, "spec": {"containers": []}});
    script.answer(&format!("GET {SERVICES}/shop"), 200, service("5", 1, 1, "True", ""));
    script.answer("GET /apis/serving.knative.dev/v1/namespaces/dev/revisions/shop-00001", 200, revision);
    script.answer(&format!("GET {PODS}?"), 200, pods(&[]));
    script.answer(&log("old-a", ""), 200, json!("first"));
    // Its lines had to make room meanwhile.
    script.answer(&log("old-b", ""), 404, crate::connect::script::status(404, "NotFound", "pods \"old-b\" not found"));
    let args = LogsArgs { revision: Some("shop-00001".to_owned()), ..LogsArgs::default() };
    shown(&script, script.session().of_data_dir(directory.path()), &args).await;
}

#[tokio::test]
async fn at_zero_only_the_newest_few_are_read() {
    let (directory, script) = (tempfile::tempdir().unwrap(), Script::default());
    let name = |number| format!("p{number}");
    (1..=7).for_each(|number| leave(directory.path(), &name(number), "shop", "shop-00001", &format!("2026-01-01T00:00:0{number}Z")));
    script.answer(&format!("GET {SERVICES}/shop"), 200, service("5", 1, 1, "True", ""));
    script.answer(&format!("GET {PODS}?"), 200, pods(&[]));
    for number in 3..=7 {
        script.answer(&log(&name(number), ""), 200, json!("hello"));
    }
    shown(&script, script.session().of_data_dir(directory.path()), &LogsArgs::default()).await;
}

#[tokio::test]
async fn pods_of_an_earlier_service_of_the_same_name_are_not_read() {
    let (directory, script) = (remembered(), Script::default());
    let mut later = service("5", 1, 1, "True", "");
    later["metadata"]["uid"] = json!("later");
    script.answer(&format!("GET {SERVICES}/shop"), 200, later);
    script.answer(&format!("GET {PODS}?"), 200, pods(&[]));
    shown(&script, script.session().of_data_dir(directory.path()), &LogsArgs::default()).await;
}

#[tokio::test]
async fn another_server_is_not_asked_for_pods_that_are_gone() {
    let script = Script::default();
    script.answer(&format!("GET {SERVICES}/shop"), 200, service("5", 1, 1, "True", ""));
    script.answer(&format!("GET {PODS}?"), 200, pods(&[]));
    shown(&script, script.session(), &LogsArgs::default()).await;
}

#[tokio::test]
async fn followers_get_what_is_left_first_and_then_what_comes() {
    let (directory, script) = (remembered(), Script::default());
    script.answer(&format!("GET {SERVICES}/shop"), 200, service("5", 1, 1, "True", ""));
    script.answer(&format!("GET {PODS}?"), 200, pods(&[]));
    script.answer(&log("latest", ""), 200, json!("bye"));
    script.watch(&format!("GET {PODS}?"), vec![event("ADDED", pod("new", "Running"))]);
    script.answer(&log("new", "&follow=true"), 200, json!("hello"));
    let session = script.session().of_data_dir(directory.path());
    let args = LogsArgs { follow: true, ..LogsArgs::default() };
    let used_up = async {
        while !script.is_used_up() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        outcome = show(&session, "shop", &args) => panic!("it should go on: {outcome:?}"),
        () = used_up => {}
    }
}
