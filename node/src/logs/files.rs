//! Names of log files: `ROOT/NAMESPACE/POD/CONTAINER.log`, older parts as `.log.1`, `.log.2`, and beside them
//! `pod.json`, which remembers whose they are when the pod itself is forgotten.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Older parts that are kept of a log. With the current one that is three times [`PART`], the figure of Kubernetes'
/// container log rotation being five; the logs of a machine's every pod must fit beside its work.
pub(super) const OLDER: u32 = 2;
/// A log file is set aside at this size (Kubernetes' `containerLogMaxSize`).
pub(super) const PART: u64 = 10 * 1024 * 1024;
/// File with the [`PodRecord`].
const RECORD: &str = "pod.json";

/// Whose logs these are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodRecord {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's name.
    pub name: String,
    /// The pod's uid.
    pub uid: String,
    /// The pod's labels.
    pub labels: BTreeMap<String, String>,
    /// Its containers, the serving one first.
    pub containers: Vec<String>,
    /// When the pod was created, RFC 3339.
    pub created: String,
}

impl PodRecord {
    /// Reads the record in a pod's directory.
    pub(super) fn read(directory: &Path) -> io::Result<Self> {
        let text = std::fs::read(directory.join(RECORD))?;
        serde_json::from_slice(&text).map_err(io::Error::other)
    }

    pub(super) fn write(&self, directory: &Path) -> io::Result<()> {
        std::fs::write(directory.join(RECORD), serde_json::to_vec(self).map_err(io::Error::other)?)
    }
}

/// The directory of a pod's logs.
pub(super) fn pod_directory(root: &Path, namespace: &str, pod: &str) -> PathBuf {
    root.join(component(namespace)).join(component(pod))
}

/// Kubernetes' names are safe file names; anything else asked for must not lead out of the directory.
fn component(name: &str) -> String {
    let safe = name.replace(['/', '\0'], "_");
    if safe.is_empty() || safe.starts_with('.') { format!("_{safe}") } else { safe }
}

/// The files of one container's log.
#[derive(Clone, Debug)]
pub(super) struct Paths {
    pub directory: PathBuf,
    container: String,
}

impl Paths {
    pub(super) fn new(root: &Path, namespace: &str, pod: &str, container: &str) -> Self {
        Self { directory: pod_directory(root, namespace, pod), container: component(container) }
    }

    /// The file being written.
    pub(super) fn current(&self) -> PathBuf {
        self.directory.join(format!("{}.log", self.container))
    }

    /// The previous run of the container.
    pub(super) fn previous(&self) -> PathBuf {
        self.directory.join(format!("{}.previous.log", self.container))
    }

    /// An older part; 1 is the youngest of them.
    pub(super) fn older(&self, number: u32) -> PathBuf {
        self.directory.join(format!("{}.log.{number}", self.container))
    }

    /// Sets the current file aside.
    pub(super) fn rotate(&self) -> io::Result<()> {
        for number in (1..OLDER).rev() {
            rename_if_there(&self.older(number), &self.older(number + 1))?;
        }
        rename_if_there(&self.current(), &self.older(1))
    }

    /// Makes the current file the previous run, and forgets the older parts.
    pub(super) fn restart(&self) -> io::Result<()> {
        rename_if_there(&self.current(), &self.previous())?;
        for number in 1..=OLDER {
            match std::fs::remove_file(self.older(number)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

fn rename_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
