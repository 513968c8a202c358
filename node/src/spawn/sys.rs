//! The only unsafe code of this crate: clone, and what must happen in the child between clone and exec.
//!
//! The child shares the parent's memory and the parent's thread stands still until the child has called exec
//! (`CLONE_VM | CLONE_VFORK`, as glibc's posix_spawn does). A plain fork would copy the page tables of the whole process
//! and make every thread that serves requests fault on its own memory afterwards. Because the memory is shared, the child
//! must not allocate, lock, panic or return: it makes system calls and writes one error word.
#![expect(unsafe_code, reason = "clone and exec have no safe form that also sets the death signal without a full fork")]

use std::ffi::{CString, c_char, c_int, c_long, c_void};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicI32, Ordering};

use nix::errno::Errno;
use nix::libc;
use nix::sys::signal::{SigSet, SigmaskHow, sigprocmask};
use nix::unistd::{Gid, Pid, Uid};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// The child's own stack. It calls a dozen system calls and nothing else.
const STACK: usize = 64 * 1024;
/// Real-time signals end at 64 on Linux.
const SIGNALS: c_int = 64;
/// `CLOSE_RANGE_CLOEXEC`.
const CLOSE_ON_EXEC: c_long = 4;

/// A program to start. Paths are absolute; argument 0 is the first of `arguments`.
#[derive(Debug)]
pub struct Launch {
    /// The file to execute.
    pub program: CString,
    /// All arguments, with argument 0.
    pub arguments: Vec<CString>,
    /// `NAME=value` entries; nothing else is inherited.
    pub environment: Vec<CString>,
    /// Working directory.
    pub directory: CString,
    /// Becomes standard input; nothing to read when it is `None`.
    pub input: Option<OwnedFd>,
    /// Becomes standard output, and standard error unless that has a place of its own.
    pub output: OwnedFd,
    /// Becomes standard error.
    pub error: Option<OwnedFd>,
    /// `input` is a terminal, which the process gets for its own, with a session.
    pub terminal: bool,
    /// An open `cgroup.procs`: the child enters that cgroup before it executes the program.
    pub cgroup: Option<OwnedFd>,
    /// User and group to become.
    pub user: Option<(Uid, Gid)>,
    /// Set-user-id programs give no more rights than the process has (`allowPrivilegeEscalation: false`).
    pub no_new_privileges: bool,
}

/// A process that has executed its program.
#[derive(Debug)]
pub(super) struct Child {
    pub pid: Pid,
    pub pidfd: OwnedFd,
}

/// What failed before the program ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The process could not be created.
    Clone,
    /// The death signal or the process group could not be set.
    Group,
    /// The cgroup refused the process.
    Cgroup,
    /// User or group could not be set.
    User,
    /// Standard streams could not be connected.
    Streams,
    /// The working directory could not be entered.
    Directory,
    /// The program could not be executed.
    Execute,
}

/// A stage and the system's reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What failed.
    pub stage: Stage,
    /// Why.
    pub errno: Errno,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match self.stage {
            Stage::Clone => "cannot create a process",
            Stage::Group => "cannot set up the process group",
            Stage::Cgroup => "cannot enter the cgroup",
            Stage::User => "cannot become the user",
            Stage::Streams => "cannot connect the standard streams",
            Stage::Directory => "cannot enter the working directory",
            Stage::Execute => "cannot execute",
        };
        write!(f, "{what}: {}", self.errno.desc())
    }
}

impl Stage {
    const ALL: [Self; 7] = [Self::Clone, Self::Group, Self::Cgroup, Self::User, Self::Streams, Self::Directory, Self::Execute];

    const fn code(self) -> c_int {
        match self {
            Self::Clone => 0,
            Self::Group => 1,
            Self::Cgroup => 2,
            Self::User => 3,
            Self::Streams => 4,
            Self::Directory => 5,
            Self::Execute => 6,
        }
    }
}

/// Everything the child reads. Made ready by the parent, because the child must not allocate.
struct Script<'a> {
    launch: &'a Launch,
    arguments: Vec<*const c_char>,
    environment: Vec<*const c_char>,
    null: RawFd,
    parent: libc::pid_t,
    /// -1, or the code of the stage that failed.
    failed: AtomicI32,
    errno: AtomicI32,
}

/// Owns what is reused from spawn to spawn. Lives on the spawning thread and never leaves it.
pub(super) struct Stagehand {
    stack: Vec<u8>,
}

