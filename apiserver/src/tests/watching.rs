//! Watches: history, selections, bookmarks, reconnecting, and `kube::runtime`'s watcher on top of it all.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ebb_plumbing::{Cache, CancellationToken};
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::runtime::watcher::{self, Event};
use kube::{Api, ResourceExt};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{CONFIG_MAPS, Fixture, WIDGETS, config_map, event, open, widget};
use crate::store::{Change, Durability, Expected, object};

fn version(object: &Value) -> String {
    object["metadata"]["resourceVersion"].as_str().unwrap().to_owned()
}

async fn label(fixture: &Fixture, name: &str, value: Option<&str>) -> Value {
    fixture.patch(&format!("{CONFIG_MAPS}/{name}"), "merge", &json!({"metadata": {"labels": {"l": value}}})).await.json()
}

#[tokio::test]
async fn what_happened_between_get_and_watch_is_replayed_as_it_was() {
    let fixture = open();
    let made = fixture.post(WIDGETS, &widget("w")).await.json();
    fixture.patch(&format!("{WIDGETS}/w/status"), "merge", &json!({"status": {"replicas": 1}})).await;
    fixture.post(WIDGETS, &widget("other")).await;
    let path = format!("{WIDGETS}?watch=true&fieldSelector=metadata.name%3Dw&resourceVersion={}", version(&made));
    let mut watch = fixture.watch(&path).await;
    let (what, object) = event(&mut watch).await;
    assert_eq!((what.as_str(), &object["status"]["replicas"]), ("MODIFIED", &json!(1)));
    fixture.delete(&format!("{WIDGETS}/w")).await;
    let (what, gone) = event(&mut watch).await;
    assert_eq!(what, "DELETED");
    assert!(version(&gone).parse::<u64>().unwrap() > version(&object).parse().unwrap());
}

#[tokio::test]
async fn without_a_version_a_watch_begins_with_what_is_there() {
    let fixture = open();
    fixture.post(WIDGETS, &widget("w")).await;
    for begin in ["", "&resourceVersion=0"] {
        let mut watch = fixture.watch(&format!("{WIDGETS}?watch=1{begin}")).await;
        assert_eq!(event(&mut watch).await.0, "ADDED");
    }
}

#[tokio::test]
async fn who_watches_whole_objects_gets_them_as_they_are_kept() {
    let fixture = open();
    let mut watches = Vec::new();
    for selection in ["", "&labelSelector=l%21%3Dx", "&fieldSelector=metadata.name%3Dm"] {
        watches.push(fixture.watch(&format!("{CONFIG_MAPS}?watch=true{selection}")).await);
    }
    fixture.post(CONFIG_MAPS, &json!({"metadata": {"name": "m"}})).await;
    for watch in &mut watches {
        assert_eq!(event(watch).await.0, "ADDED");
    }
    let kept = fixture.server.core().registry.find_id("configmaps").unwrap().get("default/m").unwrap();
    assert_eq!(kept.parsed.load(Ordering::Relaxed), 0, "parsing for each watcher would be most of the work of a watch");
}

#[tokio::test]
async fn objects_enter_and_leave_a_selection() {
    let fixture = open();
    let made = fixture.post(CONFIG_MAPS, &json!({"metadata": {"name": "m"}})).await.json();
    let mut watch = fixture.watch(&format!("{CONFIG_MAPS}?watch=true&labelSelector=l%3Dx&resourceVersion={}", version(&made))).await;
    label(&fixture, "m", Some("x")).await;
    assert_eq!(event(&mut watch).await.0, "ADDED");
    fixture.patch(&format!("{CONFIG_MAPS}/m"), "merge", &json!({"data": {"k": "v"}})).await;
    assert_eq!(event(&mut watch).await.0, "MODIFIED");
    let left = label(&fixture, "m", Some("y")).await;
    let (what, object) = event(&mut watch).await;
    assert_eq!((what.as_str(), &object["metadata"]["labels"]["l"]), ("DELETED", &json!("x")));
    assert_eq!(version(&object), version(&left));
    label(&fixture, "m", Some("x")).await;
    assert_eq!(event(&mut watch).await.0, "ADDED");
    fixture.delete(&format!("{CONFIG_MAPS}/m")).await;
    assert_eq!(event(&mut watch).await.0, "DELETED");
}

