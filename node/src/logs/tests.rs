//! Logs written through real pipes and read back.

use std::io::Write;
use std::time::Duration;

use futures::StreamExt;

use super::*;

const DEADLINE: Duration = Duration::from_secs(20);

struct Bench {
    _directory: tempfile::TempDir,
    logs: Logs,
    sink: Sink,
}

fn record(name: &str) -> PodRecord {
    let labels = BTreeMap::from([("rev".to_owned(), "r1".to_owned())]);
    PodRecord { namespace: "dev".into(), name: name.into(), uid: format!("uid-{name}"), labels, ..PodRecord::default() }
}

fn bench() -> Bench {
    let directory = tempfile::tempdir().unwrap();
    let logs = Logs::open(directory.path().join("logs")).unwrap();
    let sink = logs.container(&record("p"), "c");
    Bench { _directory: directory, logs, sink }
}

/// Prints `text` as a process would, and waits until it is captured.
async fn print(sink: &Sink, text: &[u8]) -> Captured {
    let (read, write) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC | nix::fcntl::OFlag::O_NONBLOCK).unwrap();
    nix::fcntl::fcntl(&write, nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::empty())).unwrap();
    let (last, text) = (Captured::default(), text.to_vec());
    let prints = tokio::task::spawn_blocking(move || std::fs::File::from(write).write_all(&text).unwrap());
    tokio::time::timeout(DEADLINE, capture(read, sink.clone(), last.clone())).await.unwrap().unwrap();
    prints.await.unwrap();
    last
}

async fn read(logs: &Logs, pod: &str, query: Query) -> Result<String, LogError> {
    let mut stream = logs.read("dev", pod, "c", query).await?;
    let mut out = Vec::new();
    while let Some(chunk) = tokio::time::timeout(DEADLINE, stream.next()).await.unwrap() {
        out.extend_from_slice(&chunk?);
    }
    Ok(String::from_utf8(out).unwrap())
}