impl Stagehand {
    /// Blocks all signals on this thread: no handler may run in the child, which shares our memory.
    pub(super) fn new() -> Result<Self, Errno> {
        sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::all()), None)?;
        Ok(Self { stack: vec![0; STACK] })
    }

    /// Starts the program and returns once it is executing, or once it failed to.
    pub(super) fn spawn(&mut self, launch: &Launch, null: &OwnedFd) -> Result<Child, Failure> {
        let script = Script {
            launch,
            arguments: pointers(&launch.arguments),
            environment: pointers(&launch.environment),
            null: null.as_raw_fd(),
            parent: nix::unistd::getpid().as_raw(),
            failed: AtomicI32::new(-1),
            errno: AtomicI32::new(0),
        };
        let mut pidfd: RawFd = -1;
        let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD;
        let top = self.stack.as_mut_ptr_range().end as usize & !0xf;
        // SAFETY: the stack is ours, large enough and 16-byte aligned at its top. `script` outlives the call's use of it:
        // with CLONE_VFORK this thread does not go on before the child has executed a program or exited. The child
        // function only makes system calls. `pidfd` is where CLONE_PIDFD stores the descriptor.
        let pid = unsafe {
            libc::clone(
                perform,
                top as *mut c_void,
                flags,
                (&raw const script).cast_mut().cast::<c_void>(),
                (&raw mut pidfd).cast::<libc::pid_t>(),
            )
        };
        if pid < 0 {
            return Err(Failure { stage: Stage::Clone, errno: Errno::last() });
        }
        // SAFETY: clone succeeded with CLONE_PIDFD, so this is a fresh descriptor that nobody else owns.
        let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
        let code = script.failed.load(Ordering::Acquire);
        match Stage::ALL.into_iter().find(|stage| stage.code() == code) {
            None => Ok(Child { pid: Pid::from_raw(pid), pidfd }),
            Some(stage) => {
                super::process::reap(&pidfd);
                Err(Failure { stage, errno: Errno::from_raw(script.errno.load(Ordering::Acquire)) })
            }
        }
    }
}

/// A descriptor whose readiness tokio reports.
pub(super) fn watchable(pidfd: OwnedFd) -> std::io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` is open for as long as it lives and always gives the same descriptor.
    Ok(unsafe { AsyncFd::register_with_interest(pidfd, Interest::READABLE) }?)
}

/// A descriptor that can be read and written without waiting, whose readiness tokio reports.
pub(super) fn both_ways(descriptor: OwnedFd) -> std::io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` is open for as long as it lives and always gives the same descriptor.
    Ok(unsafe { AsyncFd::register(descriptor) }?)
}

/// Sets the columns and rows of a terminal.
pub(super) fn resize(terminal: &OwnedFd, columns: u16, rows: u16) {
    let size = libc::winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the descriptor is open, and the call reads one `winsize`. That a terminal keeps its size harms nobody.
    unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) };
}

fn pointers(strings: &[CString]) -> Vec<*const c_char> {
    strings.iter().map(|string| string.as_ptr()).chain([std::ptr::null()]).collect()
}

/// The child's whole life before exec. Never returns to Rust code above it.
extern "C" fn perform(script: *mut c_void) -> c_int {
    // SAFETY: `spawn` passes a live `Script` and stands still while we use it.
    let script = unsafe { &*script.cast_const().cast::<Script<'_>>() };
    let stage = steps(script);
    script.errno.store(Errno::last_raw(), Ordering::Release);
    script.failed.store(stage.code(), Ordering::Release);
    // SAFETY: _exit runs no destructors and no exit handlers, which belong to the parent.
    unsafe { libc::_exit(127) }
}

/// Returns only when something failed, and says what; errno says why.
fn steps(script: &Script<'_>) -> Stage {
    let launch = script.launch;
    // SAFETY (all of it): async-signal-safe system calls on memory that the parent prepared and keeps. Credentials are set
    // by raw system calls, because glibc's functions would signal the parent's other threads to follow.
    unsafe {
        for signal in 1..=SIGNALS {
            libc::signal(signal, libc::SIG_DFL);
        }
        // A session begins with a process group of the same number.
        if launch.terminal {
            if libc::setsid() < 0 {
                return Stage::Group;
            }
        } else if libc::setpgid(0, 0) != 0 {
            return Stage::Group;
        }
        if let Some(procs) = &launch.cgroup
            && libc::write(procs.as_raw_fd(), c"0".as_ptr().cast::<c_void>(), 1) != 1
        {
            return Stage::Cgroup;
        }
        if let Some((user, group)) = launch.user {
            let no_groups: *const libc::gid_t = std::ptr::null();
            if libc::syscall(libc::SYS_setgroups, 0, no_groups) != 0
                || libc::syscall(libc::SYS_setgid, group.as_raw()) != 0
                || libc::syscall(libc::SYS_setuid, user.as_raw()) != 0
            {
                return Stage::User;
            }
        }
        if launch.no_new_privileges && libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1 as c_long, 0 as c_long, 0 as c_long, 0 as c_long) != 0 {
            return Stage::User;
        }
        // After the change of user, which would clear it.
        if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
            return Stage::Group;
        }
        if libc::getppid() != script.parent {
            // Ebb died before the death signal was set.
            libc::_exit(127);
        }
        let input = launch.input.as_ref().map_or(script.null, AsRawFd::as_raw_fd);
        let output = launch.output.as_raw_fd();
        let error = launch.error.as_ref().map_or(output, AsRawFd::as_raw_fd);
        if libc::dup2(input, 0) < 0 || libc::dup2(output, 1) < 0 || libc::dup2(error, 2) < 0 {
            return Stage::Streams;
        }
        if launch.terminal && libc::ioctl(0, libc::TIOCSCTTY, 0) < 0 {
            return Stage::Streams;
        }
        // Belt and braces: everything of ours is close-on-exec already. Old kernels lack the call.
        libc::syscall(libc::SYS_close_range, 3 as c_long, c_long::from(u32::MAX), CLOSE_ON_EXEC);
        if libc::chdir(launch.directory.as_ptr()) != 0 {
            return Stage::Directory;
        }
        let mut nothing_blocked: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut nothing_blocked);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const nothing_blocked, std::ptr::null_mut());
        libc::execve(launch.program.as_ptr(), script.arguments.as_ptr(), script.environment.as_ptr());
        Stage::Execute
    }
}
