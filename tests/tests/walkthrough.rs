//! The walk-through of the README, line by line, with the shipped binary.

use std::collections::BTreeMap;
use std::time::Duration;

use ebb_tests::load::Report;
use ebb_tests::{Ebb, Result, process};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt;
use kube::api::{Api, Patch, PatchParams};
use tokio::time::{Instant, sleep};

const NAME: &str = "hello-world";
/// Long enough for the autoscaler's panic window (0.6 s of a 6 s window) to fill several times.
const WHILE: Duration = Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_walk_through_works_line_by_line() -> Result<()> {
    let ebb = Ebb::up().await?;
    shorten_the_window(&ebb).await?;

    let printed = ebb.create(NAME, &["--env", "TARGET=World"]).await?;
    let url = printed.lines().last().unwrap_or_default().to_owned();
    assert_eq!(url, format!("http://{NAME}.default.localhost:{}", ebb.http.port()));
    ebb.at_zero(NAME, Duration::from_secs(30)).await?;
    let cold = ebb.get(&url).await?;
    assert_eq!(cold.text(), "Hello World!\n", "from zero: {cold:?}");
    let warm = ebb.get(&url).await?;
    assert_eq!((warm.text().as_str(), warm.header("x-pid")), ("Hello World!\n", cold.header("x-pid")), "warm");

    ebb.ok(&["service", "update", NAME, "--concurrency-limit=1"]).await?;
    let (report, pods) = hundred_users(&ebb, "hello-world-00002").await?;
    assert_eq!(report.failures, Vec::<String>::new());
    assert_eq!(report.max_in_flight, 1, "two requests at once in a pod");
    assert!(pods >= 20, "pods grow with the load, but there were only {pods}");

    ebb.ok(&["service", "update", NAME, "--max-scale=5"]).await?;
    let (report, pods) = hundred_users(&ebb, "hello-world-00003").await?;
    assert_eq!(report.failures, Vec::<String>::new());
    assert!((1..=5).contains(&pods), "{pods} pods with --max-scale=5");
    assert!(report.pids.len() <= 5, "{:?}", report.pids);

    ebb.ok(&["service", "update", NAME, "--revision-name", "hello-world-1", "--concurrency-limit=0"]).await?;
    let (report, pods) = hundred_users(&ebb, "hello-world-1").await?;
    assert_eq!(report.failures, Vec::<String>::new());
    assert!((1..=3).contains(&pods), "{pods} pods without a limit");

    ebb.ok(&["service", "update", NAME, "--revision-name", "hello-world-2", "--env", "TARGET=Ergonomics"]).await?;
    assert_eq!(ebb.get(&url).await?.text(), "Hello Ergonomics!\n");
    ebb.ok(&["service", "update", NAME, "--traffic", "hello-world-1=20,hello-world-2=80"]).await?;
    every_hundred_is_split(&ebb, &url).await?;

    ebb.ok(&["service", "update", NAME, "--revision-name", "hello-world-3", "--tag", "hello-world-3=hw3", "--env", "TARGET=all of you"])
        .await?;
    let (report, _) = hundred_users(&ebb, "hello-world-3").await?;
    assert_eq!(report.failures, Vec::<String>::new());
    assert_eq!(report.revisions.keys().collect::<Vec<_>>(), ["hello-world-1", "hello-world-2"], "the third revision is not used");
    let tagged = ebb.get(&format!("http://hw3-{NAME}.default.localhost:{}", ebb.http.port())).await?;
    assert_eq!(tagged.text(), "Hello all of you!\n");

    ebb.at_zero(NAME, Duration::from_secs(60)).await?;
    let sample = process::hello_binary()?;
    assert!(process::mentioning(&ebb.data_dir()).iter().all(|pid| Some(*pid) == ebb.pid()), "a {} outlived its pod", sample.display());
    ebb.stop(&[]).await?;
    Ok(())
}

/// The default stable window is a minute; six seconds are the least that may be configured, and are configured live.
async fn shorten_the_window(ebb: &Ebb) -> Result<()> {
    let maps: Api<ConfigMap> = Api::namespaced(ebb.client().await?, "knative-serving");
    let patch = serde_json::json!({"data": {"stable-window": "6s"}});
    maps.patch("config-autoscaler", &PatchParams::default(), &Patch::Merge(patch)).await?;
    Ok(())
}

/// A hundred users for a while; the most pods that the revision had meanwhile.
async fn hundred_users(ebb: &Ebb, revision: &str) -> Result<(Report, usize)> {
    let load = ebb.load(NAME, "/sleep?ms=20", 100, WHILE);
    let end = Instant::now() + WHILE;
    let watch = async {
        let mut most = 0;
        while Instant::now() < end {
            let pods = ebb.pods(NAME).await?;
            let of_it = |pod: &&k8s_openapi::api::core::v1::Pod| {
                pod.labels().get("serving.knative.dev/revision").is_some_and(|label| label == revision)
                    && pod.metadata.deletion_timestamp.is_none()
            };
            most = most.max(pods.iter().filter(of_it).count());
            sleep(Duration::from_millis(100)).await;
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(most)
    };
    let (report, most) = tokio::join!(load.run(), watch);
    Ok((report, most?))
}

async fn every_hundred_is_split(ebb: &Ebb, url: &str) -> Result<()> {
    let host = url.trim_start_matches("http://");
    let mut http = ebb_tests::Http::connect(ebb.http).await?;
    for hundred in 0..5 {
        let mut seen = BTreeMap::new();
        for _ in 0..100 {
            let answer = http.get(host, "/").await?;
            *seen.entry(answer.header("x-revision").to_owned()).or_insert(0) += 1;
        }
        let wanted = BTreeMap::from([("hello-world-1".to_owned(), 20), ("hello-world-2".to_owned(), 80)]);
        assert_eq!(seen, wanted, "hundred number {hundred}");
    }
    Ok(())
}
