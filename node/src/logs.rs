//! What containers print: captured with time stamps in files under the data directory, bounded, kept for a while after
//! the pod is gone, and read back with `tail`, `since`, `follow` and so on.
//!
//! An application is never stopped by its log: when the disk is slow or full, lines are dropped and the gap is marked.
//! Nothing here knows how pods come and go; the node says when a container starts anew and when a pod is gone.

mod capture;
mod files;
mod read;
mod retention;
#[cfg(test)]
mod tests;
mod writer;

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::BoxStream;
use jiff::Timestamp;
use parking_lot::Mutex;
use prometheus_client::metrics::counter::Counter;
use tokio::sync::{mpsc, oneshot, watch};

pub use capture::{Captured, capture};
pub use files::PodRecord;
pub use retention::gone;

/// Chunks that wait for the disk. A chunk is at most 8 KiB of output, which is at worst (empty lines) 270 KiB with its
/// time stamps: 64 of them bound the memory to 17 MiB, and normally to half a MiB.
const LINE: usize = 64;

/// What is asked of a log. The fields are those of Kubernetes' `PodLogOptions`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Go on with what is printed from now on, until the container's pod is gone.
    pub follow: bool,
    /// Only the last lines.
    pub tail_lines: Option<u64>,
    /// Only lines from this time on.
    pub since: Option<Timestamp>,
    /// The container's life before its last restart.
    pub previous: bool,
    /// At most so many bytes of answer.
    pub limit_bytes: Option<u64>,
    /// Every line begins with its time.
    pub timestamps: bool,
}

/// Why a log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// There is no such pod, or no such container in it, or it has printed nothing before it was forgotten.
    #[error("there are no logs of container {container:?} in pod {pod:?}")]
    NotFound {
        /// The pod's name.
        pod: String,
        /// The container's name.
        container: String,
    },
    /// The container was never restarted.
    #[error("previous terminated container {container:?} in pod {pod:?} not found")]
    NoPrevious {
        /// The pod's name.
        pod: String,
        /// The container's name.
        container: String,
    },
    /// The files cannot be read.
    #[error("the log files cannot be read")]
    Io(#[from] io::Error),
}

/// How far a log has come. Readers that follow wait for a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Progress {
    /// Grows whenever a new file is begun.
    file: u64,
    /// Bytes in the current file.
    length: u64,
    /// Nothing will be added any more.
    closed: bool,
}

/// The log of one container of one pod.
#[derive(Debug)]
struct Log {
    paths: files::Paths,
    record: PodRecord,
    progress: watch::Sender<Progress>,
    /// The file being written; only the writer's thread takes it.
    open: Mutex<writer::Open>,
}

enum Order {
    Append(Arc<Log>, Vec<u8>),
    /// The container starts anew: what it printed so far becomes its previous run.
    Restart(Arc<Log>),
    /// The pod is gone: its logs count among those that are kept for a while.
    Retire(Vec<Arc<Log>>, PathBuf),
    Flush(oneshot::Sender<()>),
}

/// Identity of a container: namespace, pod, container.
type Name = (String, String, String);

#[derive(Debug)]
struct Inner {
    root: PathBuf,
    logs: Mutex<HashMap<Name, Arc<Log>>>,
    orders: mpsc::Sender<Order>,
    dropped: Counter,
}

/// All logs of a data directory. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Logs(Arc<Inner>);

impl Logs {
    /// The logs under `root`. Starts the thread that writes files; what earlier runs left there counts as logs of pods
    /// that are gone.
    ///
    /// # Errors
    /// When the directory cannot be made or read, or the thread cannot be started.
    pub fn open(root: impl Into<PathBuf>) -> io::Result<Self> {
        let root = root.into();
        std::fs::create_dir_all(&root)?;
        let kept = retention::Kept::find(&root)?;
        let (orders, inbox) = mpsc::channel(LINE);
        std::thread::Builder::new().name("ebb-logs".into()).spawn(move || writer::serve(inbox, kept))?;
        Ok(Self(Arc::new(Inner { root, logs: Mutex::default(), orders, dropped: Counter::default() })))
    }

