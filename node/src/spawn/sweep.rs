//! Finds and kills processes by the mark in their environment: what an earlier life of the same data directory left
//! behind, and what escaped from its process group.

use std::collections::BTreeSet;
use std::io;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{INSTANCE_VARIABLE, POD_UID_VARIABLE};

/// A killed process is gone within milliseconds; only one stuck in the kernel takes longer, and waiting would not help it.
const PATIENCE: Duration = Duration::from_secs(3);

/// A process that carries our mark.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Marked {
    /// Its process id.
    pub pid: i32,
    /// The pod it was started for.
    pub pod_uid: String,
}

/// All living processes that were started for `instance`, ourselves excepted. Processes of other users are invisible.
///
/// # Errors
/// When `/proc` cannot be read.
pub fn marked(instance: &str) -> io::Result<Vec<Marked>> {
    let own = std::process::id();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        if pid == own {
            continue;
        }
        // A process that ended meanwhile, a zombie, or one of another user: not ours to kill.
        let Ok(environment) = std::fs::read(format!("/proc/{pid}/environ")) else { continue };
        if let (Some(pod_uid), Ok(pid)) = (mark(&environment, instance), i32::try_from(pid)) {
            found.push(Marked { pid, pod_uid });
        }
    }
    Ok(found)
}

/// The pod's uid, if the environment is marked as `instance`'s.
fn mark(environment: &[u8], instance: &str) -> Option<String> {
    let value = |name: &str| environment.split(|byte| *byte == 0).find_map(|entry| entry.strip_prefix(name.as_bytes())?.strip_prefix(b"="));
    if value(INSTANCE_VARIABLE)? != instance.as_bytes() {
        return None;
    }
    Some(String::from_utf8_lossy(value(POD_UID_VARIABLE).unwrap_or_default()).into_owned())
}

/// Kills every process of a session that belongs to the pod `uid` of `instance`. Its leader's exit status must not have been
/// taken yet, or the session's number could be another's. Blocks.
///
/// # Errors
/// When `/proc` cannot be read.
pub fn sweep_session(session: i32, instance: &str, uid: &str) -> io::Result<()> {
    let in_session = |pid: i32| nix::unistd::getsid(Some(Pid::from_raw(pid))).is_ok_and(|sid| sid.as_raw() == session);
    for process in marked(instance)?.into_iter().filter(|process| process.pod_uid == uid && in_session(process.pid)) {
        // It may have ended on its own.
        let _ = kill(Pid::from_raw(process.pid), Signal::SIGKILL);
    }
    Ok(())
}

/// Kills every process of `instance` whose pod is not to be `kept`, again and again until none is left: a process may
/// have started another while it was looked for. Blocks. Returns how many were killed.
///
/// # Errors
/// When `/proc` cannot be read, or some process survived.
pub fn sweep(instance: &str, kept: impl Fn(&str) -> bool) -> io::Result<usize> {
    let deadline = Instant::now() + PATIENCE;
    let mut killed = BTreeSet::new();
    loop {
        let mut left = marked(instance)?;
        left.retain(|process| !kept(&process.pod_uid));
        if left.is_empty() {
            return Ok(killed.len());
        }
        for process in &left {
            // It may have ended on its own.
            let _ = kill(Pid::from_raw(process.pid), Signal::SIGKILL);
            killed.insert(process.pid);
        }
        if Instant::now() > deadline {
            let pids: Vec<String> = left.iter().map(|process| process.pid.to_string()).collect();
            return Err(io::Error::other(format!("processes of an earlier run cannot be killed: {}", pids.join(", "))));
        }
        // The kernel tells only a parent when a process has ended, and these are not our children.
        std::thread::sleep(Duration::from_millis(1));
    }
}
