//! The old form of watches: the word stands in the path, in front of what is watched. Here it is brought into the form of
//! today, with the word in the query. Source: k8s.io/apiserver/pkg/endpoints/request/requestinfo.go.

use ::http::Uri;

use super::path::{self, Path};

/// The address of today for a watch in the old form; `None` for everything else.
pub fn renewed(uri: &Uri) -> Option<Uri> {
    let (version, watched) = uri.path().split_once("/watch/")?;
    let deep = version.split('/').count();
    let of_a_version = (version.starts_with("/api/") && deep == 3) || (version.starts_with("/apis/") && deep == 4);
    let mut path = format!("{version}/{watched}");
    let Path::Resource(target) = of_a_version.then(|| path::parse(&path))? else { return None };
    if !target.subresource.is_empty() {
        return None;
    }
    let mut query = uri.query().map(|query| format!("{query}&")).unwrap_or_default();
    query += "watch=true";
    if !target.name.is_empty() {
        // A watch of one object is one of its collection, which selects it by its name.
        path.truncate(path.trim_end_matches('/').rfind('/')?);
        query += &format!("&fieldSelector=metadata.name%3D{}", target.name);
    }
    format!("{path}?{query}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::renewed;

    #[test]
    fn watches_of_old_are_those_of_today() {
        for (old, new) in [
            ("/api/v1/watch/pods", Some("/api/v1/pods?watch=true")),
            ("/api/v1/watch/namespaces/dev/pods?timeoutSeconds=1", Some("/api/v1/namespaces/dev/pods?timeoutSeconds=1&watch=true")),
            ("/api/v1/watch/namespaces/dev/pods/p", Some("/api/v1/namespaces/dev/pods?watch=true&fieldSelector=metadata.name%3Dp")),
            ("/api/v1/watch/namespaces/dev", Some("/api/v1/namespaces?watch=true&fieldSelector=metadata.name%3Ddev")),
            ("/apis/apps/v1/watch/deployments/", Some("/apis/apps/v1/deployments/?watch=true")),
            ("/api/v1/namespaces/watch/pods", None),
            ("/api/v1/namespaces/dev/pods/watch/log", None),
            ("/api/v1/watch/namespaces/dev/pods/p/log", None),
            ("/watch/api/v1/pods", None),
            ("/api/v1/pods?watch=true", None),
        ] {
            let renewed = renewed(&old.parse().unwrap()).map(|uri| uri.to_string());
            assert_eq!(renewed.as_deref(), new, "{old}");
        }
    }
}
