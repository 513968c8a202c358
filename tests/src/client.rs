//! A small HTTP client that connects to a given address whatever the URL's host says, as `curl --connect-to` does.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::Result;

/// Longest wait for one answer: longer than any service of the tests takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header as text, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// A header as a number.
    pub fn number<N: std::str::FromStr>(&self, name: &str) -> Option<N> {
        self.header(name).parse().ok()
    }
}

/// One keep-alive connection.
#[derive(Debug)]
pub struct Http {
    sender: SendRequest<Full<Bytes>>,
}

impl Http {
    /// Opens a connection.
    ///
    /// # Errors
    /// When nobody answers there.
    pub async fn connect(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender })
    }

    /// GETs a path (with query) of a host.
    ///
    /// # Errors
    /// When the connection breaks or no whole answer comes in time.
    pub async fn get(&mut self, host: &str, path: &str) -> Result<Answer> {
        self.send(Request::get(path).header(header::HOST, host).body(Full::default())?).await
    }

    /// Sends any request.
    ///
    /// # Errors
    /// When the connection breaks or no whole answer comes in time.
    pub async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Answer> {
        timeout(PATIENCE, async {
            self.sender.ready().await?;
            let (head, body) = self.sender.send_request(request).await?.into_parts();
            let body = body.collect().await?.to_bytes();
            Ok(Answer { status: head.status, headers: head.headers, body })
        })
        .await?
    }
}
