//! The cache as its users see it: what it holds, what it finds by word, and what its hooks hear, in which order. The events
//! of a watch are given by hand.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use kube::api::ObjectMeta;
use kube::core::Status;
use parking_lot::Mutex;

use super::*;

/// A map called `name` at a version, with a label that the index files it under.
fn map(name: &str, version: u32, label: &str) -> ConfigMap {
    ConfigMap {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some("dev".to_owned()),
            uid: Some(format!("uid of {name}")),
            resource_version: Some(version.to_string()),
            labels: Some(BTreeMap::from([("l".to_owned(), label.to_owned())])),
            ..ObjectMeta::default()
        },
        ..ConfigMap::default()
    }
}

fn made_anew(mut map: ConfigMap) -> ConfigMap {
    map.metadata.uid = Some("another".to_owned());
    map
}

fn by_label(map: &ConfigMap) -> Vec<String> {
    map.metadata.labels.iter().flatten().map(|(_, value)| value.clone()).collect()
}

/// A cache with a first list in it.
fn cache(first: impl IntoIterator<Item = ConfigMap>) -> Cache<ConfigMap> {
    let cache = Cache::indexed(by_label);
    list(&cache, first);
    cache
}

fn list(cache: &Cache<ConfigMap>, maps: impl IntoIterator<Item = ConfigMap>) {
    let mut fresh = None;
    cache.take(Event::Init, &mut fresh);
    maps.into_iter().for_each(|map| cache.take(Event::InitApply(map), &mut fresh));
    cache.take(Event::InitDone, &mut fresh);
}

fn change(cache: &Cache<ConfigMap>, event: Event<ConfigMap>) {
    cache.take(event, &mut None);
}

/// What a hook heard.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    fn from(cache: &Cache<ConfigMap>) -> Self {
        let heard = Self::default();
        let told = heard.clone();
        cache.on_change(move |map, change| told.note(map, change));
        heard
    }

    fn note(&self, map: &ConfigMap, change: Change) {
        let version = map.metadata.resource_version.clone().unwrap_or_default();
        self.0.lock().push(format!("{change:?} {} {version}", map.name_any()));
    }

    /// What was heard since the last time; of one list sorted, because lists have no order.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock())
    }
}

fn names(maps: &[Arc<ConfigMap>]) -> Vec<String> {
    maps.iter().map(|map| map.name_any()).collect()
}

#[tokio::test]
async fn it_is_ready_when_the_first_list_is_complete() {
    let cache = Cache::<ConfigMap>::default();
    let mut fresh = None;
    cache.take(Event::Init, &mut fresh);
    cache.take(Event::InitApply(map("a", 1, "x")), &mut fresh);
    assert!(cache.get("dev", "a").is_none(), "half a list is no state");
    assert!(futures::FutureExt::now_or_never(cache.ready()).is_none());
    cache.take(Event::InitDone, &mut fresh);
    cache.ready().await;
    assert!(cache.get("dev", "a").is_some());
}

#[test]
fn hooks_hear_every_change_in_order() {
    let cache = cache([]);
    let heard = Heard::from(&cache);
    change(&cache, Event::Apply(map("a", 1, "x")));
    change(&cache, Event::Apply(map("a", 2, "x")));
    change(&cache, Event::Apply(map("b", 3, "x")));
    change(&cache, Event::Delete(map("a", 4, "x")));
    change(&cache, Event::Delete(map("never seen", 5, "x")));
    assert_eq!(heard.take(), ["Applied a 1", "Applied a 2", "Applied b 3", "Deleted a 2"]);
}

#[test]
fn a_hook_finds_the_change_in_the_cache() {
    let cache = cache([]);
    let (seen, all) = (Heard::default(), cache.clone());
    let told = seen.clone();
    cache.on_change(move |map, _| {
        let version = all.find(&Key::of(map.as_ref())).and_then(|map| map.metadata.resource_version.clone());
        told.0.lock().push(version.unwrap_or_else(|| "gone".to_owned()));
    });
    change(&cache, Event::Apply(map("a", 1, "x")));
    change(&cache, Event::Delete(map("a", 2, "x")));
    assert_eq!(seen.take(), ["1", "gone"]);
}

#[test]
fn a_late_hook_hears_of_what_is_there() {
    let cache = cache([map("a", 1, "x")]);
    let heard = Heard::from(&cache);
    assert_eq!(heard.take(), ["Applied a 1"]);
}

#[test]
fn another_list_tells_what_is_gone_and_what_is_new_and_nothing_else() {
    let cache = cache([map("gone", 1, "x"), map("same", 2, "x"), map("changed", 3, "x")]);
    let heard = Heard::from(&cache);
    heard.take();
    list(&cache, [map("same", 2, "x"), map("changed", 7, "y"), map("new", 8, "x")]);
    let mut told = heard.take();
    assert_eq!(told.remove(0), "Deleted gone 1", "deletions come first");
    told.sort();
    assert_eq!(told, ["Applied changed 7", "Applied new 8"]);
    assert_eq!(names(&cache.by_index("x")), ["new", "same"]);
    assert_eq!(names(&cache.by_index("y")), ["changed"]);
}

#[test]
fn another_list_tells_of_an_object_that_was_made_anew() {
    let cache = cache([map("a", 1, "x")]);
    let heard = Heard::from(&cache);
    heard.take();
    list(&cache, [made_anew(map("a", 5, "x"))]);
    assert_eq!(heard.take(), ["Deleted a 1", "Applied a 5"]);
}

