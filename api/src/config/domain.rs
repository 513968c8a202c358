//! `config-domain`: under which domain a Route's host lies.
//!
//! This module must not make host names. Source: knative/serving `pkg/reconciler/route/config/domain.go`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::ConfigError;
use super::deployment::is_subset;
use crate::keys::{CLUSTER_DOMAIN, label};

/// The ConfigMap's name.
pub const NAME: &str = "config-domain";
/// Value of the visibility label that makes a Route private.
pub const VISIBILITY_CLUSTER_LOCAL: &str = "cluster-local";

/// The domains and whom they are for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// By domain name. There is always one without a selector.
    pub domains: BTreeMap<String, DomainConfig>,
}

/// Whom a domain is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DomainConfig {
    /// Labels that a Route must have; none is the default domain.
    pub selector: BTreeMap<String, String>,
    /// Whether one wildcard certificate may stand for the whole domain.
    pub wildcard: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Written {
    selector: Option<BTreeMap<String, String>>,
    #[serde(rename = "type")]
    type_: Option<String>,
}

/// The domain of everything that is reachable inside the cluster only.
#[must_use]
pub fn cluster_local() -> String {
    format!("svc.{CLUSTER_DOMAIN}")
}

impl Default for Domain {
    /// No domain of one's own: every Route is private.
    fn default() -> Self {
        Self { domains: BTreeMap::from([(cluster_local(), DomainConfig { selector: BTreeMap::new(), wildcard: true })]) }
    }
}

impl Domain {
    /// Reads the ConfigMap's data.
    ///
    /// # Errors
    /// A value that is not YAML of the form `{selector: {label: value}, type: wildcard}`.
    pub fn from_data(data: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let mut domains = BTreeMap::new();
        for (domain, value) in data.iter().filter(|(key, _)| key.as_str() != super::EXAMPLE_KEY) {
            domains.insert(domain.clone(), read(domain, value)?);
        }
        if !domains.values().any(|config| config.selector.is_empty()) {
            domains.extend(Self::default().domains);
        }
        Ok(Self { domains })
    }

    /// One default domain and nothing else.
    #[must_use]
    pub fn of(domain: &str) -> Self {
        Self { domains: BTreeMap::from([(domain.to_owned(), DomainConfig { selector: BTreeMap::new(), wildcard: true })]) }
    }

    /// The domain for a Route with these labels: private if it is labelled so, else the one that asks for the most
    /// labels that it has, then the smallest name.
    #[must_use]
    pub fn for_labels(&self, labels: &BTreeMap<String, String>) -> String {
        if labels.get(label::VISIBILITY).is_some_and(|value| value == VISIBILITY_CLUSTER_LOCAL) {
            return cluster_local();
        }
        let matching = self.domains.iter().filter(|(_, config)| is_subset(&config.selector, labels));
        // `rev` because `max_by_key` keeps the last of equals, and the smallest name must win.
        matching.rev().max_by_key(|(_, config)| config.selector.len()).map_or_else(cluster_local, |(domain, _)| domain.clone())
    }
}

/// Whether the ConfigMap's data names a domain for all. Data that makes no sense does not.
pub(super) fn has_default(data: &BTreeMap<String, String>) -> bool {
    let mut written = data.iter().filter(|(key, _)| key.as_str() != super::EXAMPLE_KEY);
    written.any(|(domain, value)| read(domain, value).is_ok_and(|config| config.selector.is_empty()))
}

fn read(domain: &str, value: &str) -> Result<DomainConfig, ConfigError> {
    let written = if value.trim().is_empty() {
        Written::default()
    } else {
        serde_saphyr::from_str::<Option<Written>>(value)
            .map_err(|why| ConfigError(format!("failed to parse domain {domain}: {why}")))?
            .unwrap_or_default()
    };
    let selector = written.selector.unwrap_or_default();
    let wildcard = selector.is_empty() || written.type_.as_deref() == Some("wildcard");
    Ok(DomainConfig { selector, wildcard })
}
