//! kube-rs against the shipped binary over TLS: a reflector, a small controller with a finalizer and server-side apply, and a recorder of
//! events.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use ebb_tests::up::SOON;
use ebb_tests::{Ebb, Result};
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::{ConfigMap, Event as OldEvent, Secret};
use k8s_openapi::api::events::v1::Event as NewEvent;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::runtime::controller::Action;
use kube::runtime::events::{Event as Told, EventType, Recorder, Reporter};
use kube::runtime::finalizer::{Event, finalizer};
use kube::runtime::{Controller, WatchStreamExt, reflector, watcher};
use kube::{Api, Client, Resource, ResourceExt};
use tokio::time::timeout;

const FINALIZER: &str = "example.com/copies";

fn settings(name: &str, value: &str) -> ConfigMap {
    let metadata = kube::api::ObjectMeta {
        name: Some(name.into()),
        labels: Some(BTreeMap::from([("copy".into(), "yes".into())])),
        ..Default::default()
    };
    ConfigMap { metadata, data: Some(BTreeMap::from([("value".into(), value.into())])), ..ConfigMap::default() }
}

async fn reflected(ebb: &Ebb, strategy: watcher::Config) -> Result<()> {
    let maps: Api<ConfigMap> = Api::default_namespaced(ebb.client().await?);
    for i in 0..20 {
        maps.create(&PostParams::default(), &settings(&format!("before-{i}"), "1")).await?;
    }
    let (reader, writer) = reflector::store();
    let mut events = Box::pin(reflector(writer, watcher(maps.clone(), strategy.labels("copy=yes"))).default_backoff());
    let names = |wanted: &str| reader.state().iter().filter(|map| map.name_any().starts_with(wanted)).count();
    let follow = async {
        for i in 0..20 {
            maps.create(&PostParams::default(), &settings(&format!("after-{i}"), "1")).await?;
            maps.delete(&format!("before-{i}"), &DeleteParams::default()).await?;
        }
        while names("after-") < 20 || names("before-") > 0 {
            events.try_next().await?;
        }
        Result::<()>::Ok(())
    };
    timeout(SOON, follow).await??;
    for map in maps.list(&Default::default()).await?.items.iter().filter(|map| map.labels().contains_key("copy")) {
        maps.delete(&map.name_any(), &DeleteParams::default()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn reflectors_follow_by_lists_and_by_streams() -> Result<()> {
    let ebb = Ebb::up().await?;
    reflected(&ebb, watcher::Config::default()).await?;
    reflected(&ebb, watcher::Config::default().page_size(7)).await?;
    reflected(&ebb, watcher::Config::default().streaming_lists()).await?;
    ebb.stop(&[]).await.map(|_| ())
}

/// Keeps a Secret with the value of every ConfigMap that asks for it.
async fn reconcile(map: Arc<ConfigMap>, client: Arc<Client>) -> std::result::Result<Action, kube::runtime::finalizer::Error<kube::Error>> {
    let namespace = map.namespace().unwrap_or_default();
    let maps: Api<ConfigMap> = Api::namespaced((*client).clone(), &namespace);
    let secrets: Api<Secret> = Api::namespaced((*client).clone(), &namespace);
    finalizer(&maps, FINALIZER, map, |event| async {
        match event {
            Event::Apply(map) => {
                let copy = Secret {
                    metadata: kube::api::ObjectMeta {
                        name: map.metadata.name.clone(),
                        owner_references: map.controller_owner_ref(&()).map(|owner| vec![owner]),
                        ..Default::default()
                    },
                    string_data: map.data.clone(),
                    ..Secret::default()
                };
                secrets.patch(&map.name_any(), &PatchParams::apply("copier").force(), &Patch::Apply(copy)).await?;
            }
            Event::Cleanup(map) => {
                secrets.delete(&map.name_any(), &DeleteParams::default()).await?;
            }
        }
        Ok(Action::await_change())
    })
    .await
}

#[tokio::test]
async fn a_controller_with_a_finalizer_and_apply() -> Result<()> {
    let ebb = Ebb::up().await?;
    let client = ebb.client().await?;
    let (maps, secrets): (Api<ConfigMap>, Api<Secret>) = (Api::default_namespaced(client.clone()), Api::default_namespaced(client.clone()));
    let controller = Controller::new(maps.clone(), watcher::Config::default().labels("copy=yes"))
        .owns(secrets.clone(), watcher::Config::default())
        .run(reconcile, |_, _, _| Action::requeue(Duration::from_millis(50)), Arc::new(client))
        .for_each(|_| std::future::ready(()));
    let story = async {
        for i in 0..5 {
            maps.create(&PostParams::default(), &settings(&format!("m-{i}"), "1")).await?;
        }
        let copies = async |wanted: &str| -> Result<BTreeSet<String>> {
            let value = Some(k8s_openapi::ByteString(wanted.as_bytes().to_vec()));
            let secrets = secrets.list(&Default::default()).await?.items.into_iter();
            let with_value = secrets.filter(|secret| secret.data.as_ref().and_then(|data| data.get("value")).cloned() == value);
            Ok(with_value.map(|secret| secret.name_any()).collect())
        };
        ebb.until("all are copied", async |_: &Ebb| if copies("1").await?.len() == 5 { Ok(()) } else { Err("not yet".into()) }).await?;
        let change = serde_json::json!({"data": {"value": "2"}});
        maps.patch("m-0", &PatchParams::default(), &Patch::Merge(change)).await?;
        ebb.until("a change is copied", async |_: &Ebb| if copies("2").await?.contains("m-0") { Ok(()) } else { Err("not yet".into()) })
            .await?;
        secrets.delete("m-1", &DeleteParams::default()).await?;
        ebb.until(
            "a lost copy is made again",
            async |_: &Ebb| if copies("1").await?.contains("m-1") { Ok(()) } else { Err("not yet".into()) },
        )
        .await?;
        maps.delete("m-2", &DeleteParams::default()).await?;
        ebb.until("a copy goes with its original", async |_: &Ebb| match maps.get_opt("m-2").await? {
            None if !copies("1").await?.contains("m-2") => Ok(()),
            _ => Err("not yet".into()),
        })
        .await
    };
    tokio::select! {
        () = controller => return Err("the controller ended".into()),
        told = story => told?,
    }
    ebb.stop(&[]).await.map(|_| ())
}

#[tokio::test]
async fn a_recorder_tells_in_the_new_form_and_the_old_one_is_told_too() -> Result<()> {
    let ebb = Ebb::up().await?;
    let client = ebb.client().await?;
    let maps: Api<ConfigMap> = Api::default_namespaced(client.clone());
    let map = maps.create(&PostParams::default(), &settings("m", "1")).await?;
    let (new, old): (Api<NewEvent>, Api<OldEvent>) = (Api::default_namespaced(client.clone()), Api::default_namespaced(client.clone()));
    let mut seen = Box::pin(old.watch(&WatchParams::default().fields("reason=Copied").disable_bookmarks(), "0").await?);
    let recorder = Recorder::new(client, Reporter { controller: "example.com/copier".into(), instance: Some("copier-1".into()) });
    let told = Told {
        type_: EventType::Normal,
        reason: "Copied".into(),
        note: Some("copied the map".into()),
        action: "Copying".into(),
        secondary: None,
    };
    // The same again is no event of its own, but counted.
    for _ in 0..3 {
        recorder.publish(&told, &map.object_ref(&())).await?;
    }
    let events = new.list(&ListParams::default().fields("regarding.name=m")).await?.items;
    let [event] = events.as_slice() else { return Err(format!("one event was to be told of: {events:?}").into()) };
    assert_eq!((event.note.as_deref(), event.reporting_controller.as_deref()), (Some("copied the map"), Some("example.com/copier")));
    assert_eq!(event.series.as_ref().map(|series| series.count), Some(3));
    for (number, count) in [None, Some(2), Some(3)].into_iter().enumerate() {
        let told = timeout(SOON, seen.try_next()).await??;
        let Some(WatchEvent::Added(event) | WatchEvent::Modified(event)) = told else {
            return Err(format!("the watch tells {told:?}").into());
        };
        assert_eq!((event.message.as_deref(), event.involved_object.name.as_deref()), (Some("copied the map"), Some("m")));
        assert_eq!(event.series.and_then(|series| series.count), count, "the event of number {number}");
    }
    ebb.stop(&[]).await.map(|_| ())
}