#[test]
fn a_list_that_was_broken_off_changes_nothing() {
    let cache = cache([map("a", 1, "x")]);
    let heard = Heard::from(&cache);
    heard.take();
    let mut fresh = None;
    cache.take(Event::Init, &mut fresh);
    cache.take(Event::InitApply(map("half", 2, "x")), &mut fresh);
    cache.take(Event::Init, &mut fresh);
    cache.take(Event::InitApply(map("a", 1, "x")), &mut fresh);
    cache.take(Event::InitDone, &mut fresh);
    assert!(heard.take().is_empty());
    assert_eq!(names(&cache.list()), ["a"]);
}

#[test]
fn the_index_follows_the_objects() {
    let cache = cache([map("b", 1, "x"), map("a", 2, "x")]);
    assert_eq!(names(&cache.by_index("x")), ["a", "b"], "by key");
    change(&cache, Event::Apply(map("a", 3, "y")));
    assert_eq!((names(&cache.by_index("x")), names(&cache.by_index("y"))), (vec!["b".to_owned()], vec!["a".to_owned()]));
    change(&cache, Event::Delete(map("b", 4, "x")));
    assert!(cache.by_index("x").is_empty());
    assert_eq!(cache.0.objects.read().by_index.len(), 1, "words that nobody has are forgotten");
}

#[test]
fn managed_fields_are_not_kept() {
    let mut with_fields = map("a", 1, "x");
    with_fields.metadata.managed_fields = Some(vec![ManagedFieldsEntry::default()]);
    let cache = cache([with_fields]);
    assert!(cache.get("dev", "a").unwrap().metadata.managed_fields.as_ref().is_none_or(Vec::is_empty));
}

#[test]
fn no_change_is_lost_between_the_list_and_the_registration_of_a_hook() {
    let cache = cache([]);
    let writer = {
        let cache = cache.clone();
        std::thread::spawn(move || (0..2_000).for_each(|version| change(&cache, Event::Apply(map(&format!("m{version}"), version, "x")))))
    };
    let heard: Vec<Heard> = (0..50).map(|_| Heard::from(&cache)).collect();
    writer.join().unwrap();
    for heard in heard {
        let told: std::collections::HashSet<String> = heard.take().into_iter().collect();
        assert_eq!(told.len(), 2_000);
    }
}

#[test]
fn a_watch_that_fell_behind_begins_again_at_once_but_not_in_circles() {
    let behind = || {
        let status = Status { code: 410, ..Status::default() };
        watcher::Error::WatchError(Box::new(status))
    };
    let (mut patience, start) = (Patience::default(), Instant::now());
    assert_eq!(patience.after(&behind(), start), Duration::ZERO);
    assert!(patience.after(&behind(), start + Duration::from_secs(1)) > Duration::ZERO);
    assert_eq!(patience.after(&behind(), start + Duration::from_secs(60)), Duration::ZERO);
    assert!(patience.after(&watcher::Error::NoResourceVersion, start + Duration::from_secs(120)) > Duration::ZERO);
}

/// A map that differs from the others as real objects do.
fn one_of_many(number: u32) -> ConfigMap {
    let mut map = map(&format!("m{number}"), number + 1, &format!("l{}", number % 7));
    map.data = Some(BTreeMap::from([("number".to_owned(), number.to_string()), ("text".to_owned(), "the same in all of them".repeat(20))]));
    map
}

const MANY: u32 = 3_000;

#[test]
fn what_nobody_asked_for_lately_is_packed_and_is_found_as_it_was() {
    let cache = cache((0..MANY).map(one_of_many));
    for number in (0..MANY).rev() {
        let wanted = one_of_many(number);
        for _ in 0..2 {
            assert_eq!(cache.get("dev", &wanted.name_any()).as_deref(), Some(&wanted));
        }
    }
    assert_eq!(cache.by_index("l3").len(), 429);
    assert_eq!((cache.keys().len(), cache.list().len()), (3_000, 3_000));
}

#[test]
fn packed_objects_change_and_go_like_others() {
    let cache = cache((0..MANY).map(one_of_many));
    let heard = Heard::from(&cache);
    heard.take();
    change(&cache, Event::Apply(map("m0", 9_000, "new")));
    change(&cache, Event::Delete(map("m1", 9_001, "l1")));
    assert_eq!(heard.take(), ["Applied m0 9000", "Deleted m1 2"]);
    assert_eq!((names(&cache.by_index("new")), cache.by_index("l0").len(), cache.by_index("l1").len()), (vec!["m0".to_owned()], 428, 428));
    assert!(cache.get("dev", "m1").is_none());
    list(&cache, (2..MANY).map(one_of_many));
    assert_eq!(heard.take(), ["Deleted m0 9000"], "what is packed and as it was is no news");
}

#[test]
fn a_first_list_is_heard_once() {
    let cache = Cache::indexed(by_label);
    let early = Heard::from(&cache);
    let mut fresh = None;
    cache.take(Event::Init, &mut fresh);
    cache.take(Event::InitApply(map("a", 1, "x")), &mut fresh);
    let late = Heard::from(&cache);
    cache.take(Event::InitApply(map("b", 2, "x")), &mut fresh);
    cache.take(Event::InitDone, &mut fresh);
    assert_eq!(early.take(), ["Applied a 1", "Applied b 2"]);
    let mut told = late.take();
    told.sort();
    assert_eq!(told, ["Applied a 1", "Applied b 2"]);
}
