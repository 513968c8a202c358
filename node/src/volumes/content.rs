//! What is in a volume: files with their modes, or that it is a directory of another kind.
//!
//! Pure: objects are looked up through [`Sources`]. Semantics: Kubernetes `pkg/volume/{configmap,secret,projected,downwardapi}`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use k8s_openapi::api::core::v1::{
    ConfigMap, Container, DownwardAPIVolumeFile, KeyToPath, Pod, Secret, ServiceAccountTokenProjection, Volume, VolumeProjection,
};

use crate::environment::{Sources, field};
use crate::pod::blueprint::Trouble;
use crate::quantity;

/// Kubernetes' default for files that come from objects.
const MODE: i32 = 0o644;

/// A file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct File {
    pub content: Vec<u8>,
    pub mode: u32,
}

/// What a volume holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Contents {
    /// Files by their paths, all from objects.
    Files(BTreeMap<String, File>),
    /// Nothing, to be filled by the processes.
    Empty,
    /// A directory or file of the machine.
    Host(PathBuf),
}

/// Whether processes may only read it: what comes from objects would be overwritten.
pub(super) fn is_read_only(volume: &Volume) -> bool {
    volume.empty_dir.is_none() && volume.host_path.is_none()
}

/// The tokens that a volume wants.
pub(super) fn tokens(volume: &Volume) -> Vec<ServiceAccountTokenProjection> {
    let sources = volume.projected.iter().flat_map(|projected| projected.sources.iter().flatten());
    sources.filter_map(|source| source.service_account_token.clone()).collect()
}

/// Whether the volume changes with the objects that it comes from.
pub(super) fn follows_objects(volume: &Volume) -> bool {
    volume.config_map.is_some() || volume.secret.is_some() || volume.projected.is_some()
}

/// What is to be in the volume now.
pub(super) fn contents(
    pod: &Pod,
    container: &Container,
    volume: &Volume,
    sources: &Sources<'_>,
    token: &dyn Fn(&str) -> Option<String>,
) -> Result<Contents, Trouble> {
    let mut files = Files { by: format!("volume {:?}", volume.name), pod, container, sources, token, found: BTreeMap::new() };
    if let Some(empty) = &volume.empty_dir {
        return match empty.medium.as_deref() {
            None | Some("") => Ok(Contents::Empty),
            Some(medium) => Err(Trouble::config(format!(
                "volume {:?}: emptyDir with medium {medium} is not supported for a process on this machine; leave the medium out",
                volume.name
            ))),
        };
    }
    if let Some(host) = &volume.host_path {
        return Ok(Contents::Host(PathBuf::from(&host.path)));
    }
    if let Some(from) = &volume.config_map {
        let mode = from.default_mode.unwrap_or(MODE);
        files.config_map(&from.name, from.items.as_deref(), from.optional, mode)?;
    } else if let Some(from) = &volume.secret {
        let mode = from.default_mode.unwrap_or(MODE);
        files.secret(from.secret_name.as_deref().unwrap_or_default(), from.items.as_deref(), from.optional, mode)?;
    } else if let Some(from) = &volume.downward_api {
        files.downward(from.items.as_deref().unwrap_or_default(), from.default_mode.unwrap_or(MODE))?;
    } else if let Some(from) = &volume.projected {
        let mode = from.default_mode.unwrap_or(MODE);
        for source in from.sources.iter().flatten() {
            files.projection(source, mode)?;
        }
    } else {
        return Err(Trouble::config(format!(
            "volume {:?} is of a kind that is not supported for a process on this machine: configMap, secret, projected, downwardAPI, \
             emptyDir and hostPath are",
            volume.name
        )));
    }
    Ok(Contents::Files(files.found))
}

/// Files being collected.
struct Files<'a> {
    by: String,
    pod: &'a Pod,
    container: &'a Container,
    sources: &'a Sources<'a>,
    token: &'a dyn Fn(&str) -> Option<String>,
    found: BTreeMap<String, File>,
}

