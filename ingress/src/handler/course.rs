//! Where a request goes: to a revision, or no further than here (probes, redirects).

use std::sync::Arc;

use bytes::Bytes;
use ebb_api::keys::header as knative;
use ebb_api::observation::RevisionKey;
use ebb_ingress_core::head::X_FORWARDED_PROTO;
use ebb_ingress_core::{Backend, Rejected, Unrouted, VirtualHost, Visibility, route};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};

use super::admit::Host;
use crate::answer::Answer;
use crate::failed::Failed;
use crate::front::Client;

/// What a probe says to be answered with the Ingress object's own hash.
const OVERRIDE: &str = "override";
const HASH: HeaderName = HeaderName::from_static(knative::HASH);
const PROBE: HeaderName = HeaderName::from_static(knative::PROBE);

/// Where a request goes.
pub(super) enum Course {
    /// Nowhere: this is its answer.
    Answered(Box<Response<Answer>>),
    /// To a revision.
    Onward(Way),
}

/// The backends on the way, as they were in the table when the request came.
pub(super) struct Way {
    backend: Arc<Backend>,
    onward: Option<Arc<Backend>>,
}

impl Way {
    /// The revision at its end.
    pub fn revision(&self) -> &RevisionKey {
        &self.onward.as_ref().unwrap_or(&self.backend).revision
    }

    /// Calls `with` with the backends, first to last.
    pub fn with<R>(&self, with: impl FnOnce(&[&Backend]) -> R) -> R {
        match &self.onward {
            Some(onward) => with(&[&self.backend, onward]),
            None => with(&[&self.backend]),
        }
    }
}

/// Looks the request up in the table.
pub(super) fn find<B>(client: &Client, host: &Host, request: &Request<B>) -> Result<Course, Failed> {
    let table = client.front.table.load();
    let routed = route(&table, &host.name, request.uri().path(), request.headers(), client.visibility).map_err(|unrouted| {
        let why = match unrouted {
            Unrouted::Host => Rejected::UnknownHost,
            Unrouted::Path => Rejected::UnknownPath,
        };
        Failed::Rejected { why, said: host.name.clone() }
    })?;
    if let Some(kind) = request.headers().get(PROBE) {
        return probe(kind, request.headers(), routed.host).map(|response| Course::Answered(Box::new(response)));
    }
    if routed.host.redirect && is_plain_from_outside(client, request.headers()) {
        return Ok(Course::Answered(Box::new(redirect(host, request))));
    }
    Ok(Course::Onward(Way { backend: routed.backend.clone(), onward: routed.onward.cloned() }))
}

/// Answers Knative's probes: `probe` gets its hash back, `activator` its word.
fn probe(kind: &HeaderValue, headers: &HeaderMap, host: &VirtualHost) -> Result<Response<Answer>, Failed> {
    match kind.as_bytes() {
        b"probe" => {
            let hash = headers.get(HASH).filter(|hash| !hash.is_empty()).ok_or(Rejected::ProbeWithoutHash)?;
            let own = if hash == OVERRIDE { HeaderValue::from_str(&host.hash).ok() } else { None };
            let mut response = Response::new(Answer::empty());
            response.headers_mut().insert(HASH, own.unwrap_or_else(|| hash.clone()));
            Ok(response)
        }
        b"activator" => Ok(Response::new(Answer::text(Bytes::from_static(b"activator")))),
        other => Err(Failed::Rejected { why: Rejected::UnknownProbe, said: String::from_utf8_lossy(other).into_owned() }),
    }
}

/// Whether the request came over plain HTTP from outside. A proxy in front that ended the client's TLS says so; inside there
/// is no TLS to be sent to.
fn is_plain_from_outside(client: &Client, headers: &HeaderMap) -> bool {
    let ended_in_front = headers.get(X_FORWARDED_PROTO).is_some_and(|scheme| scheme.as_bytes().eq_ignore_ascii_case(b"https"));
    client.visibility == Visibility::External && client.scheme == "http" && !ended_in_front
}

/// `httpOption: Redirected`.
fn redirect<B>(host: &Host, request: &Request<B>) -> Response<Answer> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let mut response = Response::new(Answer::empty());
    *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
    if let Ok(location) = HeaderValue::try_from(format!("https://{}{target}", host.name)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}
