//! HTTP in and out: paths, queries, media types, bodies, and which verb a request is. The verbs themselves are in `read`
//! and `write`.

pub mod aggregated;
pub mod body;
pub mod deadline;
pub mod discovery;
pub mod health;
pub mod media;
pub mod metrics;
pub mod oidc;
pub mod old_watch;
pub mod openapi;
pub mod path;
pub mod query;
pub mod repeated;
pub mod represent;
pub mod reviews;
pub mod route;

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use ::http::{HeaderValue, Request, Response, StatusCode, header};
use bytes::Bytes;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::audit::{Failed, Record};
use crate::error::ApiError;
use crate::options::User;
use crate::write::Core;
use body::Body;

/// The server as a tower service: one clone per connection.
#[derive(Clone)]
pub struct ApiService {
    core: Arc<Core>,
    /// Who asks; nobody when the client did not say who it is.
    user: Option<User>,
    /// Ends the watches of this service.
    end: CancellationToken,
}

impl ApiService {
    /// A service for one client.
    pub(crate) fn new(core: Arc<Core>, user: Option<User>, end: CancellationToken) -> Self {
        Self { core, user, end }
    }
}

impl std::fmt::Debug for ApiService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiService").field("user", &self.user).finish_non_exhaustive()
    }
}

impl<B> tower::Service<Request<B>> for ApiService
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<ebb_plumbing::BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Self { core, user, end } = self.clone();
        let record = Record::begin(user.as_ref(), &request);
        Box::pin(async move {
            let mut response = route::answer(&core, user, end, request).await;
            if let Some(record) = record {
                core.audit.write(&record.end(&mut response));
            }
            Ok(response)
        })
    }
}

/// An error as an answer.
pub fn error_response(error: &ApiError) -> Response<Body> {
    let (body, media_type) = if error.reason.is_empty() && error.code == 404 {
        (error.message.clone(), "text/plain; charset=utf-8")
    } else {
        (format!("{}\n", error.status()), media::JSON)
    };
    let status = StatusCode::from_u16(error.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = respond(status, media_type, Body::full(body));
    response.extensions_mut().insert(Failed(error.clone()));
    if let Some(seconds) = error.details.as_ref().and_then(|details| details.get("retryAfterSeconds")?.as_u64()) {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// An answer.
pub fn respond(status: StatusCode, media_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    response
}

/// Adds warnings to an answer, as RFC 7234 spells them.
pub fn warn(response: &mut Response<Body>, warnings: &[String]) {
    for warning in warnings {
        let told: String = warning.chars().filter(|c| !c.is_control()).flat_map(|c| escape(c).into_iter().flatten()).collect();
        if let Ok(value) = HeaderValue::from_bytes(format!("299 - \"{told}\"").as_bytes()) {
            response.headers_mut().append(header::WARNING, value);
        }
    }
}

fn escape(c: char) -> [Option<char>; 2] {
    if matches!(c, '"' | '\\') { [Some('\\'), Some(c)] } else { [Some(c), None] }
}
