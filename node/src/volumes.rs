//! Volumes of process pods: their files in the pod's private directory, kept up to date with the objects they come from, and
//! seen by the processes of its containers where the specification wants them.
//!
//! A process sees a mountPath through a mount namespace of its own, so that only pods with volumes pay for one, and two pods
//! may have different files at the same path.

mod content;
mod keep;
mod mounts;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{ConfigMap, Container, Pod, Secret, Volume};
use nix::unistd::{Gid, Uid};

pub(crate) use content::Contents;
pub(crate) use keep::keep;
pub(crate) use mounts::Mounts;

use crate::context::Context;
use crate::environment::Sources;
use crate::pod::blueprint::Trouble;
use crate::pod::view::POD_IP;

/// The volumes of one pod.
#[derive(Debug)]
pub(crate) struct Volumes {
    pod: Arc<Pod>,
    /// Private to Ebb's user: others reach a volume only through the mounts of its pod.
    root: PathBuf,
    /// One writer at a time: containers start side by side.
    writing: tokio::sync::Mutex<Known>,
}

/// What is known of the volumes that were made.
#[derive(Debug, Default)]
struct Known {
    tokens: Tokens,
    /// Who owns the files of each volume that was made: the user of the container that wanted it first.
    owners: BTreeMap<String, Option<(Uid, Gid)>>,
}

/// Tokens of service accounts by volume and path, and until when they are good.
type Tokens = BTreeMap<(String, String), (String, jiff::Timestamp)>;

impl Volumes {
    /// Those of a pod. Nothing is made before a container wants it.
    pub(crate) fn of(context: &Context, pod: &Arc<Pod>) -> Arc<Self> {
        let root = directory(context, pod);
        Arc::new(Self { pod: pod.clone(), root, writing: tokio::sync::Mutex::default() })
    }

    /// Whether there are any.
    pub(crate) fn any(&self) -> bool {
        self.all().next().is_some()
    }

    fn all(&self) -> impl Iterator<Item = &Volume> {
        self.pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten())
    }

    /// Makes the volumes that the container mounts, and says what is to be mounted where.
    ///
    /// # Errors
    /// What is missing, or cannot be done on this machine.
    pub(crate) async fn mount(
        &self,
        context: &Context,
        container: &Container,
        environment: &BTreeMap<String, String>,
        user: Option<(Uid, Gid)>,
    ) -> Result<Mounts, Trouble> {
        let Some(wanted) = container.volume_mounts.as_ref().filter(|mounts| !mounts.is_empty()) else { return Ok(Mounts::default()) };
        let mut writing = self.writing.lock().await;
        let mut sources = BTreeMap::new();
        for mount in wanted {
            if sources.contains_key(&mount.name) {
                continue;
            }
            let volume = self.all().find(|volume| volume.name == mount.name);
            let volume =
                volume.ok_or_else(|| Trouble::config(format!("volume {:?} is mounted, but the pod has no such volume", mount.name)))?;
            writing.owners.entry(mount.name.clone()).or_insert(user);
            let source = self.make(context, volume, container, &mut writing).await?;
            sources.insert(mount.name.clone(), (source, content::is_read_only(volume)));
        }
        let (wanted, environment) = (wanted.clone(), environment.clone());
        blocking(move || mounts::plan(&wanted, &sources, &environment, user)).await
    }

    /// Makes one volume, or brings it up to date. Its directory.
    async fn make(&self, context: &Context, volume: &Volume, container: &Container, known: &mut Known) -> Result<PathBuf, Trouble> {
        self.fetch_tokens(context, volume, &mut known.tokens).await?;
        let (tokens, user) = (&known.tokens, known.owners.get(&volume.name).copied().flatten());
        let namespace = self.pod.metadata.namespace.as_deref().unwrap_or_default();
        let contents = {
            let config_map = |name: &str| -> Option<Arc<ConfigMap>> { context.config_maps.get(namespace, name) };
            let secret = |name: &str| -> Option<Arc<Secret>> { context.secrets.get(namespace, name) };
            let token = |path: &str| tokens.get(&(volume.name.clone(), path.to_owned())).map(|(token, _)| token.clone());
            let sources = Sources { config_map: &config_map, secret: &secret, pod_ip: POD_IP };
            content::contents(&self.pod, container, volume, &sources, &token)?
        };
        let (root, at) = (self.root.clone(), self.root.join(&volume.name));
        blocking(move || {
            write::private(&root)
                .and_then(|()| write::write(&at, &contents, user))
                .map_err(|error| Trouble::run(format!("volume: {error}")))?;
            Ok(match contents {
                Contents::Host(path) => path,
                _ => at,
            })
        })
        .await
    }

    /// Asks for the tokens of a projected volume that are missing or soon too old.
    async fn fetch_tokens(&self, context: &Context, volume: &Volume, tokens: &mut Tokens) -> Result<(), Trouble> {
        for wanted in content::tokens(volume) {
            let key = (volume.name.clone(), wanted.path.clone());
            let now = jiff::Timestamp::now();
            if tokens.get(&key).is_some_and(|(_, renew)| *renew > now) {
                continue;
            }
            let token = keep::fetch(context, &self.pod, &wanted).await?;
            tokens.insert(key, token);
        }
        Ok(())
    }

    /// Removes everything.
    pub(crate) async fn remove(context: &Context, pod: &Pod) {
        let root = directory(context, pod);
        match tokio::fs::remove_dir_all(&root).await {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!(directory = %root.display(), %error, "a pod's volumes cannot be removed");
            }
            _ => {}
        }
    }
}

fn directory(context: &Context, pod: &Pod) -> PathBuf {
    context.scratch.join(format!("{}.volumes", pod.metadata.uid.as_deref().unwrap_or_default()))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Trouble> + Send + 'static) -> Result<T, Trouble> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => Err(Trouble::run(format!("volumes: {error}"))),
    }
}
