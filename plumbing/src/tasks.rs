//! Supervised tasks: every task has a name, and the first that ends unasked ends the process with its error.

use std::future::Future;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::BoxError;

/// How a task ended.
#[derive(Debug)]
pub struct Ended {
    /// The task's name.
    pub name: &'static str,
    /// Its error, if it ended with one.
    pub error: Option<BoxError>,
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.error {
            Some(error) => write!(f, "{} failed: {error}", self.name),
            None => write!(f, "{} ended although nobody asked it to", self.name),
        }
    }
}

/// Spawns tasks on behalf of a [`Supervisor`]. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Tasks {
    tracker: TaskTracker,
    ended: mpsc::UnboundedSender<Ended>,
    shutdown: CancellationToken,
}

/// Owns the tasks of a process.
#[derive(Debug)]
pub struct Supervisor {
    tasks: Tasks,
    ended: mpsc::UnboundedReceiver<Ended>,
}

impl Tasks {
    /// Spawns a task that should run until shutdown. If it ends earlier, or with an error, the supervisor hears of it.
    pub fn spawn<F, E>(&self, name: &'static str, task: F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<BoxError> + 'static,
    {
        let ended = self.ended.clone();
        let inner = self.tracker.spawn(task_errors(task));
        // The outer task only reports, so that a panic of the inner one is heard too.
        self.tracker.spawn(async move {
            let error = match inner.await {
                Ok(result) => result.err(),
                Err(join) => Some(join.into()),
            };
            // The receiver is gone only when the process is already ending.
            let _ = ended.send(Ended { name, error });
        });
    }

    /// Spawns a short-lived task, such as one connection: it may end at any time, and shutdown waits for it.
    pub fn spawn_short(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn(task);
    }

    /// Cancelled when the process is to drain.
    pub fn shutdown(&self) -> &CancellationToken {
        &self.shutdown
    }
}

async fn task_errors<F, E>(task: F) -> Result<(), BoxError>
where
    F: Future<Output = Result<(), E>>,
    E: Into<BoxError>,
{
    task.await.map_err(Into::into)
}

impl Supervisor {
    /// A supervisor whose tasks drain when `shutdown` is cancelled.
    pub fn new(shutdown: CancellationToken) -> Self {
        let (sender, ended) = mpsc::unbounded_channel();
        Self { tasks: Tasks { tracker: TaskTracker::new(), ended: sender, shutdown }, ended }
    }

    /// The handle that spawns.
    pub fn tasks(&self) -> Tasks {
        self.tasks.clone()
    }

    /// Waits until a task ends unasked, or until shutdown is asked for (`None`).
    pub async fn first_end(&mut self) -> Option<Ended> {
        tokio::select! {
            biased;
            () = self.tasks.shutdown.cancelled() => None,
            ended = self.ended.recv() => ended,
        }
    }

    /// Cancels the shutdown token and waits for every task.
    pub async fn drain(self) {
        self.tasks.shutdown.cancel();
        self.tasks.tracker.close();
        self.tasks.tracker.wait().await;
    }
}
