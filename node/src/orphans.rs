//! Takes the exit status of processes that became ours because their parents died. Only needed where Ebb is process 1,
//! as in a container: everywhere else the machine's own init does it, and Ebb does not make itself a "subreaper", so
//! that nobody else's children in this process can be mistaken for strays.

use ebb_plumbing::{BoxError, CancellationToken};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use tokio::signal::unix::{SignalKind, signal};

use crate::spawn::Living;

/// Reaps until shutdown. Does nothing unless Ebb is process 1.
pub(crate) async fn reap(living: Living, shutdown: CancellationToken) -> Result<(), BoxError> {
    if std::process::id() != 1 {
        shutdown.cancelled().await;
        return Ok(());
    }
    let mut child = signal(SignalKind::child())?;
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            _ = child.recv() => {}
        }
        // One of our own that has just ended hides the others until its owner has taken its status, which is when the
        // next signal, or its own end, brings us back here.
        while let Some(pid) = next_dead().filter(|pid| !living.contains(*pid)) {
            // Somebody else in this process may have been faster.
            let _ = waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG);
        }
    }
}

/// A child that has ended, without taking its status.
fn next_dead() -> Option<Pid> {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    match waitid(Id::All, flags) {
        Ok(WaitStatus::Exited(pid, _) | WaitStatus::Signaled(pid, _, _)) => Some(pid),
        _ => None,
    }
}
