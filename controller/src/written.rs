//! Remembers which versions of objects were replaced by writes of our own, so that nothing is decided on a version that is
//! known to be old. Without it every second reconcile would meet its own last write as a conflict.
//!
//! This module must not compare versions beyond equality.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ebb_plumbing::Key;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// For each object the version that our last write replaced, until the cache shows another one. So there are at most as
/// many as there are objects, and mostly none.
#[derive(Clone, Debug, Default)]
pub struct Written(Arc<Mutex<HashMap<(&'static str, Key), String>>>);

impl Written {
    /// A write turned `before` into `after`.
    pub fn replaced(&self, kind: &'static str, key: Key, before: &ObjectMeta, after: &ObjectMeta) {
        // A write that changed nothing makes no news, so there is nothing to wait for.
        if let Some(version) = before.resource_version.clone().filter(|_| before.resource_version != after.resource_version) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((kind, key), version);
        }
    }

    /// Whether the cache still shows the version that was replaced.
    pub fn is_behind(&self, kind: &'static str, key: &Key, cached: Option<&str>) -> bool {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = (kind, key.clone());
        match written.get(&entry) {
            None => false,
            Some(replaced) if Some(replaced.as_str()) == cached => true,
            Some(_) => {
                written.remove(&entry);
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(version: &str) -> ObjectMeta {
        ObjectMeta { resource_version: Some(version.to_owned()), ..ObjectMeta::default() }
    }

    #[test]
    fn an_old_version_is_known_until_another_is_seen() {
        let (written, key) = (Written::default(), Key::new("dev", "shop"));
        assert!(!written.is_behind("Service", &key, Some("1")));
        written.replaced("Service", key.clone(), &version("1"), &version("2"));
        assert!(written.is_behind("Service", &key, Some("1")));
        assert!(!written.is_behind("Route", &key, Some("1")), "of another kind");
        assert!(!written.is_behind("Service", &key, Some("3")), "whatever came after is newer");
        assert!(written.0.lock().unwrap().is_empty(), "and then it is forgotten");
        written.replaced("Service", key.clone(), &version("4"), &version("4"));
        assert!(!written.is_behind("Service", &key, Some("4")), "nothing was changed");
        written.replaced("Service", key.clone(), &version("4"), &version("5"));
        assert!(!written.is_behind("Service", &key, None), "the object is gone");
        assert!(written.0.lock().unwrap().is_empty());
    }
}
