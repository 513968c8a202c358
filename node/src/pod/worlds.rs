//! The containers that run, for those who want to run something beside them or to reach their ports.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use ebb_plumbing::{CancellationToken, Key};
use k8s_openapi::api::core::v1::Pod;
use parking_lot::Mutex;

use super::commands::Setting;

/// A running container's surroundings.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub pod: Arc<Pod>,
    pub setting: Arc<Setting>,
    /// The file by which a process enters its cgroup, if it has one.
    pub entrance: Option<PathBuf>,
    /// Cancelled when its process has ended.
    pub over: CancellationToken,
}

type Containers = HashMap<Key, Vec<(String, World)>>;

/// All of them. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Worlds(Arc<Mutex<Containers>>);

/// A world that is known for as long as this lives.
#[derive(Debug)]
pub(crate) struct Inhabited {
    worlds: Worlds,
    key: Key,
    container: String,
    over: CancellationToken,
}

impl Worlds {
    /// Makes a world known.
    pub(crate) fn enter(&self, container: &str, world: World) -> Inhabited {
        let (key, over) = (Key::of(world.pod.as_ref()), world.over.clone());
        self.0.lock().entry(key.clone()).or_default().push((container.to_owned(), world));
        Inhabited { worlds: self.clone(), key, container: container.to_owned(), over }
    }

    /// The world of a container.
    pub(crate) fn find(&self, pod: &Key, container: &str) -> Option<World> {
        let worlds = self.0.lock();
        worlds.get(pod)?.iter().find(|(name, _)| name == container).map(|(_, world)| world.clone())
    }

    /// The pod, if one of its containers runs.
    pub(crate) fn pod(&self, pod: &Key) -> Option<Arc<Pod>> {
        self.0.lock().get(pod)?.first().map(|(_, world)| world.pod.clone())
    }
}

impl Drop for Inhabited {
    fn drop(&mut self) {
        self.over.cancel();
        let mut worlds = self.worlds.0.lock();
        let Some(containers) = worlds.get_mut(&self.key) else { return };
        // A pod of the same name may already have come; what was cancelled is ours.
        containers.retain(|(name, world)| *name != self.container || !world.over.is_cancelled());
        if containers.is_empty() {
            worlds.remove(&self.key);
        }
    }
}
