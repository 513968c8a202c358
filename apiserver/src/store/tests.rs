//! The store alone: order of publication, slow disks, full disks.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::counter::BLOCK;
use super::disk::Disk;
use super::{Begun, Change, Counter, Durability, Expected, Object, Resource, Shared, StorageError, What, Writer, object};
use crate::kinds::builtin;

struct Store {
    dir: tempfile::TempDir,
    shared: Arc<Shared>,
}

impl Store {
    fn open(change: impl FnOnce(&Disk)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (mut disk, _, _) = Disk::open(&dir.path().join("state.db")).unwrap();
        disk.write(std::iter::empty(), Some(BLOCK)).unwrap();
        change(&disk);
        let writer = Arc::new(Writer::start(disk).unwrap());
        Self { dir, shared: Arc::new(Shared { counter: Counter::new(0, BLOCK), writer, published: tokio::sync::Notify::new() }) }
    }

    fn resource(&self, name: &str) -> Arc<Resource> {
        let kind = builtin::all().into_iter().find(|kind| kind.resource == name).unwrap();
        Arc::new(Resource::new(Arc::new(kind), Vec::new(), self.shared.clone(), None))
    }

    /// Keeps the disk busy until the answer is dropped.
    fn stall(&self) -> rusqlite::Connection {
        let connection = rusqlite::Connection::open(self.file()).unwrap();
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        connection
    }

    fn file(&self) -> std::path::PathBuf {
        Path::new(self.dir.path()).join("state.db")
    }
}

type Published = tokio::sync::oneshot::Receiver<Result<Arc<Object>, StorageError>>;

fn put(resource: &Arc<Resource>, name: &str, expected: Expected, data: Value, how: Durability) -> Published {
    let value = json!({"metadata": {"name": name, "namespace": "n", "uid": name}, "data": data});
    match resource.begin(&object::key("n", name), expected, Change::Put(value), how).unwrap() {
        Begun::Started(published) => published,
        Begun::Busy => panic!("busy"),
        Begun::Stale => panic!("stale"),
    }
}

#[tokio::test]
async fn while_the_disk_is_slow_nothing_is_seen_too_early_and_nobody_else_waits() {
    let store = Store::open(|_| {});
    let (maps, pods) = (store.resource("configmaps"), store.resource("pods"));
    let stalled = store.stall();
    let mut hard = put(&maps, "hard", Expected::Absent, json!({}), Durability::Now);
    let mut soft = put(&maps, "soft", Expected::Absent, json!({}), Durability::Soon);
    let other = put(&pods, "other", Expected::Absent, json!({}), Durability::Memory);
    assert_eq!(other.await.unwrap().unwrap().version, 3, "another resource does not wait");
    let (version, objects) = maps.list("", None);
    assert_eq!((version, objects.len()), (0, 0), "a list stands before everything that is on its way");
    assert_eq!(pods.list("", None).0, 3);
    assert!(hard.try_recv().is_err() && soft.try_recv().is_err());
    let again = maps.begin(&object::key("n", "hard"), Expected::Absent, Change::Put(json!({"metadata": {}})), Durability::Now).unwrap();
    assert!(matches!(again, Begun::Busy));
    drop(stalled);
    assert_eq!((hard.await.unwrap().unwrap().version, soft.await.unwrap().unwrap().version), (1, 2));
    maps.settled("n/hard").await;
    let (events, position) = maps.events(0, 10).unwrap();
    assert_eq!(events.iter().map(|event| (event.what, event.object.version)).collect::<Vec<_>>(), [(What::Added, 1), (What::Added, 2)]);
    assert_eq!(position, 3);
}

#[tokio::test]
async fn a_full_disk_changes_nothing_and_says_so() {
    let store = Store::open(|disk| disk.limit_pages(20));
    let maps = store.resource("configmaps");
    let small = put(&maps, "m", Expected::Absent, json!({}), Durability::Now).await.unwrap().unwrap();
    let large = json!({"x": "x".repeat(200_000)});
    let error = put(&maps, "m", Expected::At(small.version), large.clone(), Durability::Now).await.unwrap().unwrap_err();
    assert!(error.full, "{error}");
    assert_eq!(maps.get("n/m").unwrap().version, small.version);
    assert_eq!(maps.events(small.version, 10).unwrap().0.len(), 0);
    let error = put(&maps, "new", Expected::Absent, large, Durability::Now).await.unwrap().unwrap_err();
    assert!(error.full && maps.get("n/new").is_none());
    let next = put(&maps, "m", Expected::At(small.version), json!({"a": "b"}), Durability::Now).await.unwrap().unwrap();
    assert!(next.version > small.version, "what fits is still taken");
}

#[tokio::test]
async fn what_could_not_be_written_soon_holds_up_nobody_and_is_written_later() {
    let store = Store::open(|disk| disk.limit_pages(20));
    let maps = store.resource("configmaps");
    put(&maps, "large", Expected::Absent, json!({"x": "x".repeat(200_000)}), Durability::Soon).await.unwrap().unwrap();
    put(&maps, "hard", Expected::Absent, json!({}), Durability::Now).await.unwrap().unwrap();
    put(&maps, "large", Expected::At(1), json!({}), Durability::Now).await.unwrap().unwrap();
    put(&maps, "soft", Expected::Absent, json!({}), Durability::Soon).await.unwrap().unwrap();
    store.shared.writer.close(store.shared.counter.seal());
    let (_, loaded, reserved) = Disk::open(&store.file()).unwrap();
    let rows: Vec<(&str, u64)> = loaded.iter().map(|row| (row.key.as_str(), row.version)).collect();
    assert_eq!((rows.as_slice(), reserved), ([("n/hard", 2), ("n/large", 3), ("n/soft", 4)].as_slice(), 4));
}

#[test]
fn no_version_is_handed_out_that_is_not_reserved() {
    let counter = Counter::new(5, 7);
    assert_eq!((counter.next(), counter.next(), counter.next()), (Some(6), Some(7), None));
    assert_eq!(counter.wanted(), Some(7 + BLOCK));
    counter.reserved(7 + BLOCK);
    assert_eq!((counter.wanted(), counter.next()), (None, Some(8)));
    assert_eq!((counter.seal(), counter.next(), counter.last()), (8, None, 8));
}

#[test]
fn a_write_on_a_false_belief_is_stale() {
    let store = Store::open(|_| {});
    let maps = store.resource("configmaps");
    for expected in [Expected::At(1), Expected::At(2)] {
        let begun = maps.begin(&object::key("n", "m"), expected, Change::Put(json!({"metadata": {}})), Durability::Memory).unwrap();
        assert!(matches!(begun, Begun::Stale));
    }
}

#[test]
fn labels_are_found_in_their_one_allocation() {
    let json = json!({"metadata": {"labels": {"a": "", "b": "2", "bb": "3"}, "finalizers": ["orphan"]}}).to_string();
    let object = Object::new(object::key("", "n"), 1, json.into()).unwrap();
    let found = ["a", "b", "bb", "c", "2"].map(|name| object.labels.get(name));
    assert_eq!(found, [Some(""), Some("2"), Some("3"), None, None]);
    assert_eq!((object.namespace(), object.name(), object.orphan, object.foreground), ("", "n", true, false));
}
