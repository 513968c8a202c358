//! `--log-http`: requests and answers on stderr, without secrets.
//!
//! Bodies of answers are written as they come, so that watches stay live. This module must not change what passes.

use std::pin::Pin;
use std::task::{Context, Poll};

use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt as _;
use kube::client::Body;
use tower::{Layer, Service};

/// Wraps a client.
#[derive(Clone, Copy, Debug)]
pub struct LogHttp;

/// A wrapped client.
#[derive(Clone, Debug)]
pub struct Logged<S>(S);

impl<S> Layer<S> for LogHttp {
    type Service = Logged<S>;

    fn layer(&self, inner: S) -> Logged<S> {
        Logged(inner)
    }
}

type Answer = Response<http_body_util::combinators::UnsyncBoxBody<hyper::body::Bytes, tower::BoxError>>;

impl<S, B> Service<Request<Body>> for Logged<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Future: Send + 'static,
    S::Error: 'static,
    B: hyper::body::Body<Data = hyper::body::Bytes> + Send + 'static,
    B::Error: Into<tower::BoxError>,
{
    type Response = Answer;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        eprintln!("===== REQUEST =====\n{} {}\n{}", request.method(), request.uri(), headers(request.headers()));
        let (parts, body) = request.into_parts();
        let copy = body.try_clone();
        let answer = self.0.call(Request::from_parts(parts, body));
        Box::pin(async move {
            if let Some(bytes) = copy.map(Body::collect_bytes) {
                let bytes = bytes.await.unwrap_or_default();
                eprintln!("{}", String::from_utf8_lossy(&bytes));
            }
            let answer = answer.await?;
            eprintln!("===== RESPONSE =====\n{}\n{}", answer.status(), headers(answer.headers()));
            Ok(answer.map(|body| {
                body.map_frame(|frame| {
                    if let Some(data) = frame.data_ref() {
                        eprintln!("{}", String::from_utf8_lossy(data));
                    }
                    frame
                })
                .map_err(Into::into)
                .boxed_unsync()
            }))
        })
    }
}

/// Headers as lines; what proves who somebody is is masked.
fn headers(headers: &HeaderMap) -> String {
    let line = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        let text = if *name == http::header::AUTHORIZATION { "********".into() } else { String::from_utf8_lossy(value.as_bytes()) };
        format!("{name}: {text}\n")
    };
    headers.iter().map(line).collect()
}
