//! The one thread that writes to disk. Whatever waits when it comes back from a commit goes into the next one.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::{Condvar, Mutex};
use tokio::sync::watch;

use super::disk::Disk;

/// How long a row that nobody waits for may wait for company. It is what a crash may cost of status and scale.
const SOON: Duration = Duration::from_millis(250);
/// How long after a failed commit the next one is tried on behalf of rows that nobody waits for.
const RETRY: Duration = Duration::from_secs(5);

/// Why a write does not last. Nothing of it is visible anywhere.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct StorageError {
    /// Whether room is what lacks.
    pub full: bool,
    /// Why, for people.
    pub message: String,
}

impl StorageError {
    /// No version is reserved.
    pub fn no_versions() -> Self {
        Self { full: false, message: "no resourceVersion can be reserved on disk".into() }
    }

    /// The object is not one that the store can hold.
    pub fn unfit(error: &serde_json::Error) -> Self {
        Self { full: false, message: format!("metadata cannot be read: {error}") }
    }

    fn closed() -> Self {
        Self { full: false, message: "the server is shutting down".into() }
    }
}

/// What is to stand on disk for one object; without JSON, nothing.
#[derive(Clone, Debug)]
pub struct Row {
    /// Resource, as `PLURAL.GROUP`.
    pub resource: Arc<str>,
    /// Key of the object.
    pub key: Arc<str>,
    /// Its version.
    pub version: u64,
    /// Its JSON.
    pub json: Option<Bytes>,
}

/// Resource and key.
type Place = (Arc<str>, Arc<str>);

impl Row {
    fn place(&self) -> Place {
        (self.resource.clone(), self.key.clone())
    }
}

type Done = Box<dyn FnOnce(Result<(), StorageError>) + Send>;
type Reserved = Box<dyn FnOnce(u64) + Send>;

/// What waits. Both parts are bounded by the number of objects: an object has at most one write on its way, and at most
/// one row that is to be written soon.
#[derive(Default)]
struct Queue {
    now: Vec<(Row, Done)>,
    soon: HashMap<Place, Row>,
    soon_due: Option<Instant>,
    reserve: Option<(u64, Reserved)>,
    closing: bool,
}

/// The handle of the thread.
pub struct Writer {
    queue: Arc<(Mutex<Queue>, Condvar)>,
    thread: Mutex<Option<JoinHandle<()>>>,
    ended: Arc<watch::Sender<bool>>,
}

impl Writer {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(disk: Disk) -> std::io::Result<Self> {
        let queue = Arc::new((Mutex::new(Queue::default()), Condvar::new()));
        let ended = Arc::new(watch::Sender::new(false));
        let theirs = Ended { queue: queue.clone(), ended: ended.clone() };
        let thread = std::thread::Builder::new().name("apiserver-disk".into()).spawn(move || run(disk, &theirs))?;
        Ok(Self { queue, thread: Mutex::new(Some(thread)), ended })
    }

    /// Writes a row and calls back, on the writer's thread, when it lasts or cannot.
    pub fn now(&self, row: Row, done: Done) {
        {
            let mut queue = self.queue.0.lock();
            if !queue.closing {
                queue.now.push((row, done));
                self.queue.1.notify_one();
                return;
            }
        }
        done(Err(StorageError::closed()));
    }

    /// Writes a row within [`SOON`], in the place of an older one for the same object.
    pub fn soon(&self, row: Row) {
        let mut queue = self.queue.0.lock();
        let first = queue.soon.is_empty();
        queue.soon.insert(row.place(), row);
        if first {
            queue.soon_due.get_or_insert_with(|| Instant::now() + SOON);
            self.queue.1.notify_one();
        }
    }

    /// Notes that versions up to this one are reserved, and calls back when the disk knows.
    pub fn reserve(&self, up_to: u64, reserved: Reserved) {
        let mut queue = self.queue.0.lock();
        if queue.reserve.is_none() {
            queue.reserve = Some((up_to, reserved));
            queue.soon_due = Some(Instant::now());
            self.queue.1.notify_one();
        }
    }

