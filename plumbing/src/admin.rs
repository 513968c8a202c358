//! The admin server: `/livez`, `/readyz` and `/metrics` over plain HTTP/1.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;

use crate::{BoxError, Readiness, Tasks};

/// Media type of the metrics text.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Serves until shutdown.
///
/// # Errors
/// When the listener fails for good.
pub async fn serve(listener: TcpListener, registry: Arc<Registry>, readiness: Readiness, tasks: Tasks) -> Result<(), BoxError> {
    let shutdown = tasks.shutdown().clone();
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            // Out of file descriptors, or the peer left early: the listener itself is sound.
            Err(error) => {
                tracing::warn!(%error, "admin server could not accept a connection");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                continue;
            }
        };
        let (registry, readiness, shutdown) = (registry.clone(), readiness.clone(), shutdown.clone());
        tasks.spawn_short(async move {
            let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                let response = answer(&request, &registry, &readiness);
                async move { Ok::<_, Infallible>(response) }
            });
            let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::select! {
                // An admin client that breaks off is its own affair.
                _ = connection => {}
                () = shutdown.cancelled() => {}
            }
        });
    }
}

fn answer<B>(request: &Request<B>, registry: &Registry, readiness: &Readiness) -> Response<Full<Bytes>> {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return text(StatusCode::METHOD_NOT_ALLOWED, "text/plain", "only GET and HEAD are answered here\n".into());
    }
    match request.uri().path() {
        "/livez" | "/healthz" => text(StatusCode::OK, "text/plain", "ok\n".into()),
        "/readyz" => match readiness.pending().as_slice() {
            [] => text(StatusCode::OK, "text/plain", "ok\n".into()),
            pending => text(StatusCode::SERVICE_UNAVAILABLE, "text/plain", format!("waiting for: {}\n", pending.join(", "))),
        },
        "/metrics" => {
            let mut out = String::new();
            match prometheus_client::encoding::text::encode(&mut out, registry) {
                Ok(()) => text(StatusCode::OK, OPENMETRICS, out),
                Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, "text/plain", format!("{error}\n")),
            }
        }
        path => text(StatusCode::NOT_FOUND, "text/plain", format!("{path} is not here; /livez, /readyz and /metrics are\n")),
    }
}

fn text(status: StatusCode, media_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(media_type));
    response
}