#[tokio::test]
async fn lines_come_back_as_they_were_asked_for() {
    let bench = bench();
    print(&bench.sink, b"one\ntwo\n").await;
    let middle = Timestamp::now();
    print(&bench.sink, b"three\nfour without end").await;
    let all = "one\ntwo\nthree\nfour without end\n";
    for (query, want) in [
        (Query::default(), all),
        (Query { tail_lines: Some(0), ..Query::default() }, ""),
        (Query { tail_lines: Some(1), ..Query::default() }, "four without end\n"),
        (Query { tail_lines: Some(3), ..Query::default() }, "two\nthree\nfour without end\n"),
        (Query { tail_lines: Some(4), ..Query::default() }, all),
        (Query { tail_lines: Some(99), ..Query::default() }, all),
        (Query { since: Some(middle), ..Query::default() }, "three\nfour without end\n"),
        (Query { since: Some(middle), tail_lines: Some(1), ..Query::default() }, "four without end\n"),
        (Query { limit_bytes: Some(5), ..Query::default() }, "one\nt"),
    ] {
        assert_eq!(read(&bench.logs, "p", query.clone()).await.unwrap(), want, "{query:?}");
    }
    let stamped = read(&bench.logs, "p", Query { timestamps: true, ..Query::default() }).await.unwrap();
    for (line, want) in stamped.lines().zip(all.lines()) {
        let (stamp, rest) = line.split_once(' ').unwrap();
        assert_eq!(rest, want);
        assert!(stamp.len() == 30 && stamp.parse::<Timestamp>().is_ok(), "{stamp}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let bench = bench();
    assert_eq!(read(&bench.logs, "p", Query::default()).await.unwrap(), "");
    let error = read(&bench.logs, "q", Query::default()).await.unwrap_err().to_string();
    assert_eq!(error, r#"there are no logs of container "c" in pod "q""#);
    let error = read(&bench.logs, "p", Query { previous: true, ..Query::default() }).await.unwrap_err().to_string();
    assert_eq!(error, r#"previous terminated container "c" in pod "p" not found"#);
    let error = read(&bench.logs, "../../x", Query::default()).await.unwrap_err();
    assert!(matches!(error, LogError::NotFound { .. }));
}

#[tokio::test]
async fn a_restart_makes_the_previous_run() {
    let bench = bench();
    print(&bench.sink, b"first life\n").await;
    bench.sink.restarted().await;
    print(&bench.sink, b"second life\n").await;
    assert_eq!(read(&bench.logs, "p", Query::default()).await.unwrap(), "second life\n");
    assert_eq!(read(&bench.logs, "p", Query { previous: true, ..Query::default() }).await.unwrap(), "first life\n");
}

#[tokio::test]
async fn followers_hear_of_new_lines_restarts_and_the_end() {
    let bench = bench();
    let mut stream = bench.logs.read("dev", "p", "c", Query { follow: true, ..Query::default() }).await.unwrap();
    for text in ["a\n", "b\n"] {
        print(&bench.sink, text.as_bytes()).await;
        let chunk = tokio::time::timeout(DEADLINE, stream.next()).await.unwrap().unwrap().unwrap();
        assert_eq!(chunk, text);
    }
    bench.sink.restarted().await;
    print(&bench.sink, b"c\n").await;
    assert_eq!(tokio::time::timeout(DEADLINE, stream.next()).await.unwrap().unwrap().unwrap(), "c\n");
    print(&bench.sink, b"last\n").await;
    bench.logs.retire("dev", "p").await;
    let mut rest = Vec::new();
    while let Some(chunk) = tokio::time::timeout(DEADLINE, stream.next()).await.unwrap() {
        rest.extend_from_slice(&chunk.unwrap());
    }
    assert_eq!(rest, b"last\n");
}

#[tokio::test]
async fn logs_of_pods_that_are_gone_stay_readable_and_can_be_found() {
    let bench = bench();
    print(&bench.sink, b"bye\n").await;
    let none = BTreeMap::new();
    bench.logs.flush().await;
    assert_eq!(bench.logs.gone("dev", &none).unwrap(), []);
    assert_eq!(bench.logs.record("dev", "p"), Some(record("p")));
    bench.logs.retire("dev", "p").await;
    assert_eq!(read(&bench.logs, "p", Query { follow: true, ..Query::default() }).await.unwrap(), "bye\n");
    assert_eq!((bench.logs.record("dev", "p"), bench.logs.record("dev", "q")), (Some(record("p")), None));
    let other = BTreeMap::from([("rev".to_owned(), "r2".to_owned())]);
    assert_eq!(bench.logs.gone("dev", &record("p").labels).unwrap(), [record("p")]);
    assert_eq!(bench.logs.gone("dev", &other).unwrap(), []);
    assert_eq!(bench.logs.gone("elsewhere", &none).unwrap(), []);
    // Another life of the same data directory finds them, too.
    let again = Logs::open(bench.logs.root()).unwrap();
    assert_eq!(again.gone("dev", &none).unwrap(), [record("p")]);
}

#[tokio::test]
async fn a_new_pod_of_an_old_name_has_a_log_of_its_own() {
    let bench = bench();
    print(&bench.sink, b"old\n").await;
    bench.logs.retire("dev", "p").await;
    let sink = bench.logs.container(&PodRecord { uid: "another".into(), ..record("p") }, "c");
    print(&sink, b"new\n").await;
    assert_eq!(read(&bench.logs, "p", Query::default()).await.unwrap(), "new\n");
}

#[tokio::test]
async fn files_rotate_and_are_bounded() {
    let bench = bench();
    let line = [vec![b'x'; 1_000], vec![b'\n']].concat();
    // 45 MB: more than three parts hold.
    let megabyte = line.repeat(1_000);
    for _ in 0..45 {
        print(&bench.sink, &megabyte).await;
    }
    print(&bench.sink, b"end\n").await;
    let tail = read(&bench.logs, "p", Query { tail_lines: Some(2), ..Query::default() }).await.unwrap();
    assert!(tail.ends_with("x\nend\n"));
    let all = read(&bench.logs, "p", Query::default()).await.unwrap();
    let bytes: u64 = std::fs::read_dir(bench.logs.root().join("dev/p")).unwrap().map(|file| file.unwrap().metadata().unwrap().len()).sum();
    assert!((20 << 20..31 << 20).contains(&bytes), "{bytes}");
    assert!(all.len() > 20 << 20);
    let across = read(&bench.logs, "p", Query { tail_lines: Some(15_000), ..Query::default() }).await.unwrap();
    assert_eq!(across.lines().count(), 15_000);
    assert_eq!(bench.logs.dropped().get(), 0);
}

#[tokio::test]
async fn very_long_lines_are_cut() {
    let bench = bench();
    print(&bench.sink, &[b'y'; 40_000]).await;
    let all = read(&bench.logs, "p", Query::default()).await.unwrap();
    assert_eq!(all.lines().map(str::len).collect::<Vec<_>>(), [16_384, 16_384, 7_232]);
}

#[tokio::test]
async fn the_last_words_are_bounded() {
    let bench = bench();
    assert_eq!(print(&bench.sink, b"a\npanic: no\n\n").await.last_words(), "a\npanic: no");
    let many: String = (0..1_000).map(|number| format!("{number}\n")).collect();
    let last = print(&bench.sink, many.as_bytes()).await.last_words();
    assert!(last.starts_with("920\n") && last.ends_with("\n999"), "{last}");
}

#[tokio::test]
async fn a_disk_that_refuses_drops_lines_and_marks_the_gap() {
    let bench = bench();
    // A file where the pod's directory should be: nothing can be written.
    let namespace = bench.logs.root().join("dev");
    std::fs::write(&namespace, "").unwrap();
    print(&bench.sink, b"lost 1\nlost 2\n").await;
    bench.logs.flush().await;
    std::fs::remove_file(&namespace).unwrap();
    print(&bench.sink, b"back\n").await;
    let all = read(&bench.logs, "p", Query::default()).await.unwrap();
    assert!(all.starts_with("[ebb] 2 lines were lost: ") && all.ends_with("\nback\n"), "{all}");
}
