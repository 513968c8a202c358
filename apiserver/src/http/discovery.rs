//! Discovery: which groups, versions and resources there are, plain. What a resource tells of itself is gathered here for the
//! aggregated form, too, which is in `aggregated`.

use std::sync::Arc;

use base64::Engine as _;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::reviews::{REVIEWS, is_namespaced};
use crate::access::certificates;
use crate::error::ApiError;
use crate::kinds::{Kind, Version, builtin};
use crate::write::Core;

const VERBS: [&str; 8] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
/// Namespaces are not deleted all at once.
const VERBS_OF_NAMESPACES: [&str; 7] = ["create", "delete", "get", "list", "patch", "update", "watch"];
/// Custom kinds name the same verbs in another order.
const VERBS_OF_CUSTOM: [&str; 8] = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];
const EDIT: [&str; 3] = ["get", "patch", "update"];

/// The groups of built-in kinds in the order in which clients look for a name. Custom ones follow, by name.
const ORDER: [&str; 18] = [
    "",
    "apiregistration.k8s.io",
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "scheduling.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
];

/// `/version`. The numbers are those of the Kubernetes API that is spoken, because clients compare them.
pub fn version() -> Value {
    json!({
        "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36", "minCompatibilityMajor": "1", "minCompatibilityMinor": "35",
        "gitVersion": concat!("v1.36.3+ebb.", env!("CARGO_PKG_VERSION")), "gitCommit": "",
        "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z", "goVersion": "none", "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH.replace("x86_64", "amd64").replace("aarch64", "arm64")),
    })
}

/// `/api`.
pub fn core_versions() -> Value {
    json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
}

/// A part of a resource, below its objects.
pub struct Part {
    /// Such as `scale`.
    pub name: &'static str,
    /// Group, version and kind of what is sent and received; empty group and version are the resource's own.
    pub of: (&'static str, &'static str, String),
    /// What can be done with it.
    pub verbs: &'static [&'static str],
}

/// A resource in one version.
pub struct Listed {
    /// Plural name.
    pub resource: String,
    /// Singular name.
    pub singular: String,
    /// Kind.
    pub kind: String,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
    /// Whether a definition made it.
    pub custom: bool,
    /// What can be done with it.
    pub verbs: &'static [&'static str],
    /// Short names.
    pub short_names: Vec<String>,
    /// Categories.
    pub categories: Vec<String>,
    /// A digest of how objects are kept; empty when none are.
    pub storage_hash: String,
    /// What is below its objects.
    pub parts: Vec<Part>,
}

/// A version of a group.
pub struct GroupVersion {
    /// Such as `v1`.
    pub version: String,
    /// Its resources, by name.
    pub resources: Vec<Listed>,
}

/// A group.
pub struct Group {
    /// Empty for core.
    pub name: String,
    /// Its versions, the preferred one first.
    pub versions: Vec<GroupVersion>,
}

/// Everything that is served.
pub fn all(core: &Core) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut kinds: Vec<Arc<Kind>> = core.registry.kinds();
    kinds.sort_by(|one, other| (&one.group, &one.resource).cmp(&(&other.group, &other.resource)));
    for kind in &kinds {
        for version in &kind.versions {
            place(&mut groups, &kind.group, &version.name, listed(kind, version));
        }
    }
    for (group, resource, kind) in REVIEWS {
        place(&mut groups, group, "v1", review(resource, kind));
    }
    let rank = |name: &str| ORDER.iter().position(|known| *known == name).unwrap_or(ORDER.len());
    groups.sort_by(|one, other| (rank(&one.name), &one.name).cmp(&(rank(&other.name), &other.name)));
    for group in &mut groups {
        group.versions.sort_by_key(|version| std::cmp::Reverse(crate::kinds::custom::priority(&version.version)));
    }
    groups
}

fn place(groups: &mut Vec<Group>, group: &str, version: &str, resource: Listed) {
    let at = groups.iter().position(|known| known.name == group).unwrap_or_else(|| {
        groups.push(Group { name: group.into(), versions: Vec::new() });
        groups.len() - 1
    });
    let versions = &mut groups[at].versions;
    let at = versions.iter().position(|known| known.version == version).unwrap_or_else(|| {
        versions.push(GroupVersion { version: version.into(), resources: Vec::new() });
        versions.len() - 1
    });
    versions[at].resources.push(resource);
}

fn listed(kind: &Kind, version: &Version) -> Listed {
    let verbs: &[&str] = match kind.custom {
        true => &VERBS_OF_CUSTOM,
        false if kind.group.is_empty() && kind.resource == builtin::NAMESPACES => &VERBS_OF_NAMESPACES,
        false => &VERBS,
    };
    // Kubernetes keeps definitions in the version in which they began, and clients know them by that.
    let stored = if kind.qualified() == builtin::DEFINITIONS { "v1beta1" } else { kind.stored.as_str() };
    let kept = kind.form.map_or_else(|| format!("{}/{stored}", kind.group), |form| format!("/{}", form.kept_as));
    let digest = Sha256::digest(format!("{kept}/{}", kind.kind));
    Listed {
        resource: kind.resource.clone(),
        singular: kind.singular.clone(),
        kind: kind.kind.clone(),
        namespaced: kind.namespaced,
        custom: kind.custom,
        verbs,
        short_names: kind.short_names.clone(),
        categories: kind.categories.clone(),
        storage_hash: base64::engine::general_purpose::STANDARD.encode(&digest[..8]),
        parts: parts(kind, version),
    }
}

