//! `/metrics`: what is stored, by resource, in the text form of Prometheus. Worked out when asked, so that it costs nothing else.

use std::fmt::Write as _;

use ::http::{Response, StatusCode};

use super::body::Body;
use super::respond;
use crate::write::Core;

/// The answer.
pub fn answer(core: &Core) -> Response<Body> {
    let mut text = String::from(
        "# HELP apiserver_storage_objects [STABLE] Number of stored objects at the time of last check split by kind.\n\
         # TYPE apiserver_storage_objects gauge\n",
    );
    for resource in core.registry.all() {
        let (_, objects) = resource.list("", None);
        let _ = writeln!(text, "apiserver_storage_objects{{resource=\"{}\"}} {}", resource.id, objects.len());
    }
    let _ = write!(
        text,
        "# HELP kubernetes_build_info [ALPHA] The Kubernetes API that is spoken, and the release that speaks it.\n\
         # TYPE kubernetes_build_info gauge\n\
         kubernetes_build_info{{git_version=\"v1.36.3+ebb.{version}\",major=\"1\",minor=\"36\",platform=\"{}/{}\"}} 1\n",
        std::env::consts::OS,
        std::env::consts::ARCH,
        version = env!("CARGO_PKG_VERSION"),
    );
    respond(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", Body::full(text))
}
