//! A small HTTP/1.1 client over TLS, with which tests send exactly the bytes they mean to, valid or not.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::{Answer, Result};

/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Who a client says it is, by certificate. Tokens go into headers.
#[derive(Clone, Debug, Default)]
pub struct Identity(Option<(String, String)>);

impl Identity {
    /// Nobody.
    pub fn none() -> Self {
        Self(None)
    }

    /// The user of a certificate and its key, as PEM.
    pub fn new(certificate: impl Into<String>, key: impl Into<String>) -> Self {
        Self(Some((certificate.into(), key.into())))
    }

    /// The same from files.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Self> {
        Ok(Self::new(std::fs::read_to_string(certificate)?, std::fs::read_to_string(key)?))
    }
}

/// One connection.
#[derive(Debug)]
pub struct Wire {
    sender: SendRequest<Full<Bytes>>,
    address: SocketAddr,
}

impl Wire {
    /// Connects to a server whose certificate must come from `ca` (PEM).
    ///
    /// # Errors
    /// When nobody answers there, or it is not who it should be.
    pub async fn connect(address: SocketAddr, ca: &str, identity: &Identity) -> Result<Self> {
        let stream = dial(address, ca, identity).await?;
        let (sender, connection) = hyper::client::conn::http1::Builder::new().handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, address })
    }

    /// GETs a path.
    ///
    /// # Errors
    /// When no whole answer comes in time.
    pub async fn get(&mut self, path: &str) -> Result<Answer> {
        self.send(Request::get(path).body(Full::default())?).await
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// When no whole answer comes in time.
    pub async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Answer> {
        timeout(PATIENCE, async {
            let (head, body) = self.open(request).await?.into_parts();
            let body = body.collect().await?.to_bytes();
            Ok(Answer { status: head.status, headers: head.headers, body })
        })
        .await?
    }

    /// Sends a request and leaves the body of the answer to the caller.
    ///
    /// # Errors
    /// When no head of an answer comes in time.
    pub async fn open(&mut self, mut request: Request<Full<Bytes>>) -> Result<Response<Incoming>> {
        request.headers_mut().entry(header::HOST).or_insert(self.address.to_string().parse()?);
        self.sender.ready().await?;
        Ok(timeout(PATIENCE, self.sender.send_request(request)).await??)
    }
}

/// Connects, and leaves what is said to the caller.
///
/// # Errors
/// When nobody answers there, or it is not who it should be.
pub async fn dial(address: SocketAddr, ca: &str, identity: &Identity) -> Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let name = ServerName::try_from("localhost")?;
    Ok(timeout(PATIENCE, TlsConnector::from(Arc::new(config(ca, identity)?)).connect(name, stream)).await??)
}

fn config(ca: &str, identity: &Identity) -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.as_bytes())?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?.with_root_certificates(roots);
    let Identity(Some((certificate, key))) = identity else { return Ok(builder.with_no_client_auth()) };
    let certificate = CertificateDer::from_pem_slice(certificate.as_bytes())?;
    Ok(builder.with_client_auth_cert(vec![certificate], PrivateKeyDer::from_pem_slice(key.as_bytes())?)?)
}