fn parts(kind: &Kind, version: &Version) -> Vec<Part> {
    let own = || ("", "", kind.kind.clone());
    let mut parts = Vec::new();
    if version.status {
        parts.push(Part { name: "status", of: own(), verbs: &EDIT });
    }
    if version.scale.is_some() {
        parts.push(Part { name: "scale", of: ("autoscaling", "v1", "Scale".into()), verbs: &EDIT });
    }
    if kind.group.is_empty() {
        for (resource, name, of, verbs) in builtin::PARTS {
            if kind.resource == *resource {
                parts.push(Part { name, of: (of.0, of.1, of.2.into()), verbs });
            }
        }
    }
    if certificates::is_request(kind) {
        parts.push(Part { name: "approval", of: own(), verbs: &EDIT });
    }
    if !kind.custom {
        parts.sort_by_key(|part| part.name);
    }
    parts
}

fn review(resource: &str, kind: &str) -> Listed {
    Listed {
        resource: resource.into(),
        singular: kind.to_lowercase(),
        kind: kind.into(),
        namespaced: is_namespaced(resource),
        custom: false,
        verbs: &["create"],
        short_names: Vec::new(),
        categories: Vec::new(),
        storage_hash: String::new(),
        parts: Vec::new(),
    }
}

fn group_value(group: &Group) -> Value {
    let name = &group.name;
    let version = |version: &GroupVersion| json!({"groupVersion": format!("{name}/{}", version.version), "version": version.version});
    let versions: Vec<Value> = group.versions.iter().map(version).collect();
    json!({"name": name, "versions": versions, "preferredVersion": versions.first()})
}

/// `/apis`.
pub fn groups(core: &Core) -> Value {
    let groups: Vec<Value> = all(core).iter().filter(|group| !group.name.is_empty()).map(group_value).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// `/apis/GROUP`.
///
/// # Errors
/// 404 as plain text.
pub fn group(core: &Core, group: &str) -> Result<Value, ApiError> {
    let all = all(core);
    let found = all.iter().find(|known| known.name == group && !group.is_empty()).ok_or_else(ApiError::page_not_found)?;
    let value = group_value(found);
    Ok(json!({"kind": "APIGroup", "apiVersion": "v1", "name": value["name"], "versions": value["versions"],
        "preferredVersion": value["preferredVersion"]}))
}

/// `/api/v1` and `/apis/GROUP/VERSION`.
///
/// # Errors
/// 404: as plain text for a group that nobody knows, as a Status for a version.
pub fn resources(core: &Core, group: &str, version: &str) -> Result<Value, ApiError> {
    let all = all(core);
    let found = all.iter().find(|known| known.name == group).ok_or_else(ApiError::page_not_found)?;
    let custom = found.versions.iter().flat_map(|version| &version.resources).all(|resource| resource.custom);
    let found = found.versions.iter().find(|known| known.version == version);
    let found = found.ok_or_else(|| if custom { ApiError::page_not_found() } else { ApiError::no_such_resource() })?;
    let resources: Vec<Value> = found.resources.iter().flat_map(describe).collect();
    // As in Kubernetes, the core group says no version of its list, because it never has.
    Ok(match group {
        "" => json!({"kind": "APIResourceList", "groupVersion": version, "resources": resources}),
        _ => json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": format!("{group}/{version}"), "resources": resources}),
    })
}

fn describe(resource: &Listed) -> Vec<Value> {
    let mut main = json!({
        "name": resource.resource, "singularName": resource.singular, "namespaced": resource.namespaced, "kind": resource.kind,
        "verbs": resource.verbs,
    });
    for (name, list) in [("shortNames", &resource.short_names), ("categories", &resource.categories)] {
        if !list.is_empty() {
            main[name] = json!(list);
        }
    }
    if !resource.storage_hash.is_empty() {
        main["storageVersionHash"] = json!(resource.storage_hash);
    }
    let part = |part: &Part| {
        let (group, version, kind) = &part.of;
        let mut value =
            json!({"name": format!("{}/{}", resource.resource, part.name), "singularName": "", "namespaced": resource.namespaced});
        for (name, text) in [("group", group), ("version", version)] {
            if !text.is_empty() {
                value[name] = (*text).into();
            }
        }
        value["kind"] = kind.as_str().into();
        value["verbs"] = json!(part.verbs);
        value
    };
    std::iter::once(main).chain(resource.parts.iter().map(part)).collect()
}

/// `/`: the paths that there are.
pub fn paths(core: &Core) -> Value {
    const FIXED: [&str; 13] = [
        "/api",
        "/api/v1",
        "/apis",
        "/apis/",
        "/healthz",
        "/healthz/ping",
        "/livez",
        "/livez/ping",
        "/metrics",
        "/openapi/v2",
        "/openapi/v3",
        "/readyz",
        "/version",
    ];
    let mut paths: Vec<String> = FIXED.iter().map(|path| (*path).to_owned()).collect();
    for group in all(core).iter().filter(|group| !group.name.is_empty()) {
        paths.push(format!("/apis/{}", group.name));
        paths.extend(group.versions.iter().map(|version| format!("/apis/{}/{}", group.name, version.version)));
    }
    paths.sort_unstable();
    json!({ "paths": paths })
}
