//! A tower service in front of the API server that writes down what passes, and can refuse or hold some of it.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use ebb_apiserver::ApiService;
use ebb_plumbing::BoxError;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use kube::client::Body;
use parking_lot::Mutex;
use tokio::sync::watch;
use tower::Service;

/// What is done to writes whose path contains a word.
#[derive(Clone)]
enum Rule {
    /// Answered 500, so many times.
    Refuse { word: String, times: usize },
    /// Held until released.
    Hold { word: String, released: watch::Receiver<bool> },
}

#[derive(Default)]
struct State {
    writes: Vec<String>,
    rules: Vec<Rule>,
}

/// The tap's handle.
#[derive(Clone, Default)]
pub struct Tap(Arc<Mutex<State>>);

impl Tap {
    /// Every write so far: method and path.
    pub fn writes(&self) -> Vec<String> {
        self.0.lock().writes.clone()
    }

    /// Writes so far whose path contains a word.
    pub fn count(&self, word: &str) -> usize {
        self.0.lock().writes.iter().filter(|write| write.contains(word)).count()
    }

    pub fn refuse(&self, word: &str, times: usize) {
        self.0.lock().rules.push(Rule::Refuse { word: word.to_owned(), times });
    }

    /// Holds writes until the sender says true.
    pub fn hold(&self, word: &str) -> watch::Sender<bool> {
        let (release, released) = watch::channel(false);
        self.0.lock().rules.push(Rule::Hold { word: word.to_owned(), released });
        release
    }

    /// Notes a write, and finds the rule that it falls under.
    fn note(&self, method: &Method, path: &str) -> Option<Rule> {
        if method == Method::GET {
            return None;
        }
        let mut state = self.0.lock();
        state.writes.push(format!("{method} {path}"));
        for rule in &mut state.rules {
            match rule {
                Rule::Refuse { word, times } if path.contains(word.as_str()) && *times > 0 => {
                    *times -= 1;
                    return Some(rule.clone());
                }
                Rule::Hold { word, .. } if path.contains(word.as_str()) => return Some(rule.clone()),
                _ => {}
            }
        }
        None
    }
}

type AnyBody = UnsyncBoxBody<Bytes, BoxError>;

/// The service.
pub struct Tapped {
    pub inner: ApiService,
    pub tap: Tap,
}

impl Service<Request<Body>> for Tapped {
    type Response = Response<AnyBody>;
    type Error = std::convert::Infallible;
    type Future = BoxFuture<'static, Result<Response<AnyBody>, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let rule = self.tap.note(request.method(), request.uri().path());
        let answer = self.inner.call(request).map(|answer| answer.map(|answer| answer.map(|body| body.map_err(Into::into).boxed_unsync())));
        async move {
            match rule {
                Some(Rule::Refuse { .. }) => Ok(refusal()),
                Some(Rule::Hold { mut released, .. }) => {
                    // A sender that is gone has released.
                    let _ = released.wait_for(|released| *released).await;
                    answer.await
                }
                None => answer.await,
            }
        }
        .boxed()
    }
}

fn refusal() -> Response<AnyBody> {
    let status =
        r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"refused","reason":"InternalError","code":500}"#;
    let mut response = Response::new(Full::from(status).map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}
