//! What lasts: reopening, being killed, full disks, damaged files, one process at a time.

use k8s_openapi::api::apps::v1::Deployment;
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::crud::deployment;
use super::{CONFIG_MAPS, Fixture, WIDGETS, open, options, send, widget};
use crate::{OpenError, Server};

/// What a process finds that comes after one that was killed now: the files as they are.
fn killed(fixture: &Fixture) -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    for name in ["state.db", "state.db-wal"] {
        if fixture.dir.path().join(name).exists() {
            std::fs::copy(fixture.dir.path().join(name), dir.path().join(name)).unwrap();
        }
    }
    Fixture { server: Server::open(options(dir.path())).unwrap(), dir }
}

fn reopened(fixture: Fixture) -> Fixture {
    fixture.server.close();
    let Fixture { dir, server } = fixture;
    drop(server);
    Fixture { server: Server::open(options(dir.path())).unwrap(), dir }
}

fn version(object: &Value) -> u64 {
    object["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let fixture = open();
    let made = fixture.post(WIDGETS, &widget("w")).await.json();
    fixture.post(WIDGETS, &widget("gone")).await;
    fixture.delete(&format!("{WIDGETS}/gone")).await;
    let after = killed(&fixture);
    assert_eq!(after.get(&format!("{WIDGETS}/w")).await.json(), made);
    assert_eq!(after.get(&format!("{WIDGETS}/gone")).await.status, 404);
    let next = after.post(WIDGETS, &widget("x")).await.json();
    assert!(version(&next) > version(&made));
}

#[tokio::test]
async fn status_and_scale_that_a_user_writes_survive_a_kill() {
    let fixture = open();
    fixture.post(WIDGETS, &widget("w")).await;
    let status = fixture.patch(&format!("{WIDGETS}/w/status"), "merge", &json!({"status": {"replicas": 4}})).await;
    let scale = fixture.patch(&format!("{WIDGETS}/w/scale"), "merge", &json!({"spec": {"replicas": 7}})).await;
    assert_eq!((status.status, scale.status), (::http::StatusCode::OK, ::http::StatusCode::OK));
    let before = fixture.get(&format!("{WIDGETS}/w")).await.json();
    assert_eq!((&before["status"]["replicas"], &before["spec"]["replicas"]), (&json!(4), &json!(7)));
    assert_eq!(killed(&fixture).get(&format!("{WIDGETS}/w")).await.json(), before);
}

#[tokio::test]
async fn versions_go_on_above_everything_ever_handed_out() {
    let fixture = open();
    let pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    let unlasting = version(&fixture.post("/api/v1/namespaces/default/pods", &pod).await.json());
    let after_kill = killed(&fixture);
    assert!(version(&after_kill.get(CONFIG_MAPS).await.json()) >= unlasting);
    let after = reopened(fixture);
    assert_eq!(after.get("/api/v1/namespaces/default/pods/p").await.status, 404);
    let next = version(&after.post(CONFIG_MAPS, &json!({"metadata": {"name": "m"}})).await.json());
    assert!(next > unlasting && next < unlasting + 1_000, "a clean end skips nothing: {unlasting} {next}");
}

#[tokio::test]
async fn what_nobody_waited_for_is_there_after_a_clean_end() {
    let fixture = open();
    fixture.post(WIDGETS, &widget("w")).await;
    let api: Api<Deployment> = fixture.api();
    api.create(&PostParams::default(), &deployment("d")).await.unwrap();
    let status = json!({"status": {"replicas": 4}});
    api.patch_status("d", &PatchParams::default(), &Patch::Merge(&status)).await.unwrap();
    let scale = json!({"spec": {"replicas": 3}});
    api.patch_scale("d", &PatchParams::default(), &Patch::Merge(&scale)).await.unwrap();
    let before = (fixture.get(&format!("{WIDGETS}/w")).await.json(), api.get("d").await.unwrap());
    let after = reopened(fixture);
    let api: Api<Deployment> = after.api();
    assert_eq!((after.get(&format!("{WIDGETS}/w")).await.json(), api.get("d").await.unwrap()), before);
}

#[tokio::test]
async fn a_version_from_before_the_restart_is_expired() {
    let fixture = open();
    let made = version(&fixture.post(WIDGETS, &widget("w")).await.json());
    let after = killed(&fixture);
    let mut watch = after.watch(&format!("{WIDGETS}?watch=true&resourceVersion={made}")).await;
    assert_eq!(super::event(&mut watch).await.0, "ERROR");
}

#[tokio::test]
async fn after_a_clean_end_a_watch_goes_on_unless_its_kind_ended_with_the_process() {
    const PODS: &str = "/api/v1/namespaces/default/pods";
    let fixture = open();
    fixture.post(WIDGETS, &widget("w")).await;
    let pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    let last = version(&fixture.post(PODS, &pod).await.json());
    let after = reopened(fixture);
    let mut pods = after.watch(&format!("{PODS}?watch=true&resourceVersion={last}")).await;
    let (what, status) = super::event(&mut pods).await;
    assert_eq!((what.as_str(), &status["code"]), ("ERROR", &json!(410)), "nobody told that the pod is gone");
    let mut widgets = after.watch(&format!("{WIDGETS}?watch=true&resourceVersion={last}")).await;
    after.post(WIDGETS, &widget("next")).await;
    let (what, object) = super::event(&mut widgets).await;
    assert_eq!((what.as_str(), &object["metadata"]["name"]), ("ADDED", &json!("next")));
}

#[tokio::test]
async fn what_lasts_brings_along_what_was_written_before_it() {
    let fixture = open();
    let api: Api<Deployment> = fixture.api();
    // In-process writes to a derived kind wait for nobody, and a durable write waits for them.
    api.create(&PostParams::default(), &deployment("d")).await.unwrap();
    fixture.post(WIDGETS, &widget("w")).await;
    let after = killed(&fixture);
    assert_eq!(after.get(&format!("{WIDGETS}/w")).await.status, 200);
    assert!(after.api::<Deployment>().get_opt("d").await.unwrap().is_some());
}

#[tokio::test]
async fn only_one_process_has_a_directory() {
    let fixture = open();
    let error = Server::open(options(fixture.dir.path())).unwrap_err();
    assert!(matches!(&error, OpenError::Locked { pid: Some(pid), .. } if *pid == std::process::id()), "{error}");
    assert!(error.to_string().contains(&format!("(pid {})", std::process::id())));
    fixture.server.close();
    Server::open(options(fixture.dir.path())).unwrap();
}

#[test]
fn a_damaged_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("state.db"), b"this is no database, and it is long enough to be looked at as one".repeat(50)).unwrap();
    let error = Server::open(options(dir.path())).unwrap_err();
    assert!(matches!(error, OpenError::Corrupt { .. }), "{error:?}");
    assert!(error.to_string().contains("state.db is damaged"));
}

