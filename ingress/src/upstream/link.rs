//! One HTTP/1.1 connection to a pod.
//!
//! A link has no task of its own: the request that uses it drives it, first for the head, then for the body. So a
//! request is one task from the client's socket to the pod's, nothing is handed from task to task, and whatever ends
//! the request ends the connection at once.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use ebb_activator::{Failure, Place};
use ebb_ingress_core::limits::{CONNECT_TIMEOUT, FRESH_CONNECTION, IDLE_CONNECTION_MAX};
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::runtime;
use tokio::time::{Duration, Instant};

use super::pool::{PodPool, Wanted};
use super::{Answered, Lost, again, lost, repeatable};
use crate::outgoing::Outgoing;

type Driver = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

/// A connection, and the future that moves its bytes.
pub(crate) struct Link {
    sender: http1::SendRequest<Outgoing>,
    /// Gone when the connection is closed or was upgraded.
    driver: Option<Driver>,
    /// The runtime whose reactor watches the socket.
    pub reactor: runtime::Id,
    /// When its last answer ended.
    pub idle_since: Instant,
    used: bool,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").field("open", &self.driver.is_some()).field("used", &self.used).finish_non_exhaustive()
    }
}

impl Link {
    async fn open(addr: SocketAddr) -> Result<Self, Failure> {
        let stream = connect(addr).await?;
        let handshake = http1::Builder::new().handshake(TokioIo::new(stream)).await;
        let (sender, connection) = handshake.map_err(|_| Failure::ConnectFailed)?;
        let driver: Driver = Box::pin(connection.with_upgrades());
        let reactor = runtime::Handle::current().id();
        Ok(Self { sender, driver: Some(driver), reactor, idle_since: Instant::now(), used: false })
    }

    /// Moves bytes, both ways.
    pub fn drive(&mut self, context: &mut Context<'_>) {
        if let Some(driver) = &mut self.driver
            && driver.as_mut().poll(context).is_ready()
        {
            self.driver = None;
        }
    }

    /// Whether the link can take another request. It is driven once, which also notices that the pod has closed it.
    pub fn is_free(&mut self, context: &mut Context<'_>) -> bool {
        self.drive(context);
        self.driver.is_some() && self.sender.is_ready()
    }

    /// Drives the link until its upgrade is through or it is closed.
    pub async fn into_upgrade(mut self) {
        if let Some(driver) = self.driver.take() {
            // A failure is met by whoever waits for the upgraded connection.
            let _ = driver.await;
        }
    }

    async fn send(&mut self, mut request: Request<Outgoing>) -> Result<Response<Incoming>, Lost> {
        let fate = request.body_mut().fate();
        let spare = (self.used && repeatable(&request)).then(|| again(&request));
        let reused = std::mem::replace(&mut self.used, true);
        let mut answer = std::pin::pin!(self.sender.try_send_request(request));
        let answer = std::future::poll_fn(|context| {
            self.drive(context);
            answer.as_mut().poll(context)
        });
        answer.await.map_err(|mut error| {
            let request = error.take_message().or(spare);
            lost(&error.into_error(), reused, request, fate.as_deref())
        })
    }
}

/// Opens a connection to a pod.
pub(super) async fn connect(addr: SocketAddr) -> Result<TcpStream, Failure> {
    let stream = match tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(addr)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => return Err(Failure::ConnectRefused),
        Ok(Err(_)) => return Err(Failure::ConnectFailed),
        Err(_) => return Err(Failure::ConnectTimeout),
    };
    // Without it small writes wait for acknowledgements; a socket that cannot be told works all the same.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// Takes a kept link that is still open, or makes one.
async fn take_or_open(pool: &PodPool, place: &Place, wanted: Wanted) -> Result<(Link, Option<Duration>), Failure> {
    while let Some(mut link) = pool.take(wanted) {
        if std::future::poll_fn(|context| Poll::Ready(link.is_free(context))).await {
            return Ok((link, None));
        }
    }
    let began = Instant::now();
    let link = Link::open(place.addr()).await?;
    Ok((link, Some(began.elapsed())))
}

/// Sends a request over HTTP/1.1.
pub(super) async fn exchange(pool: &PodPool, place: &Place, request: Request<Outgoing>) -> Result<Answered, Lost> {
    let limited = place.revision().settings().limit.places().is_some();
    let rested = match place.tries() {
        0 if repeatable(&request) => IDLE_CONNECTION_MAX,
        0 => FRESH_CONNECTION,
        _ => Duration::ZERO,
    };
    let wanted = Wanted { reactor: runtime::Handle::current().id(), limited, rested };
    let (mut link, connecting) = match take_or_open(pool, place, wanted).await {
        Ok(taken) => taken,
        Err(failure) => return Err(Lost::unsent(failure, request)),
    };
    let response = link.send(request).await?;
    Ok(Answered { response, link: Some(link), connecting })
}
