//! kube-rs against the shipped binary over TLS: a reflector.

use std::collections::BTreeMap;

use ebb_tests::up::SOON;
use ebb_tests::{Ebb, Result};
use futures::TryStreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, PostParams};
use kube::runtime::{WatchStreamExt, reflector, watcher};
use kube::{Api, ResourceExt};
use tokio::time::timeout;

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
