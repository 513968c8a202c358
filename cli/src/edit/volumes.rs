//! `--mount` and `--volume` become volumes of a pod and mounts of its container.
//!
//! This module must not ask whether what is mounted exists.

use anyhow::{Context as _, Result, bail};
use ebb_api::go;
use ebb_api::quantity::Quantity as Parsed;
use k8s_openapi::api::core::v1::{
    ConfigMapVolumeSource, EmptyDirVolumeSource, PersistentVolumeClaimVolumeSource, PodSpec, SecretVolumeSource, Volume, VolumeMount,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::pod::first_container;
use super::volume_names;
use super::words::{Assignments, assignments};

/// Where a volume's content comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// A ConfigMap's keys as files.
    ConfigMap(String),
    /// A Secret's keys as files.
    Secret(String),
    /// A directory that lives as long as the pod.
    EmptyDir {
        /// `Memory` for RAM.
        medium: Option<String>,
        /// Its limit.
        size: Option<String>,
    },
    /// A persistent volume claim.
    Claim(String),
}

/// Names of volumes, and where their content comes from.
type Volumes = Vec<(String, Source)>;

/// What is mounted at a path.
#[derive(Clone, Debug, PartialEq)]
struct Mount {
    path: String,
    volume: String,
    sub_path: Option<String>,
    options: Option<String>,
}

impl Source {
    /// Reads `cm:NAME`, `secret:NAME`, `ed:NAME[:size=…,type=…]` or `pvc:NAME`.
    ///
    /// # Errors
    /// When the kind is not known or the name is missing.
    pub fn parse(text: &str) -> Result<Self> {
        let parts: Vec<&str> = text.splitn(3, ':').collect();
        match parts[..] {
            [kind, name] => Self::of_kind(kind, name.trim()),
            [kind, _, details] => match kind.trim() {
                "emptyDir" | "ed" => empty_dir(details),
                kind @ ("config-map" | "cm" | "secret" | "sc" | "persistentVolumeClaim" | "pvc") => {
                    bail!("incorrect mount details for type {}", go::quote(kind))
                }
                _ => Err(unsupported_volume(kind)),
            },
            _ => bail!("argument requires a value that contains the : character; got {}, [{}]", go::quote(text), go::quote(text)),
        }
    }

    fn of_kind(kind: &str, name: &str) -> Result<Self> {
        let (source, what) = match kind.trim() {
            "config-map" | "cm" => (Self::ConfigMap(name.to_owned()), "config-map"),
            "secret" | "sc" => (Self::Secret(name.to_owned()), "secret"),
            "emptyDir" | "ed" => (Self::EmptyDir { medium: None, size: None }, "emptyDir"),
            "persistentVolumeClaim" | "pvc" => (Self::Claim(name.to_owned()), "persistentVolumeClaim"),
            _ => bail!(
                "unsupported volume source type \"{}\"; supported volume source types are \"config-map\" and \"secret\"",
                go::quote(kind)
            ),
        };
        if name.is_empty() {
            bail!("the name of {what} cannot be an empty string");
        }
        Ok(source)
    }

    fn fill(self, volume: &mut Volume) {
        (volume.config_map, volume.secret, volume.empty_dir, volume.persistent_volume_claim) = (None, None, None, None);
        match self {
            Self::ConfigMap(name) => volume.config_map = Some(ConfigMapVolumeSource { name, ..ConfigMapVolumeSource::default() }),
            Self::Secret(name) => volume.secret = Some(SecretVolumeSource { secret_name: Some(name), ..SecretVolumeSource::default() }),
            Self::EmptyDir { medium, size } => {
                volume.empty_dir = Some(EmptyDirVolumeSource { medium, size_limit: size.map(Quantity), ..EmptyDirVolumeSource::default() });
            }
            Self::Claim(claim_name) => {
                volume.persistent_volume_claim = Some(PersistentVolumeClaimVolumeSource { claim_name, read_only: None });
            }
        }
    }
}

fn unsupported_volume(kind: &str) -> anyhow::Error {
    anyhow::anyhow!(
        "unsupported volume type \"{}\"; supported volume types are \"config-map or cm\", \"secret or sc\", \"volume or vo\", and \
         \"emptyDir or ed\"",
        go::quote(kind)
    )
}

fn empty_dir(details: &str) -> Result<Source> {
    let wrong = "incorrect format to specify emptyDir type";
    let (mut medium, mut size) = (None, None);
    for part in details.splitn(2, ',') {
        let Some((key, value)) = part.split_once('=') else { bail!(wrong) };
        let slot = match key.to_lowercase().as_str() {
            "type" => &mut medium,
            "size" => {
                value.parse::<Parsed>().map_err(|_| anyhow::anyhow!(wrong))?;
                &mut size
            }
            _ => bail!(wrong),
        };
        if slot.is_some() {
            bail!("cannot repeat the key {}", go::quote(&key.to_lowercase()));
        }
        *slot = Some(value.to_owned());
    }
    Ok(Source::EmptyDir { medium, size })
}

