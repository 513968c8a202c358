//! Checking system ConfigMaps before they are stored.
//!
//! This module must not put them in force.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use serde::Deserialize;
use serde_json::Value;

use crate::config::shipped::example_checksum;
use crate::config::{EXAMPLE_CHECKSUM, EXAMPLE_KEY, Snapshots};

/// Refuses contents that make no sense, and settings that were changed in the example instead of beside it.
pub(super) fn check(object: &Value) -> Result<(), String> {
    let map = ConfigMap::deserialize(object).map_err(|why| format!("cannot decode incoming new object: {why}"))?;
    let name = map.metadata.name.unwrap_or_default();
    if !Snapshots::knows(&name) {
        return Ok(());
    }
    let data: BTreeMap<String, String> = map.data.unwrap_or_default();
    let checksum = map.metadata.annotations.as_ref().and_then(|annotations| annotations.get(EXAMPLE_CHECKSUM));
    if let (Some(example), Some(checksum)) = (data.get(EXAMPLE_KEY), checksum)
        && *checksum != example_checksum(example)
    {
        return Err(format!(
            "the update modifies a key in {EXAMPLE_KEY:?} which is probably not what you want. Instead, copy the respective setting to the top-level of the ConfigMap, directly below \"data\""
        ));
    }
    Snapshots::default().with(&name, &data).map(|_| ()).map_err(|why| why.to_string())
}
