//! The system ConfigMaps: put there when they are missing, and followed as typed snapshots for admission.

use std::sync::Arc;

use anyhow::{Context, Result};
use ebb_api::config::{self, Snapshots};
use ebb_api::keys::SYSTEM_NAMESPACE;
use ebb_plumbing::Tasks;
use ebb_plumbing::cache::{Cache, Change};
use futures::future::try_join_all;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::PostParams;
use kube::runtime::watcher;
use kube::{Api, Client, ResourceExt};
use parking_lot::RwLock;

/// The settings in force. Cheap to clone; all clones see the same.
#[derive(Clone, Default)]
pub struct Settings(Arc<RwLock<Snapshots>>);

impl Settings {
    /// The snapshots of this moment.
    pub fn current(&self) -> Snapshots {
        self.0.read().clone()
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
        let data = match change {
            Change::Applied => map.data.clone().unwrap_or_default(),
            // Without its map, a part has its defaults.
            Change::Deleted => std::collections::BTreeMap::new(),
        };
        let name = map.name_any();
        let mut current = self.0.write();
        match current.with(&name, &data) {
            Ok(next) => *current = next,
            Err(error) => tracing::error!(config_map = name, %error, "the last good settings stay in force"),
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
