//! The settings that plans depend on: the system ConfigMaps as typed snapshots, and what the process was started with.
//!
//! This module must not read either.

use std::sync::Arc;

use ebb_api::config::Snapshots;

/// One consistent set of settings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// The system ConfigMaps.
    pub config: Arc<Snapshots>,
    /// Port of the ingress as clients see it, when it may not be the scheme's own.
    pub external_port: Option<u16>,
}

impl Settings {
    /// The URL under which a host is reached from outside.
    #[must_use]
    pub fn external_url(&self, host: &str) -> String {
        let scheme = &self.config.network.default_external_scheme;
        let usual = if scheme == "https" { 443 } else { 80 };
        match self.external_port {
            Some(port) if port != usual => format!("{scheme}://{host}:{port}"),
            _ => format!("{scheme}://{host}"),
        }
    }
}