impl Files<'_> {
    fn projection(&mut self, source: &VolumeProjection, mode: i32) -> Result<(), Trouble> {
        if let Some(from) = &source.config_map {
            return self.config_map(&from.name, from.items.as_deref(), from.optional, mode);
        }
        if let Some(from) = &source.secret {
            return self.secret(&from.name, from.items.as_deref(), from.optional, mode);
        }
        if let Some(from) = &source.downward_api {
            return self.downward(from.items.as_deref().unwrap_or_default(), mode);
        }
        if let Some(from) = &source.service_account_token {
            let token = (self.token)(&from.path).ok_or_else(|| Trouble::run(format!("{}: there is no token", self.by)))?;
            // As upstream: nobody but the process's user reads it.
            return self.add(&from.path, token.into_bytes(), 0o600);
        }
        Err(Trouble::config(format!("{}: a projected source of this kind is not supported for a process on this machine", self.by)))
    }

    fn config_map(&mut self, name: &str, items: Option<&[KeyToPath]>, optional: Option<bool>, mode: i32) -> Result<(), Trouble> {
        let found = (self.sources.config_map)(name).map(|map: std::sync::Arc<ConfigMap>| {
            let texts = map.data.iter().flatten().map(|(key, value)| (key.clone(), value.clone().into_bytes()));
            texts.chain(map.binary_data.iter().flatten().map(|(key, value)| (key.clone(), value.0.clone()))).collect()
        });
        self.keys("ConfigMap", name, found, items, optional, mode)
    }

    fn secret(&mut self, name: &str, items: Option<&[KeyToPath]>, optional: Option<bool>, mode: i32) -> Result<(), Trouble> {
        let found = (self.sources.secret)(name).map(|secret: std::sync::Arc<Secret>| {
            secret.data.iter().flatten().map(|(key, value)| (key.clone(), value.0.clone())).collect()
        });
        self.keys("Secret", name, found, items, optional, mode)
    }

    fn keys(
        &mut self,
        kind: &str,
        name: &str,
        found: Option<BTreeMap<String, Vec<u8>>>,
        items: Option<&[KeyToPath]>,
        optional: Option<bool>,
        mode: i32,
    ) -> Result<(), Trouble> {
        let optional = optional.unwrap_or(false);
        let Some(mut found) = found else {
            return if optional { Ok(()) } else { Err(self.awaits(format!("{kind} {name:?} does not exist (needed by {})", self.by))) };
        };
        let Some(items) = items.filter(|items| !items.is_empty()) else {
            return found.into_iter().try_for_each(|(key, content)| self.add(&key, content, mode));
        };
        for item in items {
            match found.get_mut(&item.key) {
                Some(content) => self.add(&item.path, content.clone(), item.mode.unwrap_or(mode))?,
                None if optional => {}
                None => return Err(self.awaits(format!("{kind} {name:?} has no key {:?} (needed by {})", item.key, self.by))),
            }
        }
        Ok(())
    }

    fn downward(&mut self, items: &[DownwardAPIVolumeFile], mode: i32) -> Result<(), Trouble> {
        for item in items {
            let value = match (&item.field_ref, &item.resource_field_ref) {
                (Some(reference), _) => {
                    whole(self.pod, &reference.field_path).or_else(|| field(self.pod, &reference.field_path, self.sources.pod_ip))
                }
                (None, Some(reference)) => {
                    let named = reference.container_name.as_deref().unwrap_or(&self.container.name);
                    let containers = self.pod.spec.iter().flat_map(|spec| &spec.containers);
                    let of = containers.into_iter().find(|container| container.name == named).unwrap_or(self.container);
                    quantity::resource_field(self.pod, of, reference)
                }
                (None, None) => None,
            };
            let value =
                value.ok_or_else(|| Trouble::config(format!("{}: {:?} refers to no field that a file can hold", self.by, item.path)))?;
            self.add(&item.path, value.into_bytes(), item.mode.unwrap_or(mode))?;
        }
        Ok(())
    }

    fn add(&mut self, path: &str, content: Vec<u8>, mode: i32) -> Result<(), Trouble> {
        let inside =
            !path.is_empty() && !path.starts_with('/') && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
        if !inside || path.starts_with("..") || path.contains('\0') {
            return Err(Trouble::config(format!("{}: {path:?} is no path within it", self.by)));
        }
        let mode = u32::try_from(mode).unwrap_or_default() & 0o777;
        self.found.insert(path.to_owned(), File { content, mode });
        Ok(())
    }

    fn awaits(&self, message: String) -> Trouble {
        Trouble { awaits_config: true, ..Trouble::config(message) }
    }
}

/// All labels or annotations, as Kubernetes writes them into one file.
fn whole(pod: &Pod, path: &str) -> Option<String> {
    let map = match path {
        "metadata.labels" => pod.metadata.labels.as_ref(),
        "metadata.annotations" => pod.metadata.annotations.as_ref(),
        _ => return None,
    };
    let lines: Vec<String> = map.into_iter().flatten().map(|(key, value)| format!("{key}={value:?}")).collect();
    Some(lines.join("\n"))
}
