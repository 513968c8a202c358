//! The programs that Ebb is measured against: `kubectl`, `kube-apiserver`, `etcd`, `kn` and a Python with the official
//! client. `scripts/peers` makes them; here they are only found. It must not build or download anything.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Result;

/// A peer: the variable that overrides where it is, and its name in the cache or on the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// `kubectl`.
    Kubectl,
    /// `kube-apiserver`.
    KubeApiserver,
    /// `etcd`, which comes from the system's packages.
    Etcd,
    /// `kn`.
    Kn,
    /// A Python in which the official Kubernetes client is installed.
    Python,
}

impl Peer {
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Kubectl => ("EBB_KUBECTL", "bin/kubectl"),
            Self::KubeApiserver => ("EBB_KUBE_APISERVER", "bin/kube-apiserver"),
            Self::Etcd => ("EBB_ETCD", "bin/etcd"),
            Self::Kn => ("EBB_KN", "bin/kn"),
            Self::Python => ("EBB_PYTHON", "python/bin/python"),
        }
    }
}

/// Where a peer is: what its variable says, else what `scripts/peers` made. `None` when there is none, which `CI=true`
/// makes a failure: there nothing may be skipped.
///
/// # Errors
/// When the variable names no file, or there is none in CI.
pub fn find(peer: Peer) -> Result<Option<PathBuf>> {
    let (variable, path) = peer.names();
    if let Some(named) = std::env::var_os(variable) {
        let named = PathBuf::from(named);
        return if named.is_file() { Ok(Some(named)) } else { Err(format!("{variable} names no file: {}", named.display()).into()) };
    }
    let made = cache()?.join(path);
    if made.is_file() {
        return Ok(Some(made));
    }
    if std::env::var("CI").is_ok_and(|ci| ci == "true") {
        return Err(format!("{} is not there: run scripts/peers, or set {variable}", made.display()).into());
    }
    eprintln!("SKIPPED: {} is not there; scripts/peers makes it, or {variable} says where it is", made.display());
    Ok(None)
}

/// The directory of this version's peers, as the script names it.
fn cache() -> Result<PathBuf> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/peers");
    let output = Command::new(script).arg("--where").output()?;
    if !output.status.success() {
        return Err(format!("scripts/peers --where: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(PathBuf::from(String::from_utf8(output.stdout)?.trim()))
}
