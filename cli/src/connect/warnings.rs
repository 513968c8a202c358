//! Warnings that come with a server's answers, on stderr.
//!
//! This module must not change what passes.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use http::{HeaderMap, Request, Response};
use kube::client::Body;
use tower::{Layer, Service};

/// Said of every process that runs on this machine, and of no use to whoever started it as one.
const NOISE: &str = "Kubernetes default value is insecure, Knative may default this to secure in a future release";

/// Wraps a client. Each warning is shown once.
#[derive(Clone, Debug, Default)]
pub struct Warnings(Arc<Mutex<BTreeSet<String>>>);

/// A wrapped client.
#[derive(Clone, Debug)]
pub struct Warned<S>(S, Warnings);

impl<S> Layer<S> for Warnings {
    type Service = Warned<S>;

    fn layer(&self, inner: S) -> Warned<S> {
        Warned(inner, self.clone())
    }
}

impl<S, B> Service<Request<Body>> for Warned<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Future: Send + 'static,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<B>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (answer, seen) = (self.0.call(request), self.1.clone());
        Box::pin(async move {
            let answer = answer.await?;
            for text in texts(answer.headers()) {
                let mut seen = seen.0.lock().unwrap_or_else(PoisonError::into_inner);
                if !text.starts_with(NOISE) && seen.insert(text.clone()) {
                    eprintln!("Warning: {text}");
                }
            }
            Ok(answer)
        })
    }
}

/// The texts of `Warning: 299 AGENT "TEXT"` headers.
fn texts(headers: &HeaderMap) -> Vec<String> {
    let all = headers.get_all(http::header::WARNING).iter();
    all.filter_map(|value| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        let quoted = value.split_once('"')?.1.rsplit_once('"')?.0;
        Some(quoted.replace("\\\"", "\"").replace("\\\\", "\\"))
    })
    .collect()
}

#[cfg(test)]
mod tests;
