//! Paths: what a request is about.

use super::query::decode;

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Path {
    /// `/`.
    Root,
    /// `/healthz`, `/livez`, `/readyz`, and one check below them.
    Health { of: &'static str, check: Option<String> },
    /// `/metrics`.
    Metrics,
    /// `/version`.
    Version,
    /// `/api`.
    CoreVersions,
    /// `/apis`.
    Groups,
    /// `/apis/GROUP`.
    Group(String),
    /// `/api/v1` (group is empty) or `/apis/GROUP/VERSION`.
    Resources { group: String, version: String },
    /// `/openapi/v2`.
    OpenApi2,
    /// `/openapi/v3`.
    OpenApi,
    /// `/openapi/v3/api/v1` and `/openapi/v3/apis/GROUP/VERSION`.
    OpenApiDocument { group: String, version: String },
    /// Something within a version.
    Resource(Target),
    /// Within a version, but deeper than anything is.
    TooDeep { group: String },
    /// Nothing of ours.
    Unknown,
}

/// A collection, an object or a subresource.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// API group, empty for core.
    pub group: String,
    /// Version.
    pub version: String,
    /// Namespace, or empty.
    pub namespace: String,
    /// Plural name.
    pub resource: String,
    /// Name, or empty for the collection.
    pub name: String,
    /// What follows the name, or empty.
    pub subresource: String,
}

/// Takes a path apart.
pub fn parse(path: &str) -> Path {
    let segments: Vec<String> = path.split('/').skip(1).map(|segment| decode(segment, false)).collect();
    let mut segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    // A slash at the end is no part of the name.
    if segments.last() == Some(&"") {
        segments.pop();
    }
    // A name cannot hide a slash, and none is empty.
    if segments.iter().any(|segment| segment.is_empty() || segment.contains('/')) {
        return Path::Unknown;
    }
    match segments.as_slice() {
        [] => Path::Root,
        [of @ ("healthz" | "livez" | "readyz"), check @ ..] => health(of, check),
        ["metrics"] => Path::Metrics,
        ["openapi", "v2"] => Path::OpenApi2,
        ["version"] => Path::Version,
        ["api"] => Path::CoreVersions,
        ["apis"] => Path::Groups,
        ["apis", group] => Path::Group((*group).into()),
        ["api", version] => Path::Resources { group: String::new(), version: (*version).into() },
        ["apis", group, version] => Path::Resources { group: (*group).into(), version: (*version).into() },
        ["openapi", "v3"] => Path::OpenApi,
        ["openapi", "v3", "api", version] => Path::OpenApiDocument { group: String::new(), version: (*version).into() },
        ["openapi", "v3", "apis", group, version] => Path::OpenApiDocument { group: (*group).into(), version: (*version).into() },
        ["api", version, rest @ ..] => within("", version, rest),
        ["apis", group, version, rest @ ..] => within(group, version, rest),
        _ => Path::Unknown,
    }
}

fn health(of: &str, check: &[&str]) -> Path {
    let of = match of {
        "livez" => "livez",
        "readyz" => "readyz",
        _ => "healthz",
    };
    Path::Health { of, check: Some(check.join("/")).filter(|check| !check.is_empty()) }
}

fn within(group: &str, version: &str, rest: &[&str]) -> Path {
    let target = |namespace: &str, resource: &str, name: &str, subresource: &str| {
        Path::Resource(Target {
            group: group.into(),
            version: version.into(),
            namespace: namespace.into(),
            resource: resource.into(),
            name: name.into(),
            subresource: subresource.into(),
        })
    };
    match *rest {
        // Namespaces are objects as well as prefixes; two of their subresources look like resources.
        ["namespaces", name] => target("", "namespaces", name, ""),
        ["namespaces", name, subresource @ ("status" | "finalize")] if group.is_empty() => target("", "namespaces", name, subresource),
        ["namespaces", namespace, resource] => target(namespace, resource, "", ""),
        ["namespaces", namespace, resource, name] => target(namespace, resource, name, ""),
        ["namespaces", namespace, resource, name, subresource] => target(namespace, resource, name, subresource),
        [resource] => target("", resource, "", ""),
        [resource, name] => target("", resource, name, ""),
        [resource, name, subresource] => target("", resource, name, subresource),
        _ => Path::TooDeep { group: group.into() },
    }
}

#[cfg(test)]
#[path = "path_tests.rs"]
mod tests;
