//! A client that keeps its own copy of a selection by watching: whatever happens to the objects and to its connection, it is told of
//! every change once and in order, and its copy is right.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Fixture, open};
use crate::store::{Begun, Change, Durability, Expected, object};

/// Pods: nothing of them waits for the disk, so that time can be paused and bookmarks come at once.
const PODS: &str = "/api/v1/namespaces/default/pods";
/// Bookmarks come every minute if there is something to tell.
const NEXT_BOOKMARK: Duration = Duration::from_secs(61);
/// The object by which the history is flooded.
const FLOOD: u8 = 3;

/// What one step of a random history does to one of three objects, or to the connection.
#[derive(Clone, Debug)]
enum Step {
    Put(u8, bool),
    Label(u8, bool),
    Run(u8, bool),
    Touch(u8),
    Delete(u8),
    /// Reads so many events at most, and connects anew from where it is.
    Reconnect(usize),
    /// Reads all there is, and the bookmark after it.
    Listen,
    /// More than the history holds.
    Flood,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let of = || (0..3_u8, any::<bool>());
    let step = prop_oneof![
        4 => of().prop_map(|(which, labelled)| Step::Put(which, labelled)),
        4 => of().prop_map(|(which, labelled)| Step::Label(which, labelled)),
        3 => of().prop_map(|(which, running)| Step::Run(which, running)),
        2 => (0..3_u8).prop_map(Step::Touch),
        3 => (0..3_u8).prop_map(Step::Delete),
        3 => (0..3_usize).prop_map(Step::Reconnect),
        2 => Just(Step::Listen),
        1 => Just(Step::Flood),
    ];
    proptest::collection::vec(step, 1..40)
}

/// What the client wants to see.
#[derive(Clone, Copy, Debug)]
enum Selected {
    Everything,
    Labelled,
    Unlabelled,
    Running,
    LabelledAndRunning,
}

fn selections() -> impl Strategy<Value = Selected> {
    let all = [Selected::Everything, Selected::Labelled, Selected::Unlabelled, Selected::Running, Selected::LabelledAndRunning];
    proptest::sample::select(all.to_vec())
}

impl Selected {
    const fn query(self) -> &'static str {
        match self {
            Self::Everything => "",
            Self::Labelled => "labelSelector=l%3Dx",
            Self::Unlabelled => "labelSelector=%21l",
            Self::Running => "fieldSelector=status.phase%3DRunning",
            Self::LabelledAndRunning => "labelSelector=l+in+(x,y)&fieldSelector=status.phase!%3DPending",
        }
    }

    /// The same, in the words of the test.
    fn holds(self, object: &Value) -> bool {
        let (labelled, running) = (object["metadata"]["labels"]["l"] == "x", object["status"]["phase"] == "Running");
        match self {
            Self::Everything => true,
            Self::Labelled => labelled,
            Self::Unlabelled => !labelled,
            Self::Running => running,
            Self::LabelledAndRunning => labelled && running,
        }
    }
}

