//! The server on the network: TLS with its own CA, clients known by certificate or token.

pub mod identity;
mod pki;
mod shown;

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use ebb_plumbing::{BoxError, CancellationToken, Tasks};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls::server::danger::ClientCertVerifier;
use rustls_pki_types::UnixTime;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::access::authenticate;
use crate::audit::Peer;
use crate::http::{ApiService, error_response};
use crate::streams::Sessions;
use crate::write::Core;

pub use pki::Pki;
use shown::Shown;

/// At most so many connections at a time. A client has one or two, at some 25 KB each with TLS, so that a thousand clients are
/// 50 MB; more on one machine are no clients.
const CONNECTIONS_MAX: usize = 2_000;
/// A client that does not finish its handshake is let go.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long a connection may finish what it is at when the server ends. Watches end at once, other answers take milliseconds.
const DRAIN: Duration = Duration::from_secs(2);
/// After a failure to accept, such as too many open files.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// What connections share.
struct Door {
    core: Arc<Core>,
    acceptor: TlsAcceptor,
    /// Knows good certificates.
    verifier: Arc<dyn ClientCertVerifier>,
    end: CancellationToken,
    /// For connections that are upgraded.
    sessions: Sessions,
}

/// Serves until shutdown.
pub async fn serve(core: Arc<Core>, pki: Pki, listener: TcpListener, tasks: Tasks) -> Result<(), BoxError> {
    let address = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let acceptor = TlsAcceptor::from(Arc::new(pki.server_config(address.ip())?));
    let verifier = pki.verifier()?;
    let end = tasks.shutdown().clone();
    let door = Arc::new(Door { core, acceptor, verifier, end: end.clone(), sessions: Sessions::new(tasks.clone()) });
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = tokio::select! {
            () = end.cancelled() => return Ok(()),
            accepted = accept(&listener, &places) => accepted,
        };
        match accepted {
            Ok((stream, place)) => {
                let door = door.clone();
                tasks.spawn_short(async move {
                    if let Err(error) = connection(&door, stream).await {
                        // Clients come and go; what they break is theirs.
                        tracing::debug!(%error, "connection to the API server ended");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the API server could not accept a connection");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

/// A connection, when there is a place for it.
async fn accept(listener: &tokio::net::TcpListener, places: &Arc<Semaphore>) -> std::io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, place))
}

async fn connection(door: &Door, stream: TcpStream) -> Result<(), BoxError> {
    let peer = Peer(stream.peer_addr()?.ip());
    let stream = tokio::time::timeout(HANDSHAKE, door.acceptor.accept(stream)).await??;
    let shown = Arc::new(Shown::new(door.verifier.clone(), stream.get_ref().1.peer_certificates()));
    let (core, end, sessions) = (door.core.clone(), door.end.clone(), door.sessions.clone());
    let service = tower::service_fn(move |mut request: ::http::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(peer);
        if request.headers().contains_key(::http::header::UPGRADE) {
            request.extensions_mut().insert(sessions.clone());
        }
        let user = authenticate::user(&core, shown.user(UnixTime::now()), request.headers());
        let (core, end) = (core.clone(), end.clone());
        async move {
            match user {
                Ok(user) => ApiService::new(core, user, end).oneshot(request).await,
                Err(nobody) => Ok(error_response(&nobody)),
            }
        }
    });
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new());
    builder.http2().timer(TokioTimer::new());
    let mut connection = std::pin::pin!(builder.serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service)));
    tokio::select! {
        result = connection.as_mut() => return result,
        () = door.end.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    tokio::time::timeout(DRAIN, connection).await?
}

#[cfg(test)]
mod tests;