    /// Where the files are.
    pub fn root(&self) -> &Path {
        &self.0.root
    }

    /// Lines that were dropped because the disk was slow or full.
    pub fn dropped(&self) -> &Counter {
        &self.0.dropped
    }

    /// Opens the log of a container. No file is made before something is printed.
    pub fn container(&self, record: &PodRecord, container: &str) -> Sink {
        let paths = files::Paths::new(&self.0.root, &record.namespace, &record.name, container);
        let log = Arc::new(Log { paths, record: record.clone(), progress: watch::Sender::default(), open: Mutex::default() });
        let name = (record.namespace.clone(), record.name.clone(), container.to_owned());
        self.0.logs.lock().insert(name, log.clone());
        Sink { log, orders: self.0.orders.clone(), dropped: self.0.dropped.clone() }
    }

    /// The pod is gone: readers that follow come to an end, and its files are removed when newer ones need the room.
    pub async fn retire(&self, namespace: &str, pod: &str) {
        let mut retired = Vec::new();
        self.0.logs.lock().retain(|(of_namespace, of_pod, _), log| {
            let stays = of_namespace != namespace || of_pod != pod;
            if !stays {
                retired.push(log.clone());
            }
            stays
        });
        if !retired.is_empty() {
            let directory = files::pod_directory(&self.0.root, namespace, pod);
            // The thread is gone only when the process is ending.
            let _ = self.0.orders.send(Order::Retire(retired, directory)).await;
        }
    }

    /// Waits until everything handed over so far is in the files.
    pub async fn flush(&self) {
        let (done, waits) = oneshot::channel();
        if self.0.orders.send(Order::Flush(done)).await.is_ok() {
            let _ = waits.await;
        }
    }

    /// Reads a container's log, also of a pod that is gone.
    ///
    /// # Errors
    /// See [`LogError`].
    pub async fn read(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
        query: Query,
    ) -> Result<BoxStream<'static, io::Result<Bytes>>, LogError> {
        self.flush().await;
        let name = (namespace.to_owned(), pod.to_owned(), container.to_owned());
        let log = self.0.logs.lock().get(&name).cloned();
        let paths = files::Paths::new(&self.0.root, namespace, pod, container);
        let progress = log.map(|log| log.progress.subscribe());
        read::open(paths, progress, query).await.map_err(|error| match error {
            read::OpenError::Nothing => LogError::NotFound { pod: pod.into(), container: container.into() },
            read::OpenError::NoPrevious => LogError::NoPrevious { pod: pod.into(), container: container.into() },
            read::OpenError::Io(error) => LogError::Io(error),
        })
    }

    /// What is known of a pod, living or gone, from its logs: its containers, the serving one first, for whoever asks for
    /// a pod's log without naming one.
    pub fn record(&self, namespace: &str, pod: &str) -> Option<PodRecord> {
        let logs = self.0.logs.lock();
        let living = logs.iter().find(|((of_namespace, of_pod, _), _)| of_namespace == namespace && of_pod == pod);
        match living {
            Some((_, log)) => Some(log.record.clone()),
            None => PodRecord::read(&files::pod_directory(&self.0.root, namespace, pod)).ok(),
        }
    }

    /// Pods that are gone and whose logs are still kept, oldest first, with the labels they had.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn gone(&self, namespace: &str, labels: &BTreeMap<String, String>) -> io::Result<Vec<PodRecord>> {
        let living = self.0.logs.lock();
        let mut gone = retention::gone(&self.0.root, namespace, labels)?;
        gone.retain(|record| !living.keys().any(|(of_namespace, pod, _)| *of_namespace == record.namespace && *pod == record.name));
        Ok(gone)
    }
}

/// Where the output of one container goes.
#[derive(Clone, Debug)]
pub struct Sink {
    log: Arc<Log>,
    orders: mpsc::Sender<Order>,
    dropped: Counter,
}

impl Sink {
    /// The container starts anew: what it printed so far becomes its previous run.
    pub async fn restarted(&self) {
        let _ = self.orders.send(Order::Restart(self.log.clone())).await;
    }
}