    /// Writes what waits, notes the last version, and ends the thread. Blocks until that is done.
    pub fn close(&self, last: u64) {
        {
            let mut queue = self.queue.0.lock();
            queue.closing = true;
            queue.reserve = Some((last, Box::new(|_| {})));
            self.queue.1.notify_one();
        }
        if let Some(thread) = self.thread.lock().take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that writes to disk had panicked");
        }
    }

    /// Whether nothing more will be written.
    pub fn is_over(&self) -> bool {
        *self.ended.borrow() || self.queue.0.lock().closing
    }

    /// Waits until the thread has ended, asked or not.
    pub async fn ended(&self) {
        // The sender may be gone with the thread: that is the end, too.
        let _ = self.ended.subscribe().wait_for(|ended| *ended).await;
    }
}

/// What one commit takes.
struct Batch {
    now: Vec<(Row, Done)>,
    soon: HashMap<Place, Row>,
    reserve: Option<(u64, Reserved)>,
}

/// Says that the thread has ended, even if it panics, so that nobody waits for it in vain.
struct Ended {
    queue: Arc<(Mutex<Queue>, Condvar)>,
    ended: Arc<watch::Sender<bool>>,
}

impl Drop for Ended {
    fn drop(&mut self) {
        let left = {
            let mut queue = self.queue.0.lock();
            queue.closing = true;
            std::mem::take(&mut queue.now)
        };
        for (_, done) in left {
            done(Err(StorageError::closed()));
        }
        self.ended.send_replace(true);
    }
}

fn run(mut disk: Disk, ended: &Ended) {
    while let Some(batch) = next_batch(&ended.queue) {
        commit(&mut disk, batch, &ended.queue);
    }
}

/// Waits for work; `None` when there is none left and the server closes.
fn next_batch((queue, wake): &(Mutex<Queue>, Condvar)) -> Option<Batch> {
    let mut queue = queue.lock();
    loop {
        let due = queue.soon_due.is_some_and(|due| due <= Instant::now());
        let waiting = !queue.soon.is_empty() || queue.reserve.is_some();
        if !queue.now.is_empty() || (waiting && (due || queue.closing)) {
            queue.soon_due = None;
            return Some(Batch {
                now: std::mem::take(&mut queue.now),
                soon: std::mem::take(&mut queue.soon),
                reserve: queue.reserve.take(),
            });
        }
        if queue.closing {
            return None;
        }
        match queue.soon_due {
            Some(due) => {
                wake.wait_until(&mut queue, due);
            }
            None => wake.wait(&mut queue),
        }
    }
}

/// Commits a batch. Rows that are written soon go first: for the same object they are the older ones.
fn commit(disk: &mut Disk, batch: Batch, (queue, _): &(Mutex<Queue>, Condvar)) {
    let Batch { now, mut soon, reserve } = batch;
    let up_to = reserve.as_ref().map(|(up_to, _)| *up_to);
    let mut written = disk.write(soon.values().chain(now.iter().map(|(row, _)| row)), up_to);
    if let Err(error) = &written {
        tracing::error!(%error, full = error.full, rows = now.len() + soon.len(), "could not write to disk");
        if !soon.is_empty() && !now.is_empty() {
            // On a full disk, what nobody waits for must not be in the way of what somebody does: it may be a deletion.
            written = disk.write(now.iter().map(|(row, _)| row), up_to);
            if written.is_ok() {
                now.iter().for_each(|(row, _)| drop(soon.remove(&row.place())));
                put_back(&mut queue.lock(), std::mem::take(&mut soon), None);
            }
        }
    }
    match written {
        Ok(()) => {
            if let Some((up_to, reserved)) = reserve {
                reserved(up_to);
            }
            now.into_iter().for_each(|(_, done)| done(Ok(())));
        }
        Err(error) => {
            put_back(&mut queue.lock(), soon, reserve);
            now.into_iter().for_each(|(_, done)| done(Err(error.clone())));
        }
    }
}

/// Rows that nobody waits for are tried again later, unless there is a newer one by now. At the end they are given up.
fn put_back(queue: &mut Queue, soon: HashMap<Place, Row>, reserve: Option<(u64, Reserved)>) {
    if queue.closing {
        queue.soon.clear();
        return;
    }
    for (key, row) in soon {
        queue.soon.entry(key).or_insert(row);
    }
    if queue.reserve.is_none() {
        queue.reserve = reserve;
    }
    if !queue.soon.is_empty() || queue.reserve.is_some() {
        queue.soon_due = Some(Instant::now() + RETRY);
    }
}
