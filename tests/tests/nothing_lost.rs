//! No request is lost: not on a rollout, a traffic change, a scale-down or a scale-to-zero, and only those in a pod
//! that is killed may fail.

use std::time::Duration;

use ebb_tests::load::Report;
use ebb_tests::{Ebb, Result};
use kube::ResourceExt;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::time::sleep;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_request_at_a_time_and_no_idle_pod_while_one_waits() -> Result<()> {
    let ebb = Ebb::up().await?;
    ebb.create("single", &["--concurrency-limit", "1", "--max-scale", "8", "--scale-window", "6s"]).await?;
    let report = ebb.load("single", "/sleep?ms=10", 100, Duration::from_secs(8)).run().await;
    assert_eq!(report.failures, Vec::<String>::new());
    assert_eq!(report.max_in_flight, 1, "the app saw two requests at once");
    assert_eq!(report.pids.len(), 8, "pods: {:?}", report.pids);
    // With one queue, no pod is idle while a request waits: all pods do about the same.
    let (least, most) = (report.pids.values().min(), report.pids.values().max());
    assert!(least.zip(most).is_some_and(|(least, most)| least * 2 >= *most), "uneven: {:?}", report.pids);
    ebb.stop(&[]).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rollouts_and_traffic_changes_lose_nothing() -> Result<()> {
    let ebb = Ebb::up().await?;
    ebb.create("roll", &["--scale-window", "6s", "--revision-name", "roll-1"]).await?;
    let load = ebb.load("roll", "/sleep?ms=5", 20, Duration::from_secs(12));
    let changes = async {
        for number in 2..=4 {
            let (name, target) = (format!("roll-{number}"), format!("TARGET={number}"));
            ebb.ok(&["service", "update", "roll", "--revision-name", &name, "--env", &target]).await?;
        }
        ebb.ok(&["service", "update", "roll", "--traffic", "roll-1=30,roll-4=70"]).await?;
        ebb.ok(&["service", "update", "roll", "--traffic", "roll-2=50,roll-3=50"]).await?;
        ebb.ok(&["service", "update", "roll", "--traffic", "@latest=100"]).await
    };
    let (report, changed) = tokio::join!(load.run(), changes);
    changed?;
    assert_eq!(report.failures, Vec::<String>::new());
    assert_eq!(report.revisions.len(), 4, "every revision had its turn: {:?}", report.revisions);
    ebb.stop(&[]).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scaling_down_and_to_zero_loses_nothing() -> Result<()> {
    let ebb = Ebb::up().await?;
    ebb.create("tide", &["--concurrency-limit", "2", "--scale-window", "6s"]).await?;
    let crowd = ebb.load("tide", "/sleep?ms=20", 40, Duration::from_secs(3)).run().await;
    assert_eq!(crowd.failures, Vec::<String>::new());
    let many = ebb.pods("tide").await?.len();
    // One user remains while the crowd's pods go, and keeps coming back just when the service goes to zero.
    let mut rest = ebb.load("tide", "/sleep?ms=20", 1, Duration::from_secs(16)).run().await;
    assert_eq!(rest.failures, Vec::<String>::new());
    let few = ebb.pods("tide").await?.len();
    assert!(few < many, "{many} pods did not become fewer: {few}");
    for gap in [5_800, 6_000, 6_050, 6_100, 6_200, 6_400] {
        sleep(Duration::from_millis(gap)).await;
        let one = ebb.get("tide.default.localhost/").await?;
        if one.status != http::StatusCode::OK {
            rest.failures.push(format!("after a gap of {gap} ms: {one:?}"));
        }
    }
    assert_eq!(rest.failures, Vec::<String>::new());
    ebb.at_zero("tide", Duration::from_secs(40)).await?;
    ebb.stop(&[]).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_pod_takes_only_its_own_requests_along() -> Result<()> {
    let ebb = Ebb::up().await?;
    ebb.create("victim", &["--concurrency-limit", "2", "--scale", "3..3"]).await?;
    let load = ebb.load("victim", "/sleep?ms=400", 30, Duration::from_secs(6));
    let murder = async {
        sleep(Duration::from_secs(2)).await;
        let stats = ebb.get("victim.default.localhost/stats").await?;
        let pid: i32 = stats.number("x-pid").ok_or("no pid")?;
        kill(Pid::from_raw(pid), Signal::SIGKILL)?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    };
    let (report, murdered) = tokio::join!(load.run(), murder);
    murdered?;
    only_in_flight_failed(&report, 2);
    assert!(report.pids.len() >= 4, "the killed pod's successor answered too: {:?}", report.pids);
    ebb.stop(&[]).await?;
    Ok(())
}

/// At most `places` requests were in the pod; each of them got a 502 that says why.
fn only_in_flight_failed(report: &Report, places: usize) {
    assert!(report.failures.len() <= places, "{} failed: {:#?}", report.failures.len(), report.failures);
    for failure in &report.failures {
        assert!(failure.starts_with("502"), "{failure}");
        assert!(failure.contains("app"), "the failure does not say whose it is: {failure}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleting_a_pod_object_under_load_loses_nothing() -> Result<()> {
    let ebb = Ebb::up().await?;
    ebb.create("drained", &["--concurrency-limit", "4", "--scale", "2..2"]).await?;
    let load = ebb.load("drained", "/sleep?ms=100", 8, Duration::from_secs(5));
    let deletions = async {
        let pods: kube::Api<k8s_openapi::api::core::v1::Pod> = kube::Api::namespaced(ebb.client().await?, "default");
        for _ in 0..3 {
            sleep(Duration::from_secs(1)).await;
            if let Some(pod) = ebb.pods("drained").await?.into_iter().find(|pod| pod.metadata.deletion_timestamp.is_none()) {
                pods.delete(&pod.name_any(), &kube::api::DeleteParams::default()).await?;
            }
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
    };
    let (report, deleted) = tokio::join!(load.run(), deletions);
    deleted?;
    assert_eq!(report.failures, Vec::<String>::new());
    assert!(report.pids.len() >= 4, "three pods were replaced: {:?}", report.pids);
    ebb.stop(&[]).await?;
    Ok(())
}
