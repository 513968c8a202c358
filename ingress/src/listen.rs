//! Listening sockets and worker threads.
//!
//! pingora-core accepts: its listening service runs on a socket that was bound before, so that a taken address or the
//! real port of port 0 is known before anything starts. Each worker is a thread with a runtime of its own that accepts
//! from the same socket and keeps what it accepted: a request is never handed from thread to thread.

use std::io;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::os::fd::IntoRawFd;
use std::sync::Arc;

use async_trait::async_trait;
use ebb_ingress_core::Visibility;
use ebb_ingress_core::limits::CONNECTIONS_MAX;
use ebb_plumbing::Linger;
use hyper_util::server::conn::auto;
use parking_lot::Mutex;
use pingora_core::apps::ServerApp;
use pingora_core::listeners::{L4BufferSettings, ListenerConfig};
use pingora_core::protocols::Stream;
use pingora_core::protocols::l4::stream::Stream as TcpStream;
use pingora_core::server::{Fds, ShutdownWatch};
use pingora_core::services::Service as _;
use pingora_core::services::listening::Service;
use tokio::io::AsyncWriteExt;
use tokio::sync::{oneshot, watch};

use crate::executor::Tracked;
use crate::front::{Client, Front};
use crate::metrics::Metrics;
use crate::serve::{serve, settings};

/// What a client hears when there are too many connections.
const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 21\r\n\
    connection: close\r\nretry-after: 1\r\nebb-failed: platform; reason=too-many-connections\r\n\r\ntoo many connections\n";

/// A bound socket and who may come through it.
#[derive(Debug)]
pub(crate) struct Door {
    pub listener: TcpListener,
    pub visibility: Visibility,
}

impl Door {
    fn another(&self) -> io::Result<Self> {
        Ok(Self { listener: self.listener.try_clone()?, visibility: self.visibility })
    }
}

/// Why the doors were closed unasked.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The operating system refuses.
    #[error("the listening socket failed")]
    Socket(#[from] io::Error),
    /// The accept loop ended by itself.
    #[error("the accept loop ended although nobody asked it to")]
    Ended,
    /// A worker thread died.
    #[error("an ingress worker died")]
    WorkerDied,
}

/// The service that pingora hands its streams to.
struct App {
    front: Arc<Front>,
    settings: auto::Builder<Tracked>,
    visibility: Visibility,
}

#[async_trait]
impl ServerApp for App {
    async fn process_new(self: &Arc<Self>, session: Stream, _shutdown: &ShutdownWatch) -> Option<Stream> {
        let metrics = &self.front.metrics;
        let open = metrics.connections.inc();
        let _counted = Counted(metrics);
        let served = async {
            if usize::try_from(open).is_ok_and(|open| open >= CONNECTIONS_MAX) {
                metrics.connections_refused.inc();
                turn_away(Linger::new(session, self.front.tracker.clone(), self.front.drain.clone())).await;
            } else {
                self.take(session).await;
            }
        };
        self.front.tracker.track_future(served).await;
        // hyper has served all requests of the connection; there is nothing to be used again.
        None
    }
}

/// A connection is counted for as long as this lives, also when serving it panics: counts that stay would close the door.
struct Counted<'a>(&'a Metrics);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.connections.dec();
    }
}

impl App {
    async fn take(&self, session: Stream) {
        let peer = session.get_socket_digest().and_then(|digest| digest.peer_addr().and_then(|peer| peer.as_inet().copied()));
        // A client behind a UNIX socket is on this machine.
        let address = peer.map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.ip().to_canonical());
        let client = Arc::new(Client::new(self.front.clone(), address, self.visibility));
        // Without TLS it is always this type, and knowing it saves an indirect call per read and write.
        let Ok(stream) = session.into_any().downcast::<TcpStream>().map_err(drop) else {
            return tracing::error!("a stream of an unknown kind was accepted and closed");
        };
        // Whoever is refused in the middle of a request shall be able to read why.
        let stream = Linger::new(*stream, self.front.tracker.clone(), self.front.drain.clone());
        serve(&self.settings, client, stream).await;
    }
}

async fn turn_away(mut session: Linger<Stream>) {
    // Whoever does not read it is turned away all the same.
    let _ = session.write_all(TOO_MANY).await;
    let _ = AsyncWriteExt::shutdown(&mut session).await;
}

/// Accepts until the drain, on the current runtime.
pub(crate) async fn listen(front: Arc<Front>, door: Door) -> Result<(), ListenError> {
    let address = door.listener.local_addr()?.to_string();
    door.listener.set_nonblocking(true)?;
    let mut sockets = Fds::new();
    // pingora takes the socket over and closes it when its service ends.
    sockets.add(address.clone(), door.listener.into_raw_fd());
    let app = App { settings: settings(&front.tracker), front: front.clone(), visibility: door.visibility };
    let mut service = Service::new("ingress".to_owned(), app);
    // hyper has buffers of its own.
    service.add_listener(ListenerConfig::tcp(address).l4_buffer(L4BufferSettings::unbuffered()));
    let (stop, stopped) = watch::channel(false);
    let accepting = service.start_service(Some(Arc::new(Mutex::new(sockets))), stopped, 1);
    tokio::pin!(accepting);
    tokio::select! {
        () = &mut accepting => return Err(ListenError::Ended),
        () = front.drain.cancelled() => {}
    }
    // The receiver is gone only when the accept loop is.
    let _ = stop.send(true);
    accepting.await;
    Ok(())
}

/// Accepts on all doors until the drain, then finishes what was accepted.
pub(crate) async fn work(front: Arc<Front>, doors: Vec<Door>) -> Result<(), ListenError> {
    let listening = doors.into_iter().map(|door| listen(front.clone(), door));
    futures::future::try_join_all(listening).await?;
    front.tracker.close();
    front.tracker.wait().await;
    Ok(())
}

/// Runs [`work`] on a thread of its own.
pub(crate) async fn work_on_thread(index: usize, front: Arc<Front>, doors: Vec<Door>) -> Result<(), ListenError> {
    let (done, ended) = oneshot::channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name(format!("ingress-{index}")).spawn(move || {
        // Nobody listens only when the process is being aborted.
        let _ = done.send(runtime.block_on(work(front, doors)));
    })?;
    ended.await.map_err(|_| ListenError::WorkerDied)?
}

/// As many sets of doors as there are workers.
pub(crate) fn for_workers(doors: &[Door], workers: usize) -> io::Result<Vec<Vec<Door>>> {
    (0..workers).map(|_| doors.iter().map(Door::another).collect()).collect()
}
