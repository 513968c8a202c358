//! Rules of a pod's volumes.
//!
//! This module must not know where volumes are mounted, only whether they are.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{
    Container, DownwardAPIVolumeFile, EmptyDirVolumeSource, KeyToPath, ServiceAccountTokenProjection, Volume, VolumeProjection,
};

use super::mask;
use crate::config::Features;
use crate::field_error::FieldErrors;
use crate::go::quote;
use crate::kubernetes;
use crate::quantity::Quantity;

/// A pod's volumes by name.
pub(super) type Volumes<'a> = BTreeMap<&'a str, &'a Volume>;

/// The volumes that these containers mount.
pub(super) fn mounted<'a>(containers: impl Iterator<Item = &'a Container>) -> BTreeSet<&'a str> {
    containers.flat_map(|container| container.volume_mounts.iter().flatten()).map(|mount| mount.name.as_str()).collect()
}

pub(super) fn validate<'a>(volumes: &'a [Volume], mounted: &BTreeSet<&str>, features: &Features) -> (Volumes<'a>, FieldErrors) {
    let mut by_name = Volumes::new();
    let mut errors = FieldErrors::none();
    for (index, volume) in volumes.iter().enumerate() {
        let name = volume.name.as_str();
        let mut found = one(volume, features);
        if by_name.insert(name, volume).is_some() {
            found.extend([FieldErrors::generic(format!("duplicate volume name {}", quote(name)), &["name"])]);
        }
        if !mounted.contains(name) {
            found.extend([FieldErrors::generic(format!("volume with name {} not mounted", quote(name)), &["name"])]);
        }
        errors.extend([found.via_index(index)]);
    }
    (by_name, errors)
}

fn one(volume: &Volume, features: &Features) -> FieldErrors {
    let of_name = if volume.name.is_empty() {
        FieldErrors::missing(&["name"])
    } else if kubernetes::dns1123_label(&volume.name).is_empty() {
        FieldErrors::none()
    } else {
        FieldErrors::invalid(&volume.name, "name")
    };
    [of_name, gated(volume, features), mask::check(volume, &mask::volume(features)), contents(volume), sources(volume, features)]
        .into_iter()
        .collect()
}

/// Kinds of volumes that must be switched on, not merely allowed.
fn gated(volume: &Volume, features: &Features) -> FieldErrors {
    let mut errors = FieldErrors::none();
    if let Some(claim) = &volume.persistent_volume_claim {
        let name = &claim.claim_name;
        if !features.podspec_persistent_volume_claim.is_enabled() {
            let message = format!("Persistent volume claim support is disabled, but found persistent volume claim {name}");
            errors.extend([FieldErrors::generic(message, &[])]);
        }
        if claim.read_only != Some(true) && !features.podspec_persistent_volume_write.is_enabled() {
            let message =
                format!("Persistent volume write support is disabled, but found persistent volume claim {name} that is not read-only");
            errors.extend([FieldErrors::generic(message, &[])]);
        }
    }
    let kinds = [
        ("Image", volume.image.is_some(), features.podspec_volumes_image),
        ("EmptyDir", volume.empty_dir.is_some(), features.podspec_volumes_empty_dir),
        ("HostPath", volume.host_path.is_some(), features.podspec_volumes_host_path),
        ("CSI", volume.csi.is_some(), features.podspec_volumes_csi),
        ("Ephemeral", volume.ephemeral.is_some(), features.podspec_volumes_ephemeral),
    ];
    for (kind, _, _) in kinds.into_iter().filter(|(_, found, flag)| *found && !flag.is_enabled()) {
        let message = format!("{kind} volume support is disabled, but found {kind} volume {}", volume.name);
        errors.extend([FieldErrors::generic(message, &[])]);
    }
    errors
}

/// Exactly one source.
fn sources(volume: &Volume, features: &Features) -> FieldErrors {
    let kinds = [
        ("secret", volume.secret.is_some(), true),
        ("configMap", volume.config_map.is_some(), true),
        ("projected", volume.projected.is_some(), true),
        ("emptyDir", volume.empty_dir.is_some(), features.podspec_volumes_empty_dir.is_enabled()),
        ("persistentVolumeClaim", volume.persistent_volume_claim.is_some(), features.podspec_persistent_volume_claim.is_enabled()),
        ("hostPath", volume.host_path.is_some(), features.podspec_volumes_host_path.is_enabled()),
        ("csi", volume.csi.is_some(), features.podspec_volumes_csi.is_enabled()),
        ("ephemeral", volume.ephemeral.is_some(), features.podspec_volumes_ephemeral.is_enabled()),
        ("image", volume.image.is_some(), features.podspec_volumes_image.is_enabled()),
    ];
    let found: Vec<&str> = kinds.iter().filter(|(_, found, _)| *found).map(|(kind, _, _)| *kind).collect();
    match found.len() {
        0 => {
            let possible: Vec<&str> = kinds.iter().filter(|(_, _, possible)| *possible).map(|(kind, _, _)| *kind).collect();
            FieldErrors::missing_one_of(&possible)
        }
        1 => FieldErrors::none(),
        _ => FieldErrors::multiple_one_of(&found),
    }
}

