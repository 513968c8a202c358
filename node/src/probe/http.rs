//! The HTTP probe: one GET on a connection of its own.

use http::header::{CONNECTION, HOST, HeaderName, HeaderValue, USER_AGENT};
use http::{Request, StatusCode};
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use super::check::{LOOPBACK, connect};

/// Applications know probes by this prefix.
pub(super) const AGENT: &str = "kube-probe/ebb";

/// Succeeds on 200 to 399, as Kubernetes does; redirects are not followed.
pub(super) async fn get(host: Option<&str>, port: u16, path: &str, headers: &[(String, String)], h2c: bool) -> Result<(), String> {
    let failed = |error: &dyn std::fmt::Display| format!("port {port}: GET {path}: {error}");
    let stream = match host {
        None => connect(port).await?,
        Some(host) => TcpStream::connect((host, port)).await.map_err(|error| format!("{host} port {port}: {error}"))?,
    };
    let request = request(host, port, path, headers, h2c).map_err(|error| failed(&error))?;
    let status = if h2c { h2(stream, request).await } else { h1(stream, request).await }.map_err(|error| failed(&error))?;
    if (200..400).contains(&status.as_u16()) { Ok(()) } else { Err(failed(&format_args!("answered {status}"))) }
}

fn request(
    host: Option<&str>,
    port: u16,
    path: &str,
    headers: &[(String, String)],
    h2c: bool,
) -> Result<Request<Empty<Bytes>>, http::Error> {
    let authority = format!("{}:{port}", host.unwrap_or(&LOOPBACK.to_string()));
    let mut request = Request::get(if h2c { format!("http://{authority}{path}") } else { path.to_owned() }).body(Empty::new())?;
    let own = request.headers_mut();
    own.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    if !h2c {
        own.insert(HOST, HeaderValue::try_from(authority)?);
        own.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    for (name, value) in headers {
        own.insert(HeaderName::try_from(name)?, HeaderValue::try_from(value)?);
    }
    Ok(request)
}

/// The connection is driven here and dropped with the answer: a probe leaves nothing behind.
async fn h1(stream: TcpStream, request: Request<Empty<Bytes>>) -> hyper::Result<StatusCode> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::pin!(connection);
    let answer = sender.send_request(request);
    tokio::pin!(answer);
    tokio::select! {
        biased;
        answer = &mut answer => answer.map(|answer| answer.status()),
        // Closed by the server: the answer itself says what became of it.
        _ = &mut connection => answer.await.map(|answer| answer.status()),
    }
}

async fn h2(stream: TcpStream, request: Request<Empty<Bytes>>) -> hyper::Result<StatusCode> {
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    tokio::pin!(connection);
    let answer = sender.send_request(request);
    tokio::pin!(answer);
    tokio::select! {
        biased;
        answer = &mut answer => answer.map(|answer| answer.status()),
        _ = &mut connection => answer.await.map(|answer| answer.status()),
    }
}
