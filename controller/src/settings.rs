//! Keeps the settings that plans depend on current: the system ConfigMaps, and what the process was started with.
//!
//! This module must not know what a setting is for.

use ebb_api::config::Live;
use ebb_controller_core::Settings;
use ebb_plumbing::Cache;
use ebb_plumbing::cache::Change;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt;

use crate::Options;
use crate::caches::Caches;
use crate::hooks::Queues;

/// Holds the settings in force. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Keeper {
    live: Live,
    external_port: Option<u16>,
}

impl Keeper {
    /// Starts with defaults and follows the ConfigMaps from here on. A change wakes everything.
    pub fn start(config_maps: &Cache<ConfigMap>, options: &Options, queues: Queues, caches: &Caches) -> Self {
        let live = Live::with_domain(&options.default_domain);
        let (kept, all) = (live.clone(), caches.clone());
        config_maps.on_change(move |map, change| {
            let name = map.name_any();
            match kept.take(&name, map.data.as_ref().filter(|_| change == Change::Applied)) {
                Ok(true) => queues.add_all(&all),
                Ok(false) => {}
                Err(error) => tracing::error!(config_map = name, %error, "settings make no sense; the last good ones stay in force"),
            }
        });
        Self { live, external_port: options.external_port }
    }

    /// The settings in force.
    pub fn current(&self) -> Settings {
        Settings { config: self.live.current(), external_port: self.external_port }
    }
}
