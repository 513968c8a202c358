//! Keeps the typed settings current: from the system ConfigMaps and from what the process was started with. The last good
//! contents of a ConfigMap stay in force when new ones make no sense.
//!
//! This module must not know what a setting is for.

use std::collections::BTreeMap;
use std::sync::Arc;

use ebb_api::config::{Domain, EXAMPLE_KEY, Snapshots, domain};
use ebb_controller_core::Settings;
use ebb_plumbing::Cache;
use ebb_plumbing::cache::Change;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt;
use tokio::sync::watch;

use crate::Options;
use crate::caches::Caches;
use crate::hooks::Queues;

/// Holds the settings in force. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Keeper(Arc<watch::Sender<Arc<Settings>>>);

impl Keeper {
    /// Starts with defaults and follows the ConfigMaps from here on. A change wakes everything.
    pub fn start(config_maps: &Cache<ConfigMap>, options: &Options, queues: Queues, caches: &Caches) -> Self {
        let config = Snapshots { domain: Arc::new(Domain::of(&options.default_domain)), ..Snapshots::default() };
        let keeper = Self(Arc::new(watch::Sender::new(Arc::new(Settings { config, external_port: options.external_port }))));
        let (kept, all, default_domain) = (keeper.clone(), caches.clone(), options.default_domain.clone());
        config_maps.on_change(move |config_map, change| {
            let none = BTreeMap::new();
            let data = config_map.data.as_ref().filter(|_| change == Change::Applied).unwrap_or(&none);
            if kept.take(&config_map.name_any(), data, &default_domain) {
                queues.add_all(&all);
            }
        });
        keeper
    }

    /// The settings in force.
    pub fn current(&self) -> Arc<Settings> {
        self.0.borrow().clone()
    }

    /// Takes new contents of a ConfigMap and says whether they changed anything.
    fn take(&self, name: &str, data: &BTreeMap<String, String>, default_domain: &str) -> bool {
        let current = self.current();
        let data = if name == domain::NAME { with_default_domain(data, default_domain) } else { data.clone() };
        match current.config.with(name, &data) {
            Ok(config) if config == current.config => false,
            Ok(config) => {
                self.0.send_replace(Arc::new(Settings { config, external_port: current.external_port }));
                true
            }
            Err(error) => {
                tracing::error!(config_map = name, %error, "settings make no sense; the last good ones stay in force");
                false
            }
        }
    }
}

/// Adds the domain for all when the ConfigMap names none. Without one every Route would be private.
fn with_default_domain(data: &BTreeMap<String, String>, default_domain: &str) -> BTreeMap<String, String> {
    let mut data = data.clone();
    data.remove(EXAMPLE_KEY);
    let has_default = Domain::from_data(&data)
        .is_ok_and(|parsed| data.keys().any(|name| parsed.domains.get(name).is_some_and(|domain| domain.selector.is_empty())));
    if !has_default {
        data.entry(default_domain.to_owned()).or_default();
    }
    data
}
