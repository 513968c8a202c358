//! Connections that stay open into pods: commands, what a process prints, ports, logs. Here is who may be asked
//! ([`PodStreams`]); below, how the bytes are carried: WebSocket or SPDY/3.1, told apart by `door`.
//!
//! Nothing here knows what a pod runs on: whoever does implements the trait.

mod attach;
mod connection;
mod door;
mod exec;
mod forward;
mod log;
mod pods;
mod ports;
mod socket;
mod spdy;

use std::pin::Pin;
use std::sync::Arc;

use ebb_plumbing::Tasks;
use futures::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;

use crate::error::ApiError;

pub(crate) use self::log::log;
pub(crate) use door::{answer, is_stream};

/// Sessions at the same time. Each holds at most half a MiB of bytes under way for a command and about 130 KB for each of
/// the 128 streams that a port-forward may have; in practice a session is one command or a browser's six connections.
const SESSIONS: usize = 128;

/// A container that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's name.
    pub pod: String,
    /// The container's name.
    pub container: String,
}

/// A command to run in a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command {
    /// The command and its arguments.
    pub words: Vec<String>,
    /// The client sends input.
    pub stdin: bool,
    /// The client wants the output.
    pub stdout: bool,
    /// The client wants the complaints; never with a terminal, which has one output.
    pub stderr: bool,
    /// The command gets a terminal.
    pub terminal: bool,
}

/// What can be read from a command.
pub type Output = Pin<Box<dyn AsyncRead + Send>>;
/// What can be written to a command.
pub type Input = Pin<Box<dyn AsyncWrite + Send>>;

/// A command that runs. Dropping it ends it.
pub struct Execution {
    /// Its input, if it has one. Dropped when the client has closed its own.
    pub stdin: Option<Input>,
    /// Its output.
    pub stdout: Option<Output>,
    /// Its complaints.
    pub stderr: Option<Output>,
    /// Sets the columns and rows of its terminal.
    pub resize: Option<Box<dyn Fn(u16, u16) + Send + Sync>>,
    /// Its exit code, or why there is none. Owns the command: dropping it kills what still runs.
    pub ended: BoxFuture<'static, Result<i32, String>>,
}

/// A connection to a pod's port.
pub trait PodConnection: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> PodConnection for T {}

/// Runs commands in pods and connects to their ports.
pub trait PodStreams: Send + Sync {
    /// Whether the container runs, asked before a connection is upgraded.
    ///
    /// # Errors
    /// What the client hears.
    fn running(&self, place: &Place) -> Result<(), ApiError>;

    /// Starts a command in a container's world.
    ///
    /// # Errors
    /// Why it could not be started, for the client's error stream.
    fn exec(&self, place: Place, command: Command) -> BoxFuture<'static, Result<Execution, String>>;

    /// Connects to a port of a pod.
    ///
    /// # Errors
    /// Why nobody answers, for the client's error stream.
    fn connect(&self, namespace: &str, pod: &str, port: u16) -> BoxFuture<'static, Result<Box<dyn PodConnection>, String>>;
}

/// Where sessions run once their connection is no longer HTTP's. Put into the extensions of requests whose connection can
/// be upgraded.
#[derive(Clone)]
pub(crate) struct Sessions {
    tasks: Tasks,
    places: Arc<Semaphore>,
}

impl Sessions {
    pub(crate) fn new(tasks: Tasks) -> Self {
        Self { tasks, places: Arc::new(Semaphore::new(SESSIONS)) }
    }
}