#[tokio::test]
async fn a_cache_that_fell_behind_is_current_again_at_once() {
    let fixture = open();
    let (cache, stop) = (Cache::<ConfigMap>::default(), CancellationToken::new());
    let running = tokio::spawn(cache.clone().run(fixture.api(), watcher::Config::default(), stop.clone()));
    let (heard, mut told) = tokio::sync::mpsc::unbounded_channel();
    cache.on_change(move |map, _| drop(heard.send(map.name_any())));
    cache.ready().await;
    // The watch must be open before it can fall behind.
    fixture.api().create(&PostParams::default(), &config_map("first")).await.unwrap();
    assert_eq!(told.recv().await.unwrap(), "first");
    // From here on time passes only while everybody waits for it.
    tokio::time::pause();
    // Nobody else runs while these are written, so the cache sees none of them in time.
    let resource = fixture.server.core().registry.find_id("configmaps").unwrap();
    for number in 0..4_100 {
        let value = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("m{number}"), "namespace": "default", "uid": number.to_string()}});
        let key = object::key("default", &format!("m{number}"));
        resource.begin(&key, Expected::Absent, Change::Put(value), Durability::Memory).unwrap();
    }
    let begin = tokio::time::Instant::now();
    while cache.keys().len() < 4_101 {
        told.recv().await.unwrap();
    }
    // A failing watch would have waited for 800 ms and more before it looked again.
    assert!(begin.elapsed() < Duration::from_millis(700), "{:?}", begin.elapsed());
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_version_out_of_history_is_expired() {
    let fixture = open();
    let made = fixture.post(CONFIG_MAPS, &json!({"metadata": {"name": "m"}})).await.json();
    for number in 0..4_100 {
        label(&fixture, "m", Some(&number.to_string())).await;
    }
    for old in [version(&made), "99999999".into()] {
        let mut watch = fixture.watch(&format!("{CONFIG_MAPS}?watch=true&resourceVersion={old}")).await;
        let (what, status) = event(&mut watch).await;
        assert_eq!((what.as_str(), &status["code"], &status["reason"]), ("ERROR", &json!(410), &json!("Expired")));
        assert!(watch.next().await.is_none());
    }
}

#[tokio::test]
async fn history_is_bounded_in_bytes_too() {
    let fixture = open();
    let made = fixture.post(CONFIG_MAPS, &json!({"metadata": {"name": "m"}})).await.json();
    let large = "x".repeat(300_000);
    for number in 0..10 {
        fixture.patch(&format!("{CONFIG_MAPS}/m"), "merge", &json!({"data": {"k": format!("{number}{large}")}})).await;
    }
    let mut watch = fixture.watch(&format!("{CONFIG_MAPS}?watch=true&resourceVersion={}", version(&made))).await;
    assert_eq!(event(&mut watch).await.0, "ERROR");
}

#[tokio::test]
async fn a_streaming_list_marks_its_end() {
    let fixture = open();
    fixture.post(WIDGETS, &widget("w")).await;
    let query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    let mut watch = fixture.watch(&format!("{WIDGETS}?{query}")).await;
    assert_eq!(event(&mut watch).await.0, "ADDED");
    let (what, mark) = event(&mut watch).await;
    assert_eq!((what.as_str(), &mark["metadata"]["annotations"]["k8s.io/initial-events-end"]), ("BOOKMARK", &json!("true")));
    fixture.post(WIDGETS, &widget("x")).await;
    assert_eq!(event(&mut watch).await.0, "ADDED");
    let refused = fixture.get(&format!("{WIDGETS}?watch=true&sendInitialEvents=true")).await;
    assert_eq!(refused.status, 422);
}

#[tokio::test(start_paused = true)]
async fn bookmarks_come_only_with_news_and_a_watch_ends_in_time() {
    let fixture = open();
    let mut watch = fixture.watch(&format!("{WIDGETS}?watch=true&allowWatchBookmarks=true&timeoutSeconds=200")).await;
    assert_eq!(event(&mut watch).await.0, "BOOKMARK", "the end of what was there");
    // A pod: nothing of it waits for the disk, so that paused time does not run ahead.
    let pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    let made = fixture.post("/api/v1/namespaces/default/pods", &pod).await.json();
    let (what, mark) = event_within(&mut watch, 70).await;
    assert_eq!((what.as_str(), version(&mark)), ("BOOKMARK", version(&made)));
    let begin = tokio::time::Instant::now();
    assert!(watch.next().await.is_none());
    assert!(begin.elapsed() > Duration::from_secs(100));
}

async fn event_within(watch: &mut futures::stream::BoxStream<'static, Value>, seconds: u64) -> (String, Value) {
    let event = tokio::time::timeout(Duration::from_secs(seconds), watch.next()).await.unwrap().unwrap();
    (event["type"].as_str().unwrap().to_owned(), event["object"].clone())
}

#[tokio::test]
async fn kube_runtime_watches_with_both_strategies() {
    let fixture = open();
    for (index, config) in [watcher::Config::default(), watcher::Config::default().streaming_lists()].into_iter().enumerate() {
        let api: Api<ConfigMap> = fixture.api();
        let (old, new) = (format!("old{index}"), format!("new{index}"));
        api.create(&PostParams::default(), &config_map(&old)).await.unwrap();
        let mut stream = watcher::watcher(api.clone(), config).boxed();
        let mut seen = Vec::new();
        loop {
            match stream.try_next().await.unwrap().unwrap() {
                Event::Init => {}
                Event::InitApply(map) => seen.push(map.name_any()),
                Event::InitDone => break,
                other => panic!("{other}"),
            }
        }
        assert!(seen.contains(&old));
        api.create(&PostParams::default(), &config_map(&new)).await.unwrap();
        assert!(matches!(stream.try_next().await.unwrap().unwrap(), Event::Apply(map) if map.name_any() == new));
        api.delete(&new, &DeleteParams::default()).await.unwrap();
        assert!(matches!(stream.try_next().await.unwrap().unwrap(), Event::Delete(map) if map.name_any() == new));
    }
}

