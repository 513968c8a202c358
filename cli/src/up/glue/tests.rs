//! What the API server hears from the node about a pod's log.

use std::collections::BTreeMap;
use std::io::Write as _;

use ebb_node::logs::{Captured, PodRecord, capture};
use futures::TryStreamExt as _;

use std::sync::{Arc, OnceLock};

use super::*;

/// Logs in which the container `web` of pod `printed` has printed, and the one of pod `silent` has not.
async fn logs(root: &std::path::Path) -> Logs {
    let logs = ebb_node::Logs::open(root).unwrap();
    let record = |name: &str| PodRecord {
        namespace: "dev".to_owned(),
        name: name.to_owned(),
        uid: name.to_owned(),
        labels: BTreeMap::new(),
        containers: vec!["web".to_owned()],
        created: String::new(),
    };
    logs.container(&record("silent"), "web");
    let sink = logs.container(&record("printed"), "web");
    let (read, write) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC | nix::fcntl::OFlag::O_NONBLOCK).unwrap();
    std::fs::File::from(write).write_all(b"hello\n").unwrap();
    capture(read, sink, Captured::default()).await.unwrap();
    Logs(Arc::new(OnceLock::from(logs)))
}

/// The log, or the code of the answer without one.
async fn open(logs: &Logs, pod: &str, container: Option<&str>) -> Result<Vec<u8>, u16> {
    let query = LogQuery { container: container.map(str::to_owned), ..LogQuery::default() };
    let stream = logs.open("dev", pod, query).await.map_err(|error| error.code)?;
    let pieces: Vec<_> = stream.try_collect().await.unwrap();
    Ok(pieces.concat())
}

#[tokio::test]
async fn pods_are_told_apart_that_are_unknown_silent_and_gone() {
    let directory = tempfile::tempdir().unwrap();
    let logs = logs(directory.path()).await;
    for when in ["while it runs", "when it is gone"] {
        assert_eq!(open(&logs, "printed", None).await, Ok(b"hello\n".to_vec()), "{when}");
        assert_eq!(open(&logs, "printed", Some("absent")).await, Err(400), "{when}");
        logs.0.get().unwrap().retire("dev", "printed").await;
    }
    assert_eq!(open(&logs, "silent", None).await, Ok(Vec::new()));
    assert_eq!(open(&logs, "unknown", None).await, Err(404));
    let previous = LogQuery { previous: true, ..LogQuery::default() };
    assert_eq!(logs.open("dev", "printed", previous).await.err().map(|error| error.code), Some(400));
}
