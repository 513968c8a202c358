//! Rules of a container's volume mounts.
//!
//! This module must not touch any file.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Volume, VolumeMount};

use super::mask;
use super::volume::Volumes;
use crate::config::Features;
use crate::field_error::FieldErrors;
use crate::go::quote;

const RESERVED_PATHS: [&str; 3] = ["/", "/dev", "/dev/log"];

pub(super) fn validate(mounts: &[VolumeMount], volumes: &Volumes<'_>, features: &Features) -> FieldErrors {
    let mut seen = BTreeSet::new();
    let check = |(index, mount): (usize, &VolumeMount)| {
        let volume = volumes.get(mount.name.as_str()).copied();
        let unmatched = match volume {
            None => FieldErrors::generic("volumeMount has no matching volume", &["name"]),
            Some(_) => FieldErrors::none(),
        };
        mask::check(mount, &mask::volume_mount(features))
            .also(unmatched)
            .also(path(&mount.mount_path, &mut seen))
            .also(read_only(mount, volume))
            .also(propagation(mount, features))
            .via_index(index)
    };
    mounts.iter().enumerate().map(check).collect()
}

fn path(path: &str, seen: &mut BTreeSet<String>) -> FieldErrors {
    let cleaned = clean(path);
    let errors = if path.is_empty() {
        FieldErrors::missing(&["mountPath"])
    } else if RESERVED_PATHS.contains(&cleaned.as_str()) {
        FieldErrors::generic(format!("mountPath {} is a reserved path", quote(&cleaned)), &["mountPath"])
    } else if !path.starts_with('/') {
        FieldErrors::invalid(path, "mountPath")
    } else if seen.contains(&cleaned) {
        FieldErrors::invalid(format!("{} must be unique", quote(path)), "mountPath")
    } else {
        FieldErrors::none()
    };
    seen.insert(cleaned);
    errors
}

/// The shortest spelling of a path, as Go's `path.Clean`.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !matches!(*part, "" | ".")) {
        match part {
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (rooted, joined.is_empty()) {
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

fn read_only(mount: &VolumeMount, volume: Option<&Volume>) -> FieldErrors {
    let mounted_read_only = mount.read_only == Some(true);
    let writable = volume.is_some_and(|v| v.empty_dir.is_some() || v.persistent_volume_claim.is_some() || v.ephemeral.is_some());
    let claim_read_only = volume.and_then(|v| v.persistent_volume_claim.as_ref()).is_some_and(|claim| claim.read_only == Some(true));
    let message = if mounted_read_only {
        return FieldErrors::none();
    } else if !writable {
        "volume mount should be readOnly for this type of volume"
    } else if claim_read_only {
        "volume is readOnly but volume mount is not"
    } else {
        return FieldErrors::none();
    };
    FieldErrors::generic(message, &["readOnly"])
}

fn propagation(mount: &VolumeMount, features: &Features) -> FieldErrors {
    let Some(propagation) = mount.mount_propagation.as_deref() else { return FieldErrors::none() };
    let mut errors = FieldErrors::none();
    if !features.podspec_volumes_mount_propagation.is_enabled() {
        let message = format!("Volume Mount Propagation support is disabled, but found volume mount {} with mount propagation", mount.name);
        errors.extend([FieldErrors::generic(message, &[])]);
    }
    if !matches!(propagation, "None" | "HostToContainer") {
        let message = "mount propagation should be set to None or HostToContainer";
        errors.extend([FieldErrors::generic(message, &["mountPropagation"])]);
    }
    errors
}
