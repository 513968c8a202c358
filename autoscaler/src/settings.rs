//! The cluster's settings, live: a change holds from the next decision on, and what makes no sense changes nothing.
//!
//! This module must not read ConfigMaps from the API; the caches do.

use std::sync::Arc;

use ebb_api::config::{Snapshots, autoscaler, deployment};
use ebb_api::k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt;
use parking_lot::RwLock;

/// The settings in force.
#[derive(Default)]
pub struct Settings(RwLock<Arc<Snapshots>>);

impl Settings {
    /// What is in force now.
    pub fn now(&self) -> Arc<Snapshots> {
        self.0.read().clone()
    }

    /// Takes a ConfigMap's contents, if it is one that scaling reads. Says whether anything changed.
    pub fn take(&self, map: &ConfigMap) -> bool {
        let name = map.name_any();
        if name != autoscaler::NAME && name != deployment::NAME {
            return false;
        }
        let before = self.now();
        let empty = std::collections::BTreeMap::new();
        match before.with(&name, map.data.as_ref().unwrap_or(&empty)) {
            Ok(after) if after == *before => false,
            Ok(after) => {
                *self.0.write() = Arc::new(after);
                true
            }
            Err(error) => {
                tracing::warn!(config_map = name, %error, "the ConfigMap makes no sense; what was in force before stays");
                false
            }
        }
    }
}
