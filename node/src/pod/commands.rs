//! Turns a blueprint into a process: its environment, its program, its directory. Used for containers and for the
//! commands of exec probes alike.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Container, Pod};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::{Gid, Uid, User};

use super::blueprint::{Blueprint, Trouble};
use crate::context::Context;
use crate::probe::check::Commands;
use crate::spawn::{Failure, INSTANCE_VARIABLE, Launch, POD_UID_VARIABLE, SpawnError, Spawner, Stage, find_program};
use crate::volumes::{Mounts, Volumes};

/// Bytes of a failed probe command's output that are told.
const TOLD: usize = 512;

/// All that stays the same for every process of a container.
#[derive(Clone, Debug)]
pub(crate) struct Setting {
    environment: BTreeMap<String, String>,
    directory: PathBuf,
    user: Option<(Uid, Gid)>,
    no_new_privileges: bool,
    mounts: Mounts,
}

impl Setting {
    /// Puts it together, and makes the pod's own directory if it needs one.
    pub(crate) async fn new(
        context: &Context,
        pod: &Pod,
        container: &Container,
        blueprint: &Blueprint,
        volumes: &Volumes,
    ) -> Result<Self, Trouble> {
        let uid = pod.metadata.uid.as_deref().unwrap_or_default();
        let user = blueprint.user.map(|(user, group)| resolve(user, group));
        let mut environment: BTreeMap<String, String> = context.base.iter().cloned().collect();
        if let Some((_, _, Some(account))) = &user {
            let home = account.dir.to_string_lossy().into_owned();
            environment.extend([("HOME".into(), home), ("USER".into(), account.name.clone()), ("LOGNAME".into(), account.name.clone())]);
        }
        environment.extend(blueprint.environment.clone());
        environment.insert(POD_UID_VARIABLE.into(), uid.into());
        environment.insert(INSTANCE_VARIABLE.into(), context.instance.clone());
        let user = user.map(|(user, group, _)| (user, group));
        let directory = match &blueprint.directory {
            Some(directory) => PathBuf::from(directory),
            None => scratch(&context.scratch, uid, user)?,
        };
        let mounts = volumes.mount(context, container, &blueprint.environment, user).await?;
        Ok(Self { environment, directory, user, no_new_privileges: blueprint.no_new_privileges, mounts })
    }

    /// What a program asks for before it draws on a terminal, if the container does not say it.
    fn terminal_kind(&self, terminal: bool) -> Option<&'static str> {
        (terminal && !self.environment.contains_key("TERM")).then_some("TERM=xterm")
    }

    /// Makes a process of `command` with these standard streams.
    pub(crate) fn launch(&self, command: &[String], streams: Streams, cgroup: Option<OwnedFd>) -> Result<Launch, Trouble> {
        let Streams { input, output, error, terminal } = streams;
        let shown = self.directory.display();
        match std::fs::metadata(self.mounts.real(&self.directory)) {
            Err(error) => return Err(Trouble::run(format!("working directory {shown}: {}", plain(&error)))),
            Ok(metadata) if !metadata.is_dir() => return Err(Trouble::run(format!("working directory {shown} is not a directory"))),
            Ok(_) => {}
        }
        let name = command.first().map_or("", String::as_str);
        let path = self.environment.get("PATH").map_or("", String::as_str);
        let program =
            find_program(name, &self.directory, path, |path| self.mounts.real(path)).map_err(|error| Trouble::run(error.to_string()))?;
        let text = |text: Vec<u8>| CString::new(text).map_err(|_| Trouble::config("the command contains a NUL byte"));
        Ok(Launch {
            program: text(path_bytes(&program))?,
            arguments: command.iter().map(|word| text(word.clone().into_bytes())).collect::<Result<_, _>>()?,
            environment: self
                .environment
                .iter()
                .map(|(name, value)| text(format!("{name}={value}").into_bytes()))
                .chain(self.terminal_kind(terminal).map(|kind| text(kind.into())))
                .collect::<Result<_, _>>()?,
            directory: text(path_bytes(&self.directory))?,
            input,
            output,
            error,
            terminal,
            cgroup,
            binds: self.mounts.binds()?,
            user: self.user,
            no_new_privileges: self.no_new_privileges,
        })
    }
}

