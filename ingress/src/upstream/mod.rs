//! The way to a pod and back: one request sent, one answer's head received. This is the forwarder; the handler knows
//! only [`Pools::exchange`], so it can be measured and replaced as a whole.

mod h2;
mod link;
mod pool;

use std::sync::OnceLock;

use ebb_activator::{Failure, Place, Protocol, Refused};
use http::{Request, Response};
use hyper::body::Incoming;

use crate::outgoing::Outgoing;
pub(crate) use link::Link;
pub(crate) use pool::{PodPool, Pools};

/// An answer whose body is still to come.
#[derive(Debug)]
pub(crate) struct Answered {
    pub response: Response<Incoming>,
    /// The HTTP/1 connection that brings it. Who reads the body has to drive it.
    pub link: Option<Link>,
    /// How long it took to connect, if a connection had to be made.
    pub connecting: Option<std::time::Duration>,
}

/// A request that got no answer.
#[derive(Debug)]
pub(crate) struct Lost {
    pub failure: Failure,
    /// The request, if nothing of it is lost and it may be sent again.
    pub request: Option<Request<Outgoing>>,
    /// It was the client who broke off, and how.
    pub by_client: Option<Refused>,
}

impl Lost {
    /// No connection could be made: the request is as good as new.
    fn unsent(failure: Failure, request: Request<Outgoing>) -> Self {
        Self { failure, request: Some(request), by_client: None }
    }
}

impl Pools {
    /// Sends a request to the pod of a place.
    pub async fn exchange(&self, pool: &PodPool, place: &Place, request: Request<Outgoing>) -> Result<Answered, Lost> {
        match place.protocol() {
            Protocol::H1 => link::exchange(pool, place, request).await,
            Protocol::H2c => h2::exchange(pool, place, request, self.tracker()).await,
        }
    }
}

/// Whether a request may be sent a second time although the app may have seen it: its method allows it (RFC 9110 §9.2.2)
/// and there is no body that could be half gone.
fn repeatable(request: &Request<Outgoing>) -> bool {
    request.method().is_idempotent() && http_body::Body::is_end_stream(request.body())
}

/// The same request once more. Only for requests that are [`repeatable`].
fn again(request: &Request<Outgoing>) -> Request<Outgoing> {
    let mut copy = Request::new(Outgoing::default());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    *copy.headers_mut() = request.headers().clone();
    copy
}

/// What a failed exchange means. `reused`: the connection had carried a request before, so that its end may have been on
/// its way before this request was. `fate`: what became of the request's body.
fn lost(error: &hyper::Error, reused: bool, request: Option<Request<Outgoing>>, fate: Option<&OnceLock<Refused>>) -> Lost {
    let failure = if error.is_parse() || error.is_parse_too_large() {
        Failure::BrokenAnswer
    } else if reused {
        Failure::StaleConnection
    } else {
        Failure::ClosedBeforeAnswer
    };
    let told = fate.and_then(|fate| fate.get().copied());
    Lost { failure, request, by_client: told.or_else(|| error.is_user().then_some(Refused::ClientLeft)) }
}
