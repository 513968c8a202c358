//! The settings in force in a running process: the newest good contents of every system ConfigMap. One keeper per room;
//! reading it takes no more than a moment's lock and a reference count.
//!
//! This module must not watch ConfigMaps: whoever does hands their contents on.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::{ConfigError, Domain, Snapshots, domain};

/// Keeps the settings in force. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub struct Live {
    current: Arc<RwLock<Arc<Snapshots>>>,
    default_domain: Option<Arc<str>>,
}

impl Live {
    /// Starts with what empty ConfigMaps mean. `domain` is for all Routes while `config-domain` names no domain for all;
    /// without it they would be private.
    #[must_use]
    pub fn with_domain(domain: &str) -> Self {
        let start = Snapshots { domain: Arc::new(Domain::of(domain)), ..Snapshots::default() };
        Self { current: Arc::new(RwLock::new(Arc::new(start))), default_domain: Some(domain.into()) }
    }

    /// The settings in force now.
    #[must_use]
    pub fn current(&self) -> Arc<Snapshots> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes new contents of a ConfigMap and says whether they changed anything. One that is gone (`None`) is as good as
    /// an empty one.
    ///
    /// # Errors
    /// The contents make no sense. The last good ones stay in force.
    pub fn take(&self, name: &str, data: Option<&BTreeMap<String, String>>) -> Result<bool, ConfigError> {
        let nothing = BTreeMap::new();
        let mut data = std::borrow::Cow::Borrowed(data.unwrap_or(&nothing));
        if let Some(default) = self.default_domain.as_deref().filter(|_| name == domain::NAME)
            && !domain::has_default(&data)
        {
            data.to_mut().entry(default.to_owned()).or_default();
        }
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let next = current.with(name, &data)?;
        let changed = next != **current;
        if changed {
            *current = Arc::new(next);
        }
        Ok(changed)
    }
}

#[cfg(test)]
mod tests;
