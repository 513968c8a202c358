//! Case tables.

use super::{Path, Target, parse};

fn target(group: &str, namespace: &str, resource: &str, name: &str, subresource: &str) -> Path {
    let text = str::to_owned;
    Path::Resource(Target {
        group: text(group),
        version: "v1".into(),
        namespace: text(namespace),
        resource: text(resource),
        name: text(name),
        subresource: text(subresource),
    })
}

#[test]
fn paths_are_taken_apart() {
    for (path, wanted) in [
        ("/api/v1/pods", target("", "", "pods", "", "")),
        ("/api/v1/nodes/n", target("", "", "nodes", "n", "")),
        ("/api/v1/namespaces", target("", "", "namespaces", "", "")),
        ("/api/v1/namespaces/dev", target("", "", "namespaces", "dev", "")),
        ("/api/v1/namespaces/dev/status", target("", "", "namespaces", "dev", "status")),
        ("/api/v1/namespaces/dev/pods/", target("", "dev", "pods", "", "")),
        ("/api/v1/namespaces/dev/pods/p", target("", "dev", "pods", "p", "")),
        ("/api/v1/namespaces/dev/pods/p/log", target("", "dev", "pods", "p", "log")),
        ("/apis/apps/v1/namespaces/dev/deployments/d/scale", target("apps", "dev", "deployments", "d", "scale")),
        ("/apis/apps/v1/namespaces/dev/deployments/%64", target("apps", "dev", "deployments", "d", "")),
        ("/apis/apps", Path::Group("apps".into())),
        ("/apis/apps/v1", Path::Resources { group: "apps".into(), version: "v1".into() }),
        ("/api", Path::CoreVersions),
        ("/apis/", Path::Groups),
        ("/livez/ping", Path::Health { of: "livez", check: Some("ping".into()) }),
        ("/api/v1/a/b/c/d/e/f", Path::TooDeep { group: String::new() }),
        ("/", Path::Root),
        ("/openapi/v3", Path::OpenApi),
        ("/openapi/v3/api/v1", Path::OpenApiDocument { group: String::new(), version: "v1".into() }),
    ] {
        assert_eq!(parse(path), wanted, "{path}");
    }
}

#[test]
fn other_paths_are_not_ours() {
    for path in ["//", "/api//v1", "/api/v1//pods", "/api/v1/namespaces/dev/pods/a%2Fb", "/openapi/v4"] {
        assert_eq!(parse(path), Path::Unknown, "{path}");
    }
}
