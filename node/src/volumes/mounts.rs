//! What is mounted where: sources checked, mount points there. The mounting itself happens in each process, between its
//! making and its program.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use k8s_openapi::api::core::v1::VolumeMount;
use nix::unistd::{Gid, Uid};

use crate::expand::expand;
use crate::pod::blueprint::Trouble;
use crate::spawn::Bind;

/// One mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mount {
    pub source: PathBuf,
    pub target: PathBuf,
    pub read_only: bool,
}

/// All mounts of a container, the outer ones first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Mounts(Vec<Mount>);

impl Mounts {
    /// For the process to be started.
    pub(crate) fn binds(&self) -> Result<Arc<[Bind]>, Trouble> {
        let text = |path: &Path| CString::new(path.as_os_str().as_bytes()).map_err(|_| Trouble::config("a mountPath contains a NUL byte"));
        self.0
            .iter()
            .map(|mount| Ok(Bind { source: text(&mount.source)?, target: text(&mount.target)?, read_only: mount.read_only }))
            .collect()
    }

    /// Where a path that the process will see is on this machine.
    pub(crate) fn real(&self, path: &Path) -> PathBuf {
        let inner = self.0.iter().rev().find_map(|mount| Some(mount.source.join(path.strip_prefix(&mount.target).ok()?)));
        // Joining nothing leaves a slash behind, which a file does not bear.
        inner.map_or_else(|| path.to_owned(), |path| path.components().collect())
    }
}

/// Sources by the volumes' names, each with whether it may only be read.
pub(super) type Sources = BTreeMap<String, (PathBuf, bool)>;

/// Finds what is to be mounted, and makes mount points that are missing.
pub(super) fn plan(
    wanted: &[VolumeMount],
    sources: &Sources,
    environment: &BTreeMap<String, String>,
    user: Option<(Uid, Gid)>,
) -> Result<Mounts, Trouble> {
    let mut mounts = Vec::new();
    for mount in wanted {
        let Some((source, read_only)) = sources.get(&mount.name) else { continue };
        let target = PathBuf::from(&mount.mount_path);
        if !target.is_absolute() || target.components().any(|part| part == Component::ParentDir) {
            return Err(Trouble::config(format!("mountPath {:?} is not an absolute path", mount.mount_path)));
        }
        let sub = match (&mount.sub_path_expr, &mount.sub_path) {
            (Some(expression), _) if !expression.is_empty() => expand(expression, environment),
            (_, Some(path)) => path.clone(),
            _ => String::new(),
        };
        let source = if sub.is_empty() { source.clone() } else { below(source, &sub, *read_only, user)? };
        mounts.push(Mount { source, target, read_only: *read_only || mount.read_only.unwrap_or(false) });
    }
    // What lies within another mount must come after it.
    mounts.sort_by_key(|mount| mount.target.components().count());
    let mounts = Mounts(mounts);
    mounts.0.iter().try_for_each(|mount| mount_point(&mounts, mount))?;
    Ok(mounts)
}

/// A path within a volume, which must not lead out of it.
fn below(volume: &Path, sub: &str, read_only: bool, user: Option<(Uid, Gid)>) -> Result<PathBuf, Trouble> {
    let parts = || Path::new(sub).components();
    if parts().any(|part| !matches!(part, Component::Normal(_) | Component::CurDir)) {
        return Err(Trouble::config(format!("subPath {sub:?} leads out of its volume")));
    }
    let path = volume.join(sub);
    if !path.exists() && !read_only {
        let made = fs::create_dir_all(&path).and_then(|()| match user {
            Some((user, group)) => Ok(nix::unistd::chown(&path, Some(user), Some(group))?),
            None => Ok(()),
        });
        made.map_err(|error| Trouble::run(format!("subPath {sub:?}: {error}")))?;
    }
    let trouble = |error: std::io::Error| Trouble { awaits_config: true, ..Trouble::config(format!("subPath {sub:?}: {error}")) };
    // Links are followed here once and for all: what is mounted stays, as upstream says of subPath.
    let (real, volume) = (path.canonicalize().map_err(trouble)?, volume.canonicalize().map_err(trouble)?);
    if !real.starts_with(&volume) {
        return Err(Trouble::config(format!("subPath {sub:?} leads out of its volume")));
    }
    Ok(real)
}

/// Sees to it that there is something to mount on: what is missing is made, empty, and stays, because another pod's process
/// may have something mounted on it by then.
fn mount_point(mounts: &Mounts, mount: &Mount) -> Result<(), Trouble> {
    let outer = Mounts(mounts.0.iter().take_while(|other| *other != mount).cloned().collect());
    let (point, is_file) = (outer.real(&mount.target), mount.source.is_file());
    let shown = mount.target.display();
    match fs::metadata(&point) {
        Ok(metadata) if metadata.is_dir() == is_file => {
            let (is, wanted) = if is_file { ("a directory", "a file") } else { ("a file", "a directory") };
            return Err(Trouble::config(format!("mountPath {shown} is {is} on this machine, and the volume has {wanted} there")));
        }
        Ok(_) => return Ok(()),
        Err(_) => {}
    }
    let made = match (is_file, point.parent()) {
        (true, Some(parent)) => fs::create_dir_all(parent).and_then(|()| fs::File::create(&point).map(drop)),
        _ => fs::create_dir_all(&point),
    };
    made.map_err(|error| {
        Trouble::run(format!(
            "mountPath {shown} does not exist on this machine, and ebb cannot make it ({error}); make it by hand, or choose a path where \
             user {} may write",
            nix::unistd::geteuid()
        ))
    })
}