#[test]
fn a_newer_file_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let connection = rusqlite::Connection::open(dir.path().join("state.db")).unwrap();
    connection.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(connection);
    assert!(matches!(Server::open(options(dir.path())).unwrap_err(), OpenError::Newer { found: 99, .. }));
}

#[test]
fn files_are_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = open();
    for name in ["state.db", "state.db-wal", "lock", "pki/ca.key", "pki/user.key", "pki/user.crt"] {
        let mode = std::fs::metadata(fixture.dir.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} has mode {mode:o}");
    }
}

#[tokio::test]
async fn after_close_nothing_is_taken() {
    let fixture = open();
    fixture.server.close();
    let answer = fixture.post(CONFIG_MAPS, &json!({"metadata": {"name": "m"}})).await;
    assert_eq!(answer.status, 500);
    assert_eq!(fixture.get(&format!("{CONFIG_MAPS}/m")).await.status, 404);
}

/// A write of a random history, acknowledged one after the other.
fn writes() -> impl Strategy<Value = Vec<(u8, u8)>> {
    proptest::collection::vec((0..3_u8, 0..4_u8), 1..25)
}

async fn kill_story(writes: &[(u8, u8)]) {
    let fixture = open();
    for (number, (verb, which)) in writes.iter().enumerate() {
        let path = format!("{CONFIG_MAPS}/m{which}");
        match verb {
            0 => fixture.post(CONFIG_MAPS, &json!({"metadata": {"name": format!("m{which}")}})).await,
            1 => fixture.patch(&path, "merge", &json!({"data": {"n": number.to_string()}})).await,
            _ => fixture.delete(&path).await,
        };
    }
    let before = fixture.get(CONFIG_MAPS).await.json();
    assert_eq!(killed(&fixture).get(CONFIG_MAPS).await.json()["items"], before["items"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn a_kill_loses_nothing_that_was_acknowledged(writes in writes()) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(kill_story(&writes));
    }
}

#[tokio::test]
async fn concurrent_creates_all_last() {
    let fixture = open();
    let creates = (0..200).map(|number| {
        let server = &fixture.server;
        let body = json!({"metadata": {"name": format!("m{number}")}}).to_string();
        async move { send(server, ::http::Method::POST, CONFIG_MAPS, &[], body).await.status }
    });
    assert!(futures::future::join_all(creates).await.iter().all(|status| *status == 201));
    assert_eq!(killed(&fixture).get(CONFIG_MAPS).await.json()["items"].as_array().unwrap().len(), 200);
}
