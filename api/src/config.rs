//! The system ConfigMaps as typed, immutable snapshots: one struct per map, whose `Default` is what an empty map means
//! and whose `from_data` refuses what Knative refuses.
//!
//! This module must not read or watch ConfigMaps; it only gives their contents a meaning. A key that is not known is
//! ignored, as Knative does.

use std::collections::BTreeMap;
use std::sync::Arc;

pub mod autoscaler;
pub mod defaults;
pub mod deployment;
pub mod domain;
pub mod features;
pub mod gc;
pub mod live;
pub mod network;
pub mod observability;
mod parse;
pub mod shipped;

pub use autoscaler::Autoscaler;
pub use defaults::Defaults;
pub use deployment::Deployment;
pub use domain::Domain;
pub use features::{Features, Flag};
pub use gc::Gc;
pub use live::Live;
pub use network::Network;
pub use observability::Observability;
pub use shipped::shipped;

/// The key of the block that explains a map's settings; it is never read.
pub const EXAMPLE_KEY: &str = "_example";
/// The annotation that tells whether someone edited the example instead of the settings.
pub const EXAMPLE_CHECKSUM: &str = "knative.dev/example-checksum";

/// Why a ConfigMap was refused. The fault is the administrator's; the last good contents stay in force.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

impl From<String> for ConfigError {
    fn from(message: String) -> Self {
        Self(message)
    }
}

/// One of each snapshot. Cheap to clone; a change of one map replaces one part.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshots {
    /// `config-autoscaler`.
    pub autoscaler: Arc<Autoscaler>,
    /// `config-defaults`.
    pub defaults: Arc<Defaults>,
    /// `config-deployment`.
    pub deployment: Arc<Deployment>,
    /// `config-domain`.
    pub domain: Arc<Domain>,
    /// `config-features`.
    pub features: Arc<Features>,
    /// `config-gc`.
    pub gc: Arc<Gc>,
    /// `config-network`.
    pub network: Arc<Network>,
    /// `config-observability`.
    pub observability: Arc<Observability>,
}

impl Snapshots {
    /// Whether a ConfigMap of this name is one of ours.
    #[must_use]
    pub fn knows(name: &str) -> bool {
        let names = [
            autoscaler::NAME,
            defaults::NAME,
            deployment::NAME,
            domain::NAME,
            features::NAME,
            gc::NAME,
            network::NAME,
            observability::NAME,
        ];
        names.contains(&name)
    }

    /// The snapshots after the ConfigMap of this name got these contents. A name that is none of ours changes nothing.
    ///
    /// # Errors
    /// The contents do not make sense; `self` is what stays in force.
    pub fn with(&self, name: &str, data: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let mut next = self.clone();
        match name {
            autoscaler::NAME => next.autoscaler = Arc::new(Autoscaler::from_data(data)?),
            defaults::NAME => next.defaults = Arc::new(Defaults::from_data(data)?),
            deployment::NAME => next.deployment = Arc::new(Deployment::from_data(data)?),
            domain::NAME => next.domain = Arc::new(Domain::from_data(data)?),
            features::NAME => next.features = Arc::new(Features::from_data(data)?),
            gc::NAME => next.gc = Arc::new(Gc::from_data(data)?),
            network::NAME => next.network = Arc::new(Network::from_data(data)?),
            observability::NAME => next.observability = Arc::new(Observability::from_data(data)?),
            _ => {}
        }
        Ok(next)
    }
}

#[cfg(test)]
mod tests;
