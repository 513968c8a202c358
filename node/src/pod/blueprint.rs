//! What is to be run for a container, or the reason why it cannot be.
//!
//! Pure: objects are looked up through [`Sources`]; whether files exist is seen when it is started.

use std::collections::BTreeMap;

use ebb_api::keys::{HOST_IMAGE, USER_PORT_NAME};
use k8s_openapi::api::core::v1::{Container, Pod};

use crate::environment::{EnvError, Sources, variables};
use crate::expand::expand;
use crate::probe::{self, Probes};
use crate::quantity;

/// Annotation of a pod whose serving port speaks HTTP/2 with prior knowledge.
pub const PROTOCOL: &str = "serving.ebb.dev/protocol";

/// Why a container waits, as one word of Kubernetes (or, for the image, close to them) and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The word.
    pub reason: &'static str,
    /// The sentence.
    pub message: String,
    /// It may go away when a ConfigMap or Secret changes.
    pub awaits_config: bool,
}

/// The image cannot run here.
pub const IMAGE_NOT_SUPPORTED: &str = "ImageNotSupported";
/// The configuration is wrong or refers to something that is not there.
pub const CONFIG_ERROR: &str = "CreateContainerConfigError";
/// The process could not be started.
pub const RUN_ERROR: &str = "RunContainerError";

impl Trouble {
    /// Trouble with the configuration that only a change of the pod itself ends.
    pub fn config(message: impl Into<String>) -> Self {
        Self { reason: CONFIG_ERROR, message: message.into(), awaits_config: false }
    }

    /// Trouble with starting the process.
    pub fn run(message: impl Into<String>) -> Self {
        Self { reason: RUN_ERROR, message: message.into(), awaits_config: false }
    }
}

impl From<EnvError> for Trouble {
    fn from(error: EnvError) -> Self {
        Self { awaits_config: true, ..Self::config(error.to_string()) }
    }
}

/// Resource limits of a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory.
    pub memory: Option<u64>,
    /// Thousandths of a CPU.
    pub cpu: Option<u64>,
}

impl Limits {
    /// Something is limited.
    pub const fn any(&self) -> bool {
        self.memory.is_some() || self.cpu.is_some()
    }
}

/// Where the termination message comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Termination {
    /// A file that the process may write; Kubernetes' default path is not on this machine and counts as none.
    pub file: Option<String>,
    /// The end of the log will do, if the process failed and wrote nothing.
    pub from_log: bool,
}

/// All that is needed to run a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blueprint {
    /// Command and arguments; never empty.
    pub command: Vec<String>,
    /// Working directory; `None` is an empty directory of the pod's own.
    pub directory: Option<String>,
    /// The pod's own environment variables.
    pub environment: BTreeMap<String, String>,
    /// Its probes.
    pub probes: Probes,
    /// Its limits.
    pub limits: Limits,
    /// User and group ids to run as, if not Ebb's own.
    pub user: Option<(u32, Option<u32>)>,
    /// `allowPrivilegeEscalation: false`.
    pub no_new_privileges: bool,
    /// Its termination message.
    pub termination: Termination,
}

/// Kubernetes' default `terminationMessagePath`.
const DEFAULT_MESSAGE_FILE: &str = "/dev/termination-log";

/// Makes the blueprint. `own_user` is the user that Ebb runs as.
///
/// # Errors
/// Why the container cannot run here.
pub fn blueprint(pod: &Pod, container: &Container, own_user: u32, sources: &Sources<'_>) -> Result<Blueprint, Trouble> {
    check_image(container)?;
    check_supported(pod, container)?;
    let environment = variables(pod, container, port(container), sources)?;
    let words = container.command.iter().flatten().chain(container.args.iter().flatten());
    let command: Vec<String> = words.map(|word| expand(word, &environment)).collect();
    if container.command.as_ref().is_none_or(Vec::is_empty) {
        return Err(Trouble::config(format!(
            "container {:?} has no command: image {HOST_IMAGE} runs a command of this machine",
            container.name
        )));
    }
    if command.iter().any(|word| word.contains('\0')) {
        return Err(Trouble::config("the command contains a NUL byte"));
    }
    let annotations = pod.metadata.annotations.as_ref();
    let h2c = annotations.and_then(|annotations| annotations.get(PROTOCOL)).is_some_and(|protocol| protocol == "h2c");
    Ok(Blueprint {
        command,
        directory: container.working_dir.clone().filter(|directory| !directory.is_empty()),
        environment,
        probes: probe::read(container, h2c && port(container).is_some()).map_err(Trouble::config)?,
        limits: limits(container)?,
        user: user(pod, container, own_user)?,
        no_new_privileges: container.security_context.as_ref().and_then(|context| context.allow_privilege_escalation) == Some(false),
        termination: Termination {
            file: container.termination_message_path.clone().filter(|path| path != DEFAULT_MESSAGE_FILE && path.starts_with('/')),
            from_log: container.termination_message_policy.as_deref() == Some("FallbackToLogsOnError"),
        },
    })
}

