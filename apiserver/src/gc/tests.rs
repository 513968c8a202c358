//! Owners and dependents, namespaces and their contents.

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{DeleteParams, PostParams};
use kube::runtime::wait::{await_condition, conditions};
use kube::runtime::watcher::{self, Event};
use kube::{Api, Resource, ResourceExt};

use serde_json::json;

use crate::store::{Change, Durability, Expected, object};
use crate::tests::{Fixture, config_map, open};

async fn make(fixture: &Fixture, name: &str, owners: &[&ConfigMap]) -> ConfigMap {
    let mut map = config_map(name);
    let references = owners.iter().map(|owner| OwnerReference { block_owner_deletion: Some(true), ..owner.owner_ref(&()).unwrap() });
    map.owner_references_mut().extend(references);
    fixture.api().create(&PostParams::default(), &map).await.unwrap()
}

async fn gone(fixture: &Fixture, map: &ConfigMap) {
    let (name, uid) = (map.name_any(), map.uid().unwrap());
    let wait = await_condition(fixture.api::<ConfigMap>(), &name, conditions::is_deleted(&uid));
    tokio::time::timeout(std::time::Duration::from_secs(10), wait).await.expect("deleted in time").unwrap();
}

async fn delete(fixture: &Fixture, map: &ConfigMap, params: DeleteParams) {
    fixture.api::<ConfigMap>().delete(&map.name_any(), &params).await.unwrap();
}

#[tokio::test]
async fn dependents_follow_their_owner_down_to_the_last() {
    let fixture = open();
    let stop = fixture.run();
    let owner = make(&fixture, "owner", &[]).await;
    let child = make(&fixture, "child", &[&owner]).await;
    let grandchild = make(&fixture, "grandchild", &[&child]).await;
    let bystander = make(&fixture, "bystander", &[]).await;
    delete(&fixture, &owner, DeleteParams::background()).await;
    gone(&fixture, &child).await;
    gone(&fixture, &grandchild).await;
    assert!(fixture.api::<ConfigMap>().get_opt(&bystander.name_any()).await.unwrap().is_some());
    stop.cancel();
}

#[tokio::test]
async fn an_object_whose_owner_is_already_gone_goes_too() {
    let fixture = open();
    let owner = make(&fixture, "owner", &[]).await;
    delete(&fixture, &owner, DeleteParams::default()).await;
    let before = make(&fixture, "before", &[&owner]).await;
    let stop = fixture.run();
    gone(&fixture, &before).await;
    let after = make(&fixture, "after", &[&owner]).await;
    gone(&fixture, &after).await;
    stop.cancel();
}

#[tokio::test]
async fn an_owner_of_the_same_name_is_not_the_same_owner() {
    let fixture = open();
    let stop = fixture.run();
    let first = make(&fixture, "owner", &[]).await;
    let child = make(&fixture, "child", &[&first]).await;
    delete(&fixture, &first, DeleteParams::default()).await;
    make(&fixture, "owner", &[]).await;
    gone(&fixture, &child).await;
    stop.cancel();
}

#[tokio::test]
async fn a_second_owner_keeps_a_dependent() {
    let fixture = open();
    let stop = fixture.run();
    let (first, second) = (make(&fixture, "first", &[]).await, make(&fixture, "second", &[]).await);
    let child = make(&fixture, "child", &[&first, &second]).await;
    delete(&fixture, &first, DeleteParams::default()).await;
    let kept = |object: Option<&ConfigMap>| object.is_some_and(|object| object.owner_references().len() == 1);
    await_condition(fixture.api::<ConfigMap>(), "child", kept).await.unwrap();
    delete(&fixture, &second, DeleteParams::default()).await;
    gone(&fixture, &child).await;
    stop.cancel();
}

#[tokio::test]
async fn foreground_means_that_the_owner_goes_last() {
    let fixture = open();
    let stop = fixture.run();
    let owner = make(&fixture, "owner", &[]).await;
    let child = make(&fixture, "child", &[&owner]).await;
    make(&fixture, "grandchild", &[&child]).await;
    let mut events = watcher::watcher(fixture.api::<ConfigMap>(), watcher::Config::default()).boxed();
    while !matches!(events.try_next().await.unwrap().unwrap(), Event::InitDone) {}
    delete(&fixture, &owner, DeleteParams::foreground()).await;
    let mut deleted = Vec::new();
    while deleted.len() < 3 {
        if let Event::Delete(map) = events.try_next().await.unwrap().unwrap() {
            deleted.push(map.name_any());
        }
    }
    assert_eq!(deleted, ["grandchild", "child", "owner"]);
    stop.cancel();
}

