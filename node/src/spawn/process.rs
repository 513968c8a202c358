//! A process that runs: waiting for its exit without signals or threads, signalling its whole group, taking its exit
//! status only after the group is dead.

use std::os::fd::{AsFd, OwnedFd};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use tokio::io::unix::AsyncFd;
use tokio::sync::mpsc;

use super::{Living, Order, sys};

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It exited with a code.
    Code(i32),
    /// A signal killed it.
    Signal(i32),
}

impl Exit {
    /// The code as a shell and Kubernetes give it: 128 plus the signal for killed processes.
    pub const fn code(self) -> i32 {
        match self {
            Self::Code(code) => code,
            Self::Signal(signal) => 128 + signal,
        }
    }
}

/// A process of ours, the leader of its process group. Dropping it kills the group.
#[derive(Debug)]
pub struct Process {
    pid: Pid,
    /// `None` once the exit status was taken.
    pidfd: Option<AsyncFd<OwnedFd>>,
    living: Living,
    orders: mpsc::Sender<Order>,
}

impl Process {
    pub(super) fn new(child: sys::Child, living: Living, orders: mpsc::Sender<Order>) -> std::io::Result<Self> {
        let mut process = Self { pid: child.pid, pidfd: None, living, orders };
        // When this fails, the child is killed here and its status is never taken; ebb itself is out of descriptors then.
        process.pidfd = Some(sys::watchable(child.pidfd).inspect_err(|_| {
            let _ = process.living.signal(process.pid, Signal::SIGKILL);
        })?);
        Ok(process)
    }

    /// The process id, which is also the id of its group.
    pub const fn pid(&self) -> i32 {
        self.pid.as_raw()
    }

    /// Signals the whole group. A group that is gone already is no error.
    pub fn signal(&self, signal: Signal) {
        // ESRCH: it ended. EPERM cannot be: every process of the group descends from ours, or is beyond our reach anyway.
        let _ = self.living.signal(self.pid, signal);
    }

    /// Waits until the leader has ended, and leaves everything as it is. Cancel safe.
    pub async fn finished(&self) {
        if let Some(pidfd) = &self.pidfd {
            // The descriptor stays readable; an error means that it cannot be waited for.
            let _ = pidfd.readable().await;
        }
    }

    /// Waits until the leader has ended, kills what is left of its group, and takes the exit status.
    ///
    /// The order matters: until the status is taken, the group's number cannot be given to anybody else.
    /// Cancel safe; once it has returned, it returns the same again.
    pub async fn ended(&mut self) -> Exit {
        let Some(pidfd) = &self.pidfd else { return Exit::Signal(0) };
        // The descriptor becomes readable when the process ends and stays so. An error means that it cannot be waited for.
        let _ = pidfd.readable().await;
        let _ = self.living.signal(self.pid, Signal::SIGKILL);
        let exit = self.living.remove(self.pid, || reap(pidfd.get_ref()));
        self.pidfd = None;
        exit
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(pidfd) = self.pidfd.take() {
            let _ = self.living.signal(self.pid, Signal::SIGKILL);
            // If the line is full or gone, the zombie lasts until ebb ends: a number, nothing more.
            let _ = self.orders.try_send(Order::Bury(pidfd.into_inner(), self.pid));
        }
    }
}

/// Takes the exit status of a process that has ended.
pub(super) fn reap(pidfd: &OwnedFd) -> Exit {
    loop {
        match waitid(Id::PIDFd(pidfd.as_fd()), WaitPidFlag::WEXITED) {
            Ok(WaitStatus::Exited(_, code)) => return Exit::Code(code),
            Ok(WaitStatus::Signaled(_, signal, _)) => return Exit::Signal(signal as i32),
            Err(nix::errno::Errno::EINTR) => {}
            // Not our child any more: someone else in this process took the status.
            Ok(_) | Err(_) => return Exit::Signal(0),
        }
    }
}

/// Blocks until the process has ended.
pub(super) fn wait_for_end(pidfd: &OwnedFd) {
    while matches!(poll(&mut [PollFd::new(pidfd.as_fd(), PollFlags::POLLIN)], PollTimeout::NONE), Err(nix::errno::Errno::EINTR)) {}
}
