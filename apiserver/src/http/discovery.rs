//! Discovery: which groups, versions and resources there are. OpenAPI documents would be made from the same list.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::reviews::{REVIEWS, is_namespaced};
use crate::error::ApiError;
use crate::kinds::{Kind, Version, builtin};
use crate::write::Core;

const VERBS: [&str; 8] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// `/version`. The numbers are those of the Kubernetes API that is spoken, because clients compare them.
pub fn version() -> Value {
    json!({
        "major": "1", "minor": "34", "gitVersion": concat!("v1.34.0+ebb.", env!("CARGO_PKG_VERSION")), "gitCommit": "",
        "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z", "goVersion": "none", "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
    })
}

/// `/api`.
pub fn core_versions() -> Value {
    json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []})
}

/// Groups beyond core and their versions, the preferred one first.
fn versions_by_group(core: &Core) -> BTreeMap<String, Vec<String>> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let kinds = kinds(core);
    let served = kinds.iter().flat_map(|kind| kind.versions.iter().map(move |version| (kind.group.clone(), version.name.clone())));
    let reviews = REVIEWS.iter().map(|(group, _, _)| ((*group).to_owned(), "v1".to_owned()));
    for (group, version) in served.chain(reviews).filter(|(group, _)| !group.is_empty()) {
        let versions = groups.entry(group).or_default();
        if !versions.contains(&version) {
            versions.push(version);
        }
    }
    groups
}

fn kinds(core: &Core) -> Vec<Arc<Kind>> {
    core.registry.all().iter().map(|resource| resource.kind()).collect()
}

fn group_value(group: &str, versions: &[String]) -> Value {
    let versions: Vec<Value> =
        versions.iter().map(|version| json!({"groupVersion": format!("{group}/{version}"), "version": version})).collect();
    json!({"name": group, "versions": versions, "preferredVersion": versions.first()})
}

/// `/apis`.
pub fn groups(core: &Core) -> Value {
    let groups: Vec<Value> = versions_by_group(core).iter().map(|(group, versions)| group_value(group, versions)).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// `/apis/GROUP`.
///
/// # Errors
/// 404 as plain text.
pub fn group(core: &Core, group: &str) -> Result<Value, ApiError> {
    let groups = versions_by_group(core);
    let mut value = group_value(group, groups.get(group).ok_or_else(ApiError::page_not_found)?);
    (value["kind"], value["apiVersion"]) = ("APIGroup".into(), "v1".into());
    Ok(value)
}

/// `/api/v1` and `/apis/GROUP/VERSION`.
///
/// # Errors
/// 404 as plain text.
pub fn resources(core: &Core, group: &str, version: &str) -> Result<Value, ApiError> {
    let mut resources = Vec::new();
    for kind in kinds(core).iter().filter(|kind| kind.group == group) {
        if let Some(version) = kind.version(version) {
            resources.extend(describe(kind, version));
        }
    }
    if version == "v1" {
        let reviews = REVIEWS.iter().filter(|(of, _, _)| *of == group);
        resources.extend(reviews.map(|(_, resource, kind)| {
            json!({"name": resource, "singularName": kind.to_lowercase(), "namespaced": is_namespaced(resource), "kind": kind, "verbs": ["create"]})
        }));
    }
    if resources.is_empty() {
        return Err(ApiError::page_not_found());
    }
    let group_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    Ok(json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources}))
}

fn describe(kind: &Kind, version: &Version) -> Vec<Value> {
    let mut main = json!({
        "name": kind.resource, "singularName": kind.singular, "namespaced": kind.namespaced, "kind": kind.kind, "verbs": VERBS,
    });
    if !kind.short_names.is_empty() {
        main["shortNames"] = json!(kind.short_names);
    }
    if !kind.categories.is_empty() {
        main["categories"] = json!(kind.categories);
    }
    let part = |name: &str, of: &str, verbs: &[&str]| json!({"name": format!("{}/{name}", kind.resource), "singularName": "", "namespaced": kind.namespaced, "kind": of, "verbs": verbs});
    let mut all = vec![main];
    if version.status {
        all.push(part("status", &kind.kind, &["get", "patch", "update"]));
    }
    if version.scale.is_some() {
        let mut scale = part("scale", "Scale", &["get", "patch", "update"]);
        (scale["group"], scale["version"]) = ("autoscaling".into(), "v1".into());
        all.push(scale);
    }
    if kind.group.is_empty() && kind.resource == builtin::PODS {
        all.push(part("log", &kind.kind, &["get"]));
    }
    if kind.group.is_empty() && kind.resource == "serviceaccounts" {
        let mut token = part("token", "TokenRequest", &["create"]);
        (token["group"], token["version"]) = ("authentication.k8s.io".into(), "v1".into());
        all.push(token);
    }
    all
}
