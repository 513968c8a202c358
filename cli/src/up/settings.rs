//! The system ConfigMaps: put there when they are missing, and followed as typed snapshots for admission.

use std::sync::Arc;

use anyhow::{Context, Result};
use ebb_api::config::{self, Live, Snapshots};
use ebb_api::keys::SYSTEM_NAMESPACE;
use ebb_plumbing::Tasks;
use ebb_plumbing::cache::{Cache, Change};
use futures::future::try_join_all;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::PostParams;
use kube::runtime::watcher;
use kube::{Api, Client, ResourceExt};

/// The settings in force. Cheap to clone; all clones see the same.
#[derive(Clone, Default)]
pub struct Settings(Live);

impl Settings {
    /// The snapshots of this moment.
    pub fn current(&self) -> Arc<Snapshots> {
        self.0.current()
    }

    /// Follows the ConfigMaps until shutdown, and waits for the first list of them.
    pub async fn follow(&self, client: &Client, tasks: &Tasks) {
        let maps: Cache<ConfigMap> = Cache::default();
        let settings = self.clone();
        maps.on_change(move |map, change| settings.take(map, change));
        let api = Api::namespaced(client.clone(), SYSTEM_NAMESPACE);
        tasks.spawn("settings", maps.clone().run(api, watcher::Config::default(), tasks.shutdown().clone()));
        maps.ready().await;
    }

    fn take(&self, map: &ConfigMap, change: Change) {
        let name = map.name_any();
        if let Err(error) = self.0.take(&name, map.data.as_ref().filter(|_| change == Change::Applied)) {
            tracing::error!(config_map = name, %error, "settings make no sense; the last good ones stay in force");
        }
    }
}

/// Creates the shipped ConfigMaps that are missing. Those that are there are the user's.
pub async fn furnish(client: &Client) -> Result<()> {
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), SYSTEM_NAMESPACE);
    try_join_all(config::shipped().into_iter().map(|map| create(api.clone(), map))).await?;
    Ok(())
}

async fn create(api: Api<ConfigMap>, map: ConfigMap) -> Result<()> {
    match api.create(&PostParams::default(), &map).await {
        Err(kube::Error::Api(status)) if status.code == 409 => Ok(()),
        other => other.map(drop).with_context(|| format!("cannot create ConfigMap {SYSTEM_NAMESPACE}/{}", map.name_any())),
    }
}