fn contents(volume: &Volume) -> FieldErrors {
    let mut errors = FieldErrors::none();
    let secret = volume.secret.as_ref().and_then(|secret| secret.items.as_deref());
    let config_map = volume.config_map.as_ref().and_then(|config_map| config_map.items.as_deref());
    errors.extend([items(secret), items(config_map)]);
    if let Some(projected) = &volume.projected {
        let sources = projected.sources.iter().flatten().enumerate();
        errors.extend(sources.map(|(index, source)| projection(source).via_field_index("projected", index)));
    }
    if let Some(dir) = &volume.empty_dir {
        errors.extend([empty_dir(dir).via_field("emptyDir")]);
    }
    if let Some(image) = &volume.image
        && image.reference.as_deref().unwrap_or_default().is_empty()
    {
        errors.extend([FieldErrors::missing(&["image.reference"])]);
    }
    errors
}

fn items(items: Option<&[KeyToPath]>) -> FieldErrors {
    let check = |(index, item): (usize, &KeyToPath)| {
        let missing: Vec<&str> =
            [("key", &item.key), ("path", &item.path)].into_iter().filter(|(_, v)| v.is_empty()).map(|(f, _)| f).collect();
        let missing = if missing.is_empty() { FieldErrors::none() } else { FieldErrors::missing(&missing) };
        mask::check(item, mask::KEY_TO_PATH).also(missing).via_field_index("items", index)
    };
    items.unwrap_or_default().iter().enumerate().map(check).collect()
}

fn projection(source: &VolumeProjection) -> FieldErrors {
    let mut errors = mask::check(source, mask::PROJECTION);
    let mut found = Vec::new();
    let named = |name: &str| if name.is_empty() { FieldErrors::missing(&["name"]) } else { FieldErrors::none() };
    if let Some(secret) = &source.secret {
        found.push("secret");
        errors.extend([named(&secret.name).also(items(secret.items.as_deref())).via_field("secret")]);
    }
    if let Some(config_map) = &source.config_map {
        found.push("configMap");
        errors.extend([named(&config_map.name).also(items(config_map.items.as_deref())).via_field("configMap")]);
    }
    if let Some(token) = &source.service_account_token {
        found.push("serviceAccountToken");
        errors.extend([service_account_token(token).via_field("serviceAccountToken")]);
    }
    if let Some(downward) = &source.downward_api {
        found.push("downwardAPI");
        let files = downward.items.iter().flatten().enumerate();
        errors.extend(files.map(|(index, file)| downward_file(file).via_field_index("items", index).via_field("downwardAPI")));
    }
    match found.len() {
        0 => errors.also(FieldErrors::missing_one_of(mask::PROJECTION)),
        1 => errors,
        _ => errors.also(FieldErrors::multiple_one_of(&found)),
    }
}

fn service_account_token(token: &ServiceAccountTokenProjection) -> FieldErrors {
    let missing = if token.path.is_empty() { FieldErrors::missing(&["path"]) } else { FieldErrors::none() };
    mask::check(token, mask::TOKEN).also(missing)
}

fn downward_file(file: &DownwardAPIVolumeFile) -> FieldErrors {
    let mut errors = mask::check(file, mask::DOWNWARD_FILE);
    match (&file.field_ref, &file.resource_field_ref) {
        (None, None) => errors.extend([FieldErrors::missing_one_of(&["fieldRef", "resourceFieldRef"])]),
        (Some(_), Some(_)) => {
            errors.extend([FieldErrors::generic("Within a single item, cannot set both", &["resourceFieldRef", "fieldRef"])]);
        }
        _ => {}
    }
    if file.path.is_empty() {
        errors.extend([FieldErrors::missing(&["path"])]);
    }
    errors
}

fn empty_dir(dir: &EmptyDirVolumeSource) -> FieldErrors {
    let mut errors = FieldErrors::none();
    let medium = dir.medium.as_deref().unwrap_or_default();
    if !matches!(medium, "" | "Memory") {
        errors.extend([FieldErrors::invalid(medium, "medium")]);
    }
    if let Some(limit) = &dir.size_limit
        && limit.0.parse::<Quantity>().is_ok_and(|limit| limit.sign().is_lt())
    {
        errors.extend([FieldErrors::invalid(&limit.0, "sizeLimit")]);
    }
    errors
}