/// The port that was chosen for the container.
pub fn port(container: &Container) -> Option<u16> {
    let port = container.ports.iter().flatten().find(|port| port.name.as_deref() == Some(USER_PORT_NAME))?;
    u16::try_from(port.container_port).ok()
}

fn check_image(container: &Container) -> Result<(), Trouble> {
    let image = container.image.as_deref().unwrap_or_default();
    let rest = image.strip_prefix(HOST_IMAGE);
    if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '@'])) {
        return Ok(());
    }
    let message = format!(
        "image {image:?} cannot run here: only {HOST_IMAGE} (a process on this machine) can; container images are not supported yet"
    );
    Err(Trouble { reason: IMAGE_NOT_SUPPORTED, message, awaits_config: false })
}

/// What a process on the machine cannot be given. Silence would be worse than a refusal.
fn check_supported(pod: &Pod, container: &Container) -> Result<(), Trouble> {
    let Some(spec) = pod.spec.as_ref() else { return Ok(()) };
    let refuse = |what: &str| Err(Trouble::config(format!("{what} are not supported for a process on this machine yet")));
    if spec.init_containers.as_ref().is_some_and(|containers| !containers.is_empty()) {
        return refuse("init containers");
    }
    if container.lifecycle.as_ref().is_some_and(|lifecycle| lifecycle.post_start.is_some() || lifecycle.pre_stop.is_some()) {
        return refuse("lifecycle hooks");
    }
    Ok(())
}

fn limits(container: &Container) -> Result<Limits, Trouble> {
    let limits = container.resources.as_ref().and_then(|resources| resources.limits.as_ref());
    let read = |name: &str| match limits.and_then(|limits| limits.get(name)) {
        None => Ok(None),
        Some(limit) => quantity::read(limit)
            .map(Some)
            .ok_or_else(|| Trouble::config(format!("limit {name} of container {:?} is no quantity: {:?}", container.name, limit.0))),
    };
    let memory = read("memory")?.map(|limit| limit.value().unsigned_abs());
    let cpu = read("cpu")?.map(|limit| limit.millis().unsigned_abs());
    Ok(Limits { memory, cpu })
}

fn user(pod: &Pod, container: &Container, own: u32) -> Result<Option<(u32, Option<u32>)>, Trouble> {
    let of_pod = pod.spec.as_ref().and_then(|spec| spec.security_context.as_ref());
    let of_container = container.security_context.as_ref();
    let wanted = of_container.and_then(|context| context.run_as_user).or(of_pod.and_then(|context| context.run_as_user));
    let group = of_container.and_then(|context| context.run_as_group).or(of_pod.and_then(|context| context.run_as_group));
    let not_root = of_container.and_then(|context| context.run_as_non_root).or(of_pod.and_then(|context| context.run_as_non_root));
    let id = |name: &str, value: Option<i64>| match value.map(u32::try_from) {
        None => Ok(None),
        Some(Ok(id)) => Ok(Some(id)),
        Some(Err(_)) => Err(Trouble::config(format!("{name} is not a valid id"))),
    };
    let (wanted, group) = (id("runAsUser", wanted)?, id("runAsGroup", group)?);
    if not_root == Some(true) && wanted.unwrap_or(own) == 0 {
        return Err(Trouble::config("runAsNonRoot is true, but the process would run as root; set runAsUser, or run ebb as another user"));
    }
    match wanted {
        None if group.is_some() && own != 0 => Err(Trouble::config("runAsGroup needs ebb to run as root, and it does not")),
        None => Ok(group.map(|group| (own, Some(group)))),
        Some(user) if user == own && group.is_none() => Ok(None),
        Some(user) if own == 0 => Ok(Some((user, group))),
        Some(user) => Err(Trouble::config(format!("runAsUser {user} needs ebb to run as root; it runs as user {own}"))),
    }
}

#[cfg(test)]
#[path = "blueprint_tests.rs"]
mod tests;