fn version(object: &Value) -> u64 {
    object["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap()
}

fn name(object: &Value) -> String {
    object["metadata"]["name"].as_str().unwrap().to_owned()
}

/// The objects as they are, and what a client has to be told.
struct Truth {
    fixture: Fixture,
    selected: Selected,
    objects: BTreeMap<String, Value>,
    /// What happened to the selection: an event, the object's name, and the version; of a deletion the one before it is known.
    told: Vec<(&'static str, String, u64)>,
    /// After a flood nothing before this is known any more.
    flooded_at: u64,
}

impl Truth {
    fn changed(&mut self, name: String, after: Option<Value>) {
        let before = self.objects.get(&name);
        let held = before.is_some_and(|object| self.selected.holds(object));
        let holds = after.as_ref().is_some_and(|object| self.selected.holds(object));
        let at = after.as_ref().or(before).map(version).unwrap();
        let what = match (held, holds) {
            (false, true) => Some("ADDED"),
            (true, true) => Some("MODIFIED"),
            (true, false) => Some("DELETED"),
            (false, false) => None,
        };
        self.told.extend(what.map(|what| (what, name.clone(), at)));
        match after {
            Some(object) => self.objects.insert(name, object),
            None => self.objects.remove(&name),
        };
    }

    async fn put(&mut self, which: u8, labelled: bool) {
        let labels = if labelled { json!({"l": "x"}) } else { json!({}) };
        let pod =
            json!({"metadata": {"name": format!("p{which}"), "labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
        let made = self.fixture.post(PODS, &pod).await;
        if made.status == 201 {
            self.changed(format!("p{which}"), Some(made.json()));
        }
    }

    async fn patch(&mut self, which: u8, part: &str, patch: Value) {
        let name = format!("p{which}");
        let patched = self.fixture.patch(&format!("{PODS}/{name}{part}"), "merge", &patch).await;
        let known = self.objects.get(&name).map(version);
        // A patch that changes nothing is no event.
        if patched.status == 200 && known != Some(version(&patched.json())) {
            self.changed(name, Some(patched.json()));
        }
    }

    async fn delete(&mut self, which: u8) {
        let name = format!("p{which}");
        if self.fixture.delete(&format!("{PODS}/{name}")).await.status == 200 {
            self.changed(name, None);
        }
    }

    /// Writes past the API, which would read and write out megabytes again and again.
    async fn flood(&mut self) {
        let (name, key) = (format!("p{FLOOD}"), object::key("default", &format!("p{FLOOD}")));
        let pods = self.fixture.server.core().registry.find_id("pods").unwrap();
        for number in 0..10 {
            let annotations = json!({"a": format!("{number}{}", "x".repeat(240_000))});
            let metadata = json!({"name": name, "namespace": "default", "uid": "flood", "annotations": annotations});
            let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata});
            let expected = self.objects.get(&name).map_or(Expected::Absent, |object| Expected::At(version(object)));
            let Begun::Started(written) = pods.begin(&key, expected, Change::Put(pod), Durability::Memory).unwrap() else { panic!() };
            let written = written.await.unwrap().unwrap();
            self.changed(name.clone(), Some(written.value().unwrap()));
        }
        self.flooded_at = version(&self.objects[&name]);
    }

    async fn listed(&self) -> (BTreeMap<String, u64>, u64) {
        let list = self.fixture.get(&format!("{PODS}?{}", self.selected.query())).await.json();
        let items = list["items"].as_array().unwrap().iter();
        (items.map(|object| (name(object), version(object))).collect(), version(&list))
    }
}

/// The copy.
struct Mirror {
    objects: BTreeMap<String, u64>,
    /// The last version that it was told of.
    last: u64,
    /// How much of the truth it was told, or has read.
    taken: usize,
    watch: BoxStream<'static, Value>,
}

impl Mirror {
    async fn new(truth: &Truth) -> Self {
        let (objects, last) = truth.listed().await;
        Self { objects, last, taken: truth.told.len(), watch: connect(truth, last).await }
    }

    /// Takes what comes next, if something comes before the time at which a bookmark must have come.
    async fn next(&mut self, truth: &Truth) -> bool {
        let Ok(event) = tokio::time::timeout(NEXT_BOOKMARK, self.watch.next()).await else { return false };
        let event = event.expect("a watch does not end by itself");
        let object = &event["object"];
        match event["type"].as_str().unwrap() {
            "BOOKMARK" => {
                assert!(version(object) > self.last, "a bookmark tells something new");
                assert_eq!(self.taken, truth.told.len(), "a bookmark does not jump over events");
                self.last = version(object);
            }
            "ERROR" => {
                assert_eq!((&object["code"], &object["reason"]), (&json!(410), &json!("Expired")), "{event}");
                assert!(self.last < truth.flooded_at, "{} is not so long ago: {event}", self.last);
                *self = Self::new(truth).await;
            }
            what => self.take(truth, what, object),
        }
        true
    }

    fn take(&mut self, truth: &Truth, what: &str, object: &Value) {
        let (expected, of, at) = truth.told.get(self.taken).expect("nothing that did not happen is told");
        assert_eq!((what, &name(object)), (*expected, of), "each change once and in order");
        // What goes away is shown as it was, at the version of its going.
        let gone = *expected == "DELETED";
        assert!(version(object) == *at || (gone && version(object) > *at), "{expected} {of} at {at}: {object}");
        assert!(version(object) > self.last && truth.selected.holds(object), "{object}");
        (self.taken, self.last) = (self.taken + 1, version(object));
        let known = if gone { self.objects.remove(of) } else { self.objects.insert(of.clone(), version(object)) };
        assert_eq!(known.is_some(), *expected != "ADDED", "{expected} {of}");
    }

    async fn listen(&mut self, truth: &Truth) {
        while self.next(truth).await {}
    }
}

async fn connect(truth: &Truth, from: u64) -> BoxStream<'static, Value> {
    let path = format!("{PODS}?watch=true&allowWatchBookmarks=true&resourceVersion={from}&{}", truth.selected.query());
    truth.fixture.watch(&path).await
}

async fn story(selected: Selected, steps: &[Step]) {
    let mut truth = Truth { fixture: open(), selected, objects: BTreeMap::new(), told: Vec::new(), flooded_at: 0 };
    let mut mirror = Mirror::new(&truth).await;
    for (number, step) in steps.iter().enumerate() {
        match *step {
            Step::Put(which, labelled) => truth.put(which, labelled).await,
            Step::Label(which, labelled) => {
                truth.patch(which, "", json!({"metadata": {"labels": {"l": labelled.then_some("x")}}})).await;
            }
            Step::Run(which, running) => {
                let phase = if running { "Running" } else { "Pending" };
                truth.patch(which, "/status", json!({"status": {"phase": phase}})).await;
            }
            Step::Touch(which) => truth.patch(which, "", json!({"metadata": {"annotations": {"n": number.to_string()}}})).await,
            Step::Delete(which) => truth.delete(which).await,
            Step::Flood => truth.flood().await,
            Step::Listen => mirror.listen(&truth).await,
            Step::Reconnect(at_most) => {
                for _ in 0..at_most.min(truth.told.len() - mirror.taken) {
                    mirror.next(&truth).await;
                }
                mirror.watch = connect(&truth, mirror.last).await;
            }
        }
    }
    mirror.listen(&truth).await;
    assert_eq!(mirror.taken, truth.told.len(), "not told of {:?}", &truth.told[mirror.taken..]);
    let selected = truth.objects.iter().filter(|(_, object)| truth.selected.holds(object));
    let expected: BTreeMap<String, u64> = selected.map(|(name, object)| (name.clone(), version(object))).collect();
    assert_eq!((&mirror.objects, &truth.listed().await.0), (&expected, &expected));
}

fn run(selected: Selected, steps: &[Step]) {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(story(selected, steps));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_copy_by_watching_is_right(selected in selections(), steps in steps()) {
        run(selected, &steps);
    }
}

#[test]
fn a_client_that_comes_too_late_reads_anew_and_goes_on_from_a_bookmark() {
    use Step::{Flood, Label, Listen, Put, Reconnect, Run};
    let late = [Put(0, true), Flood, Reconnect(0), Label(0, false), Run(0, true)];
    // The flood is told to the first alone; the bookmark after it brings the others beyond it.
    let resumed = [Put(0, true), Flood, Listen, Put(1, true), Reconnect(1), Label(1, false), Listen, Reconnect(0)];
    for selected in [Selected::Everything, Selected::Labelled, Selected::Running] {
        run(selected, &late);
        run(selected, &resumed);
    }
}
