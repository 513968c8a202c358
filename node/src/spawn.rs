//! Starts processes and knows all that run: one dedicated thread spawns, because the death signal that keeps a process
//! from outliving Ebb is bound to the thread that spawned it.
//!
//! This module must not know pods; it knows programs, process groups and exits.

mod lookup;
mod process;
mod sweep;
mod sys;
mod terminal;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

pub use lookup::{LookupError, find_program};
pub use process::{Exit, Process};
pub use sweep::{Marked, marked, sweep, sweep_session};
pub use sys::{Bind, Failure, Launch, Stage};
pub use terminal::Terminal;

/// Environment variable that names the pod a process belongs to.
pub const POD_UID_VARIABLE: &str = "EBB_POD_UID";
/// Environment variable that names the data directory (Ebb's identity on this machine) a process belongs to.
pub const INSTANCE_VARIABLE: &str = "EBB_INSTANCE";

/// Spawns wait in this line; each takes well under a millisecond, and 1,024 are more than the pods a machine starts at once.
const LINE: usize = 1_024;

enum Order {
    Spawn(Box<Launch>, oneshot::Sender<Result<sys::Child, Failure>>),
    /// A process that was abandoned while it ran: it is killed already, and its exit status must be taken.
    Bury(OwnedFd, Pid),
}

/// Process groups that run; shared between the spawner and the processes it handed out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Living(Arc<Mutex<HashSet<i32>>>);

impl Living {
    fn add(&self, pid: Pid) {
        self.0.lock().insert(pid.as_raw());
    }

    /// Takes the exit status with `reap` while nobody else may signal the group: afterwards its number can be reused.
    fn remove<T>(&self, pid: Pid, reap: impl FnOnce() -> T) -> T {
        let mut living = self.0.lock();
        let taken = reap();
        living.remove(&pid.as_raw());
        taken
    }

    /// Signals the group, if its leader's exit status was not taken yet.
    fn signal(&self, pid: Pid, signal: Signal) -> Result<(), Errno> {
        let living = self.0.lock();
        if !living.contains(&pid.as_raw()) {
            return Err(Errno::ESRCH);
        }
        killpg(pid, signal)
    }

    /// Whether the process is one of ours whose exit status someone will take.
    pub(crate) fn contains(&self, pid: Pid) -> bool {
        self.0.lock().contains(&pid.as_raw())
    }
}

/// Starts processes. Cheap to clone; the thread ends with the last clone, and the processes it started with it.
#[derive(Clone, Debug)]
pub struct Spawner {
    orders: mpsc::Sender<Order>,
    living: Living,
}

/// Why a process could not be started.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// The operating system refused.
    #[error("{0}")]
    Failed(Failure),
    /// The spawning thread is gone: Ebb is ending.
    #[error("processes are no longer started: ebb is ending")]
    Ending,
    /// The exit of the process cannot be waited for.
    #[error("the exit of the process cannot be watched")]
    Watch(#[source] std::io::Error),
}

impl Spawner {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the thread cannot be started or `/dev/null` cannot be opened.
    pub fn start() -> std::io::Result<Self> {
        let null = std::fs::OpenOptions::new().read(true).open("/dev/null")?;
        let (orders, inbox) = mpsc::channel(LINE);
        let living = Living::default();
        let known = living.clone();
        std::thread::Builder::new().name("ebb-spawn".into()).spawn(move || serve(inbox, &null.into(), &known))?;
        Ok(Self { orders, living })
    }

    /// Starts a process in a process group of its own.
    ///
    /// # Errors
    /// See [`SpawnError`].
    pub async fn spawn(&self, launch: Launch) -> Result<Process, SpawnError> {
        let (reply, answer) = oneshot::channel();
        self.orders.send(Order::Spawn(Box::new(launch), reply)).await.map_err(|_| SpawnError::Ending)?;
        let child = answer.await.map_err(|_| SpawnError::Ending)?.map_err(SpawnError::Failed)?;
        Process::new(child, self.living.clone(), self.orders.clone()).map_err(SpawnError::Watch)
    }

    /// Kills every process group at once, without waiting. For the second signal, when nothing may take time any more.
    pub fn kill_all(&self) {
        for pid in self.living.0.lock().iter() {
            // It may have ended on its own.
            let _ = killpg(Pid::from_raw(*pid), Signal::SIGKILL);
        }
    }

    /// The number of processes that run.
    pub fn running(&self) -> usize {
        self.living.0.lock().len()
    }

    pub(crate) fn living(&self) -> Living {
        self.living.clone()
    }
}

fn serve(mut inbox: mpsc::Receiver<Order>, null: &OwnedFd, living: &Living) {
    let mut stage = match sys::Stagehand::new() {
        Ok(stage) => stage,
        Err(error) => {
            tracing::error!(%error, "the thread that starts processes could not block its signals");
            return;
        }
    };
    while let Some(order) = inbox.blocking_recv() {
        match order {
            Order::Spawn(launch, reply) => {
                let spawned = stage.spawn(&launch, null);
                if let Ok(child) = &spawned {
                    living.add(child.pid);
                }
                if let Err(Ok(child)) = reply.send(spawned) {
                    // Whoever asked has gone: nobody would ever end this process.
                    let _ = living.signal(child.pid, Signal::SIGKILL);
                    living.remove(child.pid, || process::reap(&child.pidfd));
                }
            }
            Order::Bury(pidfd, pid) => {
                process::wait_for_end(&pidfd);
                living.remove(pid, || process::reap(&pidfd));
            }
        }
    }
}