#[tokio::test]
async fn a_soft_write_is_seen_while_a_hard_one_is_on_its_way() {
    let fixture = open();
    let client = fixture.server.client("default");
    let hard = (0..50).map(|number| {
        let api: Api<ConfigMap> = Api::default_namespaced(client.clone());
        async move { api.create(&PostParams::default(), &config_map(&format!("m{number}"))).await.unwrap() }
    });
    let pods = (0..50).map(|number| {
        let pod = json!({"metadata": {"name": format!("p{number}")}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
        let fixture = &fixture;
        async move { fixture.post("/api/v1/namespaces/default/pods", &pod).await.status }
    });
    let (_, pods) = tokio::join!(futures::future::join_all(hard), futures::future::join_all(pods));
    assert!(pods.iter().all(|status| *status == 201));
}

/// What one step of a random history does to one of three objects.
#[derive(Clone, Debug)]
enum Step {
    Put(u8),
    Patch(u8),
    Delete(u8),
    Reconnect,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..3_u8).prop_map(Step::Put),
        (0..3_u8).prop_map(Step::Patch),
        (0..3_u8).prop_map(Step::Delete),
        Just(Step::Reconnect)
    ];
    proptest::collection::vec(step, 1..40)
}

/// A client that keeps its own copy by watching, and reconnects from the last version that it saw.
struct Mirror {
    objects: BTreeMap<String, String>,
    last: u64,
    events: usize,
}

impl Mirror {
    fn take(&mut self, what: &str, object: &Value) {
        let at: u64 = version(object).parse().unwrap();
        assert!(at > self.last, "in order, and none twice");
        self.last = at;
        self.events += 1;
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        match what {
            "ADDED" => assert!(self.objects.insert(name, version(object)).is_none()),
            "MODIFIED" => assert!(self.objects.insert(name, version(object)).is_some()),
            "DELETED" => assert!(self.objects.remove(&name).is_some()),
            other => panic!("{other}"),
        }
    }
}

async fn mirror_story(steps: &[Step]) {
    let fixture = open();
    let mut mirror = Mirror { objects: BTreeMap::new(), last: version(&fixture.get(CONFIG_MAPS).await.json()).parse().unwrap(), events: 0 };
    let mut watch = fixture.watch(&format!("{CONFIG_MAPS}?watch=true&resourceVersion={}", mirror.last)).await;
    let mut changes = 0;
    for (number, step) in steps.iter().enumerate() {
        let changed = match step {
            Step::Put(which) => fixture.post(CONFIG_MAPS, &json!({"metadata": {"name": format!("m{which}")}})).await.status == 201,
            Step::Patch(which) => {
                let patch = json!({"data": {"n": number.to_string()}});
                fixture.patch(&format!("{CONFIG_MAPS}/m{which}"), "merge", &patch).await.status == 200
            }
            Step::Delete(which) => fixture.delete(&format!("{CONFIG_MAPS}/m{which}")).await.status == 200,
            Step::Reconnect => {
                if mirror.events < changes {
                    let (what, object) = event(&mut watch).await;
                    mirror.take(&what, &object);
                }
                watch = fixture.watch(&format!("{CONFIG_MAPS}?watch=true&resourceVersion={}", mirror.last)).await;
                false
            }
        };
        changes += usize::from(changed);
    }
    while mirror.events < changes {
        let (what, object) = event(&mut watch).await;
        mirror.take(&what, &object);
    }
    let list = fixture.get(CONFIG_MAPS).await.json();
    let listed: BTreeMap<String, String> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|object| (object["metadata"]["name"].as_str().unwrap().to_owned(), version(object)))
        .collect();
    assert_eq!(mirror.objects, listed);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_watch_that_reconnects_sees_every_change_once_and_in_order(steps in steps()) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(mirror_story(&steps));
    }
}

#[tokio::test]
async fn a_patch_of_a_watched_object_is_one_event() {
    let fixture = open();
    let api: Api<ConfigMap> = fixture.api();
    api.create(&PostParams::default(), &config_map("m")).await.unwrap();
    let mut stream = watcher::watcher(api.clone(), watcher::Config::default()).boxed();
    while !matches!(stream.try_next().await.unwrap().unwrap(), Event::InitDone) {}
    for number in 0..3 {
        let patch = json!({"data": {"n": number.to_string()}});
        api.patch("m", &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
        let Event::Apply(map) = stream.try_next().await.unwrap().unwrap() else { panic!() };
        assert_eq!(map.data.unwrap()["n"], number.to_string());
    }
}
