//! Commands beside a container's process, as `kubectl exec` asks for them: with its environment, directory, user and limits,
//! in a process group of their own, and ended when whoever asked has left or the container has ended.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use ebb_plumbing::{CancellationToken, Key, Tasks};
use futures::future::BoxFuture;
use k8s_openapi::api::core::v1::Pod;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::signal::Signal;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::unix::pipe;
use tokio::sync::oneshot;

use crate::cgroup;
use crate::context::Context;
use crate::pod::commands::{Streams, spawn_trouble};
use crate::pod::worlds::World;
use crate::spawn::{Process, Terminal, sweep_session};

/// Which container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerName {
    /// Its pod's namespace.
    pub namespace: String,
    /// Its pod's name.
    pub pod: String,
    /// Its own name.
    pub container: String,
}

/// What to run, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exec {
    /// Command and arguments.
    pub command: Vec<String>,
    /// It can be spoken to.
    pub stdin: bool,
    /// Its output is wanted; else it goes nowhere.
    pub stdout: bool,
    /// Its complaints are wanted.
    pub stderr: bool,
    /// It gets a terminal, which is its input and all of its output.
    pub terminal: bool,
}

/// Why a command does not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExecError {
    /// The container's process does not run (any more, or yet).
    #[error("container not found ({0:?})")]
    NotRunning(String),
    /// The command could not be started.
    #[error("error executing command in container: {0}")]
    Failed(String),
}

/// Sets the columns and rows of a terminal.
pub type Resize = Box<dyn Fn(u16, u16) + Send + Sync>;

/// A command that runs. Dropping `ended` kills it.
pub struct Executing {
    /// Its input.
    pub stdin: Option<Box<dyn AsyncWrite + Send + Unpin>>,
    /// Its output.
    pub stdout: Option<Box<dyn AsyncRead + Send + Unpin>>,
    /// Its complaints.
    pub stderr: Option<Box<dyn AsyncRead + Send + Unpin>>,
    /// Its terminal's size.
    pub resize: Option<Resize>,
    /// Its exit code: 128 plus the signal, if one killed it.
    pub ended: BoxFuture<'static, i32>,
}

impl std::fmt::Debug for Executing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Executing").finish_non_exhaustive()
    }
}

/// Our ends of a command's streams.
#[derive(Default)]
struct Ends {
    stdin: Option<Box<dyn AsyncWrite + Send + Unpin>>,
    stdout: Option<Box<dyn AsyncRead + Send + Unpin>>,
    stderr: Option<Box<dyn AsyncRead + Send + Unpin>>,
    resize: Option<Resize>,
}

fn world(context: &Context, name: &ContainerName) -> Result<World, ExecError> {
    let key = Key::new(&name.namespace, &name.pod);
    context.worlds.find(&key, &name.container).ok_or_else(|| ExecError::NotRunning(name.container.clone()))
}

pub(crate) fn running(context: &Context, name: &ContainerName) -> Result<(), ExecError> {
    world(context, name).map(drop)
}

pub(crate) async fn start(context: &Arc<Context>, tasks: &Tasks, name: &ContainerName, exec: &Exec) -> Result<Executing, ExecError> {
    let world = world(context, name)?;
    let failed = |why: String| ExecError::Failed(why);
    let connected = if exec.terminal { terminal(exec) } else { pipes(exec) };
    let (ends, streams) = connected.map_err(|error| failed(error.to_string()))?;
    let entrance = world.entrance.as_deref().map(cgroup::entrance).transpose();
    let entrance = entrance.map_err(|_| ExecError::NotRunning(name.container.clone()))?;
    let launch = world.setting.launch(&exec.command, streams, entrance).map_err(|trouble| failed(trouble.message))?;
    let spawned = context.spawner.spawn(launch).await;
    let process = spawned.map_err(|error| failed(spawn_trouble(&exec.command, &error).message))?;
    let (tell, told) = oneshot::channel();
    let left = CancellationToken::new();
    let guard = left.clone().drop_guard();
    let stay = Stay { process, world: world.over, left, session: exec.terminal, context: context.clone(), pod: world.pod };
    tasks.spawn_short(async move {
        // Whoever asked may have left.
        let _ = tell.send(stay.run().await);
    });
    let ended = Box::pin(async move {
        let _guard = guard;
        // The task ends early only when the runtime does.
        told.await.unwrap_or(128 + Signal::SIGKILL as i32)
    });
    let Ends { stdin, stdout, stderr, resize } = ends;
    Ok(Executing { stdin, stdout, stderr, resize, ended })
}

/// A command's life, which its client does not own: it must be ended well when the client has gone.
struct Stay {
    process: Process,
    world: CancellationToken,
    left: CancellationToken,
    session: bool,
    context: Arc<Context>,
    pod: Arc<Pod>,
}

impl Stay {
    async fn run(mut self) -> i32 {
        tokio::select! {
            _ = self.process.finished() => {}
            () = self.world.cancelled() => self.process.signal(Signal::SIGKILL),
            () = self.left.cancelled() => self.process.signal(Signal::SIGKILL),
        }
        // A shell with a terminal gives each of its jobs a group of its own, but not a session.
        if self.session {
            self.process.finished().await;
            let (session, instance) = (self.process.pid(), self.context.instance.clone());
            let uid = self.pod.metadata.uid.clone().unwrap_or_default();
            // Nothing can be done about a /proc that cannot be read; the pod's end looks again.
            let _ = tokio::task::spawn_blocking(move || sweep_session(session, &instance, &uid)).await;
        }
        self.process.ended().await.code()
    }
}

/// A pipe each for what is wanted.
fn pipes(exec: &Exec) -> io::Result<(Ends, Streams)> {
    let mut ends = Ends::default();
    let input = if exec.stdin {
        let (read, write) = pipe()?;
        ends.stdin = Some(Box::new(pipe::Sender::from_owned_fd(write)?));
        Some(read)
    } else {
        None
    };
    let output = if exec.stdout {
        let (read, write) = pipe()?;
        ends.stdout = Some(Box::new(pipe::Receiver::from_owned_fd(read)?));
        write
    } else {
        nowhere()?
    };
    let error = if exec.stderr {
        let (read, write) = pipe()?;
        ends.stderr = Some(Box::new(pipe::Receiver::from_owned_fd(read)?));
        write
    } else {
        nowhere()?
    };
    Ok((ends, Streams { input, output, error: Some(error), terminal: false }))
}

fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC)?)
}

fn nowhere() -> io::Result<OwnedFd> {
    std::fs::OpenOptions::new().write(true).open("/dev/null").map(Into::into)
}

/// One terminal for everything.
fn terminal(exec: &Exec) -> io::Result<(Ends, Streams)> {
    let pair = nix::pty::openpty(None, None)?;
    for descriptor in [&pair.master, &pair.slave] {
        fcntl(descriptor, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    }
    let master = Terminal::new(pair.master)?;
    let sized = master.clone();
    let ends = Ends {
        stdin: exec.stdin.then(|| Box::new(master.clone()) as Box<dyn AsyncWrite + Send + Unpin>),
        stdout: Some(Box::new(master)),
        stderr: None,
        resize: Some(Box::new(move |columns, rows| sized.resize(columns, rows))),
    };
    let output = pair.slave.try_clone()?;
    Ok((ends, Streams { input: Some(pair.slave), output, error: None, terminal: true }))
}
