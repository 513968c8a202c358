//! Which logs of pods that are gone are kept: the newest, bounded in number and in bytes.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::files::{self, PodRecord};

/// Pods that are gone and whose logs are kept. A service that wakes every minute is remembered for hours.
const PODS: usize = 500;
/// Bytes of logs of pods that are gone: six of the largest possible logs (three parts and a previous one of 10 MiB
/// each), or half a MiB for each of [`PODS`].
const BYTES: u64 = 256 * 1024 * 1024;

/// Directories of pods that are gone, oldest first.
#[derive(Debug, Default)]
pub(super) struct Kept {
    directories: VecDeque<(PathBuf, u64)>,
    bytes: u64,
}

impl Kept {
    /// Takes stock of what earlier runs left.
    pub(super) fn find(root: &Path) -> io::Result<Self> {
        let mut found = Vec::new();
        for namespace in std::fs::read_dir(root)? {
            let Ok(pods) = std::fs::read_dir(namespace?.path()) else { continue };
            for pod in pods {
                let pod = pod?;
                let changed = pod.metadata().and_then(|metadata| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
                found.push((changed, pod.path()));
            }
        }
        found.sort();
        let mut kept = Self::default();
        found.into_iter().for_each(|(_, directory)| kept.add(directory));
        Ok(kept)
    }

    /// Adds the pod that has gone last. One that printed nothing has no directory.
    pub(super) fn add(&mut self, directory: PathBuf) {
        if let Ok(bytes) = size(&directory) {
            self.bytes += bytes;
            self.directories.push_back((directory, bytes));
        }
    }

    /// Removes the oldest until the bounds hold.
    pub(super) fn trim(&mut self) {
        while self.directories.len() > PODS || self.bytes > BYTES {
            let Some((directory, bytes)) = self.directories.pop_front() else { return };
            self.bytes -= bytes;
            if let Err(error) = std::fs::remove_dir_all(&directory)
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(directory = %directory.display(), %error, "old logs cannot be removed");
            }
        }
    }
}

fn size(directory: &Path) -> io::Result<u64> {
    std::fs::read_dir(directory)?.map(|entry| Ok(entry?.metadata()?.len())).sum()
}

/// The pods in `namespace` that have all of `labels` and whose logs are under `root`, oldest first. Reads files only, so
/// that it works without a running node.
///
/// # Errors
/// When the directory cannot be read.
pub fn gone(root: &Path, namespace: &str, labels: &BTreeMap<String, String>) -> io::Result<Vec<PodRecord>> {
    let directory = files::pod_directory(root, namespace, "x");
    let entries = match std::fs::read_dir(directory.parent().unwrap_or(root)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found: Vec<PodRecord> = entries.filter_map(|entry| PodRecord::read(&entry.ok()?.path()).ok()).collect();
    found.retain(|record| labels.iter().all(|(key, value)| record.labels.get(key) == Some(value)));
    found.sort_by(|one, other| (&one.created, &one.name).cmp(&(&other.created, &other.name)));
    Ok(found)
}
