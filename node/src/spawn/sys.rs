//! The only unsafe code of this crate: clone, and what must happen in the child between clone and exec.
//!
//! The child shares the parent's memory and the parent's thread stands still until the child has called exec
//! (`CLONE_VM | CLONE_VFORK`, as glibc's posix_spawn does). A plain fork would copy the page tables of the whole process
//! and make every thread that serves requests fault on its own memory afterwards. Because the memory is shared, the child
//! must not allocate, lock, panic or return: it makes system calls and writes one error word.
#![expect(unsafe_code, reason = "clone and exec have no safe form that also sets the death signal without a full fork")]

use std::ffi::{CStr, CString, c_char, c_int, c_long, c_void};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::sync::Arc;
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

/// A directory or file that the process sees at another place, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bind {
    /// What it is.
    pub source: CString,
    /// Where it is seen; something of the same kind must be there.
    pub target: CString,
    /// It can only be read there.
    pub read_only: bool,
}

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
    /// Mounts that this process and its descendants alone see, in order; with any, it gets a mount namespace of its own.
    pub binds: Arc<[Bind]>,
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
    /// The mount namespace could not be made.
    Namespace,
    /// Something could not be mounted.
    Mount,
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
            Stage::Namespace => {
                "cannot give the process mounts of its own, which its volumes need: run ebb as root, or let its user make user namespaces"
            }
            Stage::Mount => "cannot mount a volume",
            Stage::User => "cannot become the user",
            Stage::Streams => "cannot connect the standard streams",
            Stage::Directory => "cannot enter the working directory",
            Stage::Execute => "cannot execute",
        };
        write!(f, "{what}: {}", self.errno.desc())
    }
}

impl Stage {
    const ALL: [Self; 9] =
        [Self::Clone, Self::Group, Self::Cgroup, Self::Namespace, Self::Mount, Self::User, Self::Streams, Self::Directory, Self::Execute];

    const fn code(self) -> c_int {
        match self {
            Self::Clone => 0,
            Self::Group => 1,
            Self::Cgroup => 2,
            Self::User => 3,
            Self::Streams => 4,
            Self::Directory => 5,
            Self::Execute => 6,
            Self::Namespace => 7,
            Self::Mount => 8,
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
    /// Our user and group in a user namespace, where only one makes mounts possible.
    maps: Option<[CString; 2]>,
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
            maps: maps(launch),
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

/// Everybody keeps their number. Root needs no user namespace.
fn maps(launch: &Launch) -> Option<[CString; 2]> {
    let (user, group) = (nix::unistd::geteuid(), nix::unistd::getegid());
    if launch.binds.is_empty() || user.is_root() {
        return None;
    }
    let map = |id: u32| CString::new(format!("{id} {id} 1\n")).unwrap_or_default();
    Some([map(user.as_raw()), map(group.as_raw())])
}

/// Makes a mount namespace and what is mounted in it. Says what failed, errno why.
///
/// # Safety
/// Only between clone and exec: system calls on memory that the parent prepared.
unsafe fn mount(binds: &[Bind], maps: Option<&[CString; 2]>) -> Result<(), Stage> {
    // SAFETY: the caller's, for all of it.
    unsafe {
        let user = if maps.is_some() { libc::CLONE_NEWUSER } else { 0 };
        if libc::unshare(user | libc::CLONE_NEWNS) != 0 {
            return Err(Stage::Namespace);
        }
        if let Some([user, group]) = maps
            && !(put(c"/proc/self/setgroups", c"deny") && put(c"/proc/self/uid_map", user) && put(c"/proc/self/gid_map", group))
        {
            return Err(Stage::Namespace);
        }
        // What the machine mounts later is seen, but nothing of ours gets out.
        if libc::mount(std::ptr::null(), c"/".as_ptr(), std::ptr::null(), libc::MS_REC | libc::MS_SLAVE, std::ptr::null()) != 0 {
            return Err(Stage::Namespace);
        }
        for bind in binds {
            let (source, target) = (bind.source.as_ptr(), bind.target.as_ptr());
            if libc::mount(source, target, std::ptr::null(), libc::MS_BIND | libc::MS_REC, std::ptr::null()) != 0 {
                return Err(Stage::Mount);
            }
            if bind.read_only {
                let set = libc::mount_attr { attr_set: libc::MOUNT_ATTR_RDONLY, attr_clr: 0, propagation: 0, userns_fd: 0 };
                let size = size_of::<libc::mount_attr>();
                if libc::syscall(libc::SYS_mount_setattr, libc::AT_FDCWD, target, 0, &raw const set, size) != 0 {
                    return Err(Stage::Mount);
                }
            }
        }
    }
    Ok(())
}

/// Writes a text into a file of the kernel.
///
/// # Safety
/// As [`mount`].
unsafe fn put(file: &CStr, text: &CStr) -> bool {
    // SAFETY: the caller's, for all of it.
    unsafe {
        let descriptor = libc::open(file.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC);
        let length = text.count_bytes();
        let written = descriptor >= 0 && libc::write(descriptor, text.as_ptr().cast::<c_void>(), length) == length.cast_signed();
        written && libc::close(descriptor) == 0
    }
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
        if !launch.binds.is_empty()
            && let Err(stage) = mount(&launch.binds, script.maps.as_ref())
        {
            return stage;
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