#[tokio::test]
async fn orphans_stay_and_forget() {
    let fixture = open();
    let stop = fixture.run();
    let owner = make(&fixture, "owner", &[]).await;
    make(&fixture, "child", &[&owner]).await;
    delete(&fixture, &owner, DeleteParams::orphan()).await;
    gone(&fixture, &owner).await;
    assert!(fixture.api::<ConfigMap>().get("child").await.unwrap().owner_references().is_empty());
    stop.cancel();
}

#[tokio::test]
async fn a_namespace_takes_its_contents_along() {
    let fixture = open();
    let stop = fixture.run();
    let client = fixture.server.client("default");
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let made = serde_json::from_value(serde_json::json!({"metadata": {"name": "team"}})).unwrap();
    let made: Namespace = namespaces.create(&PostParams::default(), &made).await.unwrap();
    let inside: Api<ConfigMap> = Api::namespaced(client.clone(), "team");
    let mut held = config_map("held");
    held.finalizers_mut().push("test.dev/hold".into());
    inside.create(&PostParams::default(), &held).await.unwrap();
    inside.create(&PostParams::default(), &config_map("free")).await.unwrap();
    let deleted = namespaces.delete("team", &DeleteParams::default()).await.unwrap().left().unwrap();
    assert_eq!(deleted.status.unwrap().phase.as_deref(), Some("Terminating"));
    let late: Api<Secret> = Api::namespaced(client, "team");
    let refused =
        late.create(&PostParams::default(), &serde_json::from_value(serde_json::json!({"metadata": {"name": "late"}})).unwrap()).await;
    assert!(matches!(refused, Err(kube::Error::Api(status)) if status.code == 403));
    let condemned = |object: Option<&ConfigMap>| object.is_some_and(|object| object.metadata.deletion_timestamp.is_some());
    await_condition(inside.clone(), "held", condemned).await.unwrap();
    assert!(namespaces.get_opt("team").await.unwrap().is_some());
    let free = kube::api::Patch::Merge(serde_json::json!({"metadata": {"finalizers": null}}));
    inside.patch("held", &kube::api::PatchParams::default(), &free).await.unwrap();
    await_condition(namespaces, "team", conditions::is_deleted(&made.uid().unwrap())).await.unwrap();
    stop.cancel();
}

#[tokio::test]
async fn many_owners_with_many_dependents_all_go() {
    let fixture = open();
    let stop = fixture.run();
    for number in 0..50 {
        let owner = make(&fixture, &format!("o{number}"), &[]).await;
        for child in 0..3 {
            make(&fixture, &format!("o{number}-{child}"), &[&owner]).await;
        }
    }
    let api = fixture.api::<ConfigMap>();
    let params = kube::api::ListParams::default();
    for owner in (0..50).map(|number| format!("o{number}")) {
        api.delete(&owner, &DeleteParams::default()).await.unwrap();
    }
    let mut events = watcher::watcher(api.clone(), watcher::Config::default()).boxed();
    // What every namespace has comes back by itself.
    let own = |map: &ConfigMap| map.name_any() == "kube-root-ca.crt";
    while !api.list(&params).await.unwrap().items.iter().all(own) {
        tokio::time::timeout(std::time::Duration::from_secs(10), events.try_next()).await.expect("progress").unwrap();
    }
    stop.cancel();
}

#[tokio::test]
async fn old_events_are_cleared_away() {
    let fixture = open();
    let events = "/api/v1/namespaces/default/events";
    let event = json!({"metadata": {"name": "e"}, "involvedObject": {"name": "x"}, "reason": "R"});
    assert_eq!(fixture.post(events, &event).await.status, 201);
    let core = fixture.server.core();
    let resource = core.registry.find_id("events").unwrap();
    super::expire::clear(core, &resource, 3600).await;
    assert_eq!(fixture.get(events).await.json()["items"].as_array().unwrap().len(), 1, "it is young");
    super::expire::clear(core, &resource, -1).await;
    assert_eq!(fixture.get(events).await.json()["items"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn of_too_many_events_the_oldest_go() {
    let fixture = open();
    let core = fixture.server.core();
    let resource = core.registry.find_id("events").unwrap();
    for number in 0..5_003 {
        let name = format!("e{number}");
        let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": name, "namespace": "default", "uid": name}});
        resource.begin(&object::key("default", &name), Expected::Absent, Change::Put(event), Durability::Memory).unwrap();
    }
    super::expire::thin_out(core, &resource).await;
    assert_eq!(resource.count(), 5_000);
    let there = |name: &str| resource.get(&object::key("default", name)).is_some();
    assert!(!there("e0") && !there("e2") && there("e3") && there("e5002"));
}