/// Adds, changes and removes volumes and mounts.
///
/// # Errors
/// When a flag is malformed, a mount names no volume, or a volume that is mounted is to be removed.
pub fn apply(pod: &mut PodSpec, mounts: &[String], volumes: &[String]) -> Result<()> {
    let mounts = assignments(mounts).context("Invalid --mount")?;
    let volumes = assignments(volumes).context("Invalid --volume")?;
    let (wanted_mounts, mut sources) = read_mounts(&mounts)?;
    for (name, source) in &volumes.set {
        sources.push((name.clone(), Source::parse(source)?));
    }
    let mut all = pod.volumes.take().unwrap_or_default();
    for (name, source) in sources {
        put(&mut all, name, source);
    }
    let container = first_container(pod);
    let before = container.volume_mounts.take().unwrap_or_default();
    let made_for_removed = before
        .iter()
        .filter(|mount| mounts.removed.contains(&mount.mount_path) && mount.name == volume_names::generate(&mount.mount_path))
        .map(|mount| mount.name.clone());
    let removed: Vec<String> = volumes.removed.iter().cloned().chain(made_for_removed).collect();
    let mut after = put_mounts(before, &wanted_mounts, &all)?;
    after.retain(|mount| !mounts.removed.contains(&mount.mount_path));
    remove(&mut all, &removed, &after)?;
    container.volume_mounts = (!after.is_empty()).then_some(after);
    pod.volumes = (!all.is_empty()).then_some(all);
    Ok(())
}

fn put(volumes: &mut Vec<Volume>, name: String, source: Source) {
    match volumes.iter_mut().find(|volume| volume.name == name) {
        Some(volume) => source.fill(volume),
        None => {
            let mut volume = Volume { name, ..Volume::default() };
            source.fill(&mut volume);
            volumes.push(volume);
        }
    }
}

fn remove(volumes: &mut Vec<Volume>, names: &[String], mounts: &[VolumeMount]) -> Result<()> {
    for name in names {
        if volumes.iter().any(|volume| volume.name == *name) && mounts.iter().any(|mount| mount.name == *name) {
            bail!("The volume {} cannot be removed because it is mounted", go::quote(name));
        }
        volumes.retain(|volume| volume.name != *name);
    }
    Ok(())
}

/// The mounts of `--mount`, and the volumes that they bring along.
fn read_mounts(flags: &Assignments) -> Result<(Vec<Mount>, Volumes)> {
    let (mut mounts, mut sources) = (Vec::new(), Vec::new());
    for (path, value) in &flags.set {
        let Some((kind, rest)) = value.split_once(':') else {
            mounts.push(read_mount(path, value));
            continue;
        };
        let mut mount = read_mount(path, rest);
        let name = volume_names::generate(path);
        let source = match kind {
            "config-map" | "cm" => Source::ConfigMap(mount.volume.clone()),
            "secret" | "sc" => Source::Secret(mount.volume.clone()),
            "emptyDir" | "ed" => Source::EmptyDir { medium: None, size: None },
            "persistentVolumeClaim" | "pvc" => Source::Claim(mount.volume.clone()),
            _ => return Err(unsupported_volume(kind)),
        };
        mount.volume.clone_from(&name);
        mounts.push(mount);
        sources.push((name, source));
    }
    Ok((mounts, sources))
}

fn read_mount(path: &str, text: &str) -> Mount {
    let (place, options) = text.split_once(':').map_or((text, None), |(place, options)| (place, Some(options.to_owned())));
    let (volume, sub_path) = place.split_once('/').unwrap_or((place, ""));
    let sub_path = (!sub_path.is_empty()).then(|| sub_path.to_owned());
    Mount { path: path.to_owned(), volume: volume.to_owned(), sub_path, options }
}

fn put_mounts(mut mounts: Vec<VolumeMount>, wanted: &[Mount], volumes: &[Volume]) -> Result<Vec<VolumeMount>> {
    for mount in wanted {
        let read_only = read_only(mount, volumes)?.then_some(true);
        match mounts.iter_mut().find(|known| known.mount_path == mount.path) {
            Some(known) => {
                if !volumes.iter().any(|volume| volume.name == mount.volume) {
                    bail!("There is no volume matched with {}", go::quote(&mount.volume));
                }
                known.read_only = read_only;
                known.name.clone_from(&mount.volume);
                known.sub_path.clone_from(&mount.sub_path);
            }
            None => mounts.push(VolumeMount {
                name: mount.volume.clone(),
                mount_path: mount.path.clone(),
                read_only,
                sub_path: mount.sub_path.clone(),
                ..VolumeMount::default()
            }),
        }
    }
    Ok(mounts)
}

/// What the mount says, else what fits its volume: directories and claims can be written, the rest cannot.
fn read_only(mount: &Mount, volumes: &[Volume]) -> Result<bool> {
    for option in mount.options.as_deref().into_iter().flat_map(|options| options.split(',')) {
        let (key, value) = option.split_once('=').unwrap_or((option, ""));
        if !key.eq_ignore_ascii_case("readonly") {
            bail!("unknown mount option {}", go::quote(key));
        }
        if !value.is_empty() {
            return go::parse_bool(value).map_err(anyhow::Error::msg);
        }
    }
    let writable = |volume: &Volume| volume.empty_dir.is_some() || volume.persistent_volume_claim.is_some();
    Ok(!volumes.iter().any(|volume| volume.name == mount.volume && writable(volume)))
}

#[cfg(test)]
mod tests;
