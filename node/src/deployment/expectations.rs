//! What was written but is not in the watch cache yet: pods just made count, pods just deleted do not.
//!
//! Without it, a reconcile that runs before the watch has caught up would make the same pods again.

use std::collections::HashMap;
use std::sync::Arc;

use ebb_plumbing::Key;
use k8s_openapi::api::core::v1::Pod;
use parking_lot::Mutex;

#[derive(Debug, Default)]
struct State {
    /// Pods being made, by the uid of their Deployment.
    making: HashMap<String, HashMap<Key, Pod>>,
    /// Pods whose deletion was asked for, until the watch shows it.
    deleting: HashMap<Key, String>,
}

/// The pods whose writes are under way. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Expectations(Arc<Mutex<State>>);

impl Expectations {
    /// Before the pod is created.
    pub(super) fn making(&self, owner: &str, pod: &Pod) {
        self.0.lock().making.entry(owner.to_owned()).or_default().insert(Key::of(pod), pod.clone());
    }

    /// Creating it failed, or the watch has shown it.
    pub(super) fn made(&self, owner: &str, key: &Key) {
        let mut state = self.0.lock();
        if let Some(making) = state.making.get_mut(owner) {
            making.remove(key);
            if making.is_empty() {
                state.making.remove(owner);
            }
        }
    }

    /// Before the pod is deleted. `uid` keeps it apart from a later pod of the same name.
    pub(super) fn deleting(&self, key: Key, uid: &str) {
        self.0.lock().deleting.insert(key, uid.to_owned());
    }

    /// Deleting it failed, or the watch has shown it.
    pub(super) fn deleted(&self, key: &Key) {
        self.0.lock().deleting.remove(key);
    }

    /// Pods that are being made for this Deployment.
    pub(super) fn unseen(&self, owner: &str) -> Vec<Pod> {
        self.0.lock().making.get(owner).into_iter().flat_map(|making| making.values().cloned()).collect()
    }

    /// Whether the pod's deletion was asked for.
    pub(super) fn is_going(&self, pod: &Pod) -> bool {
        self.0.lock().deleting.get(&Key::of(pod)).is_some_and(|uid| Some(uid) == pod.metadata.uid.as_ref())
    }
}