/// The standard streams of a process.
#[derive(Debug)]
pub(crate) struct Streams {
    /// Nothing to read when it is `None`.
    pub input: Option<OwnedFd>,
    pub output: OwnedFd,
    /// The same as `output` when it is `None`.
    pub error: Option<OwnedFd>,
    /// All of them are one terminal.
    pub terminal: bool,
}

impl Streams {
    /// Those of a process that is not spoken to.
    pub(crate) fn output(output: OwnedFd) -> Self {
        Self { input: None, output, error: None, terminal: false }
    }
}

fn path_bytes(path: &Path) -> Vec<u8> {
    std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()).to_vec()
}

/// The system's words without the number.
fn plain(error: &std::io::Error) -> String {
    error.raw_os_error().map_or_else(|| error.to_string(), |code| Errno::from_raw(code).desc().to_owned())
}

/// The group is the one asked for, else the account's own, else the number of the user.
fn resolve(user: u32, group: Option<u32>) -> (Uid, Gid, Option<User>) {
    let account = User::from_uid(Uid::from_raw(user)).ok().flatten();
    let group = group.map(Gid::from_raw).or(account.as_ref().map(|account| account.gid)).unwrap_or(Gid::from_raw(user));
    (Uid::from_raw(user), group, account)
}

/// A directory of the pod's own, which goes with it.
fn scratch(root: &Path, uid: &str, user: Option<(Uid, Gid)>) -> Result<PathBuf, Trouble> {
    let directory = root.join(uid);
    let made = std::fs::create_dir_all(&directory).and_then(|()| match user {
        Some((user, group)) => Ok(nix::unistd::chown(&directory, Some(user), Some(group))?),
        None => Ok(()),
    });
    made.map_err(|error| Trouble::run(format!("working directory {}: {error}", directory.display())))?;
    Ok(directory)
}

/// Words for a process that did not start.
pub(crate) fn spawn_trouble(command: &[String], error: &SpawnError) -> Trouble {
    let name = command.first().map_or("", String::as_str);
    match error {
        SpawnError::Failed(Failure { stage: Stage::Execute, errno: Errno::ENOENT }) => {
            Trouble::run(format!("command {name:?} cannot be executed: the interpreter that its first line names does not exist"))
        }
        SpawnError::Failed(Failure { stage: Stage::Execute, errno: Errno::ENOEXEC }) => Trouble::run(format!(
            "command {name:?} cannot be executed: it is neither a program for this machine nor a script with a #! line"
        )),
        other => Trouble::run(format!("command {name:?}: {other}")),
    }
}

/// A pipe whose reading end tokio can wait for.
pub(crate) fn output_pipe() -> nix::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = nix::unistd::pipe2(OFlag::O_CLOEXEC)?;
    nix::fcntl::fcntl(&read, nix::fcntl::FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    Ok((read, write))
}

/// Runs the commands of exec probes beside a container.
#[derive(Clone, Debug)]
pub(crate) struct ProbeCommands {
    pub setting: Arc<Setting>,
    pub spawner: Spawner,
}

impl Commands for ProbeCommands {
    async fn run(&self, command: &[String]) -> Result<(), String> {
        let (read, write) = output_pipe().map_err(|error| error.to_string())?;
        let launch = self.setting.launch(command, Streams::output(write), None).map_err(|trouble| trouble.message)?;
        let spawned = self.spawner.spawn(launch).await;
        // Dropped with this future when the probe's time is over, which kills it.
        let mut process = spawned.map_err(|error| spawn_trouble(command, &error).message)?;
        let code = process.ended().await.code();
        if code == 0 {
            return Ok(());
        }
        // It has ended: what it wrote is in the pipe, and reading does not wait.
        let mut said = vec![0; TOLD];
        let read = std::fs::File::from(read).read(&mut said).unwrap_or(0);
        let said = String::from_utf8_lossy(&said[..read]);
        Err(format!("command {:?} exited with code {code}: {}", command.join(" "), said.trim()))
    }
}
