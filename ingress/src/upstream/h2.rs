//! HTTP/2 to a pod, by prior knowledge: one connection per pod and runtime, shared by all its requests.

use ebb_activator::{Failure, Place};
use ebb_ingress_core::limits::HEAD_BYTES_MAX;
use http::Request;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::runtime;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::link::connect;
use super::pool::PodPool;
use super::{Answered, Lost, again, lost, repeatable};
use crate::executor::Tracked;
use crate::outgoing::Outgoing;

/// Receive window of one stream and of the whole connection: enough for 1 MiB per millisecond of round trip, which is
/// the bandwidth of a 10 Gbit/s line; and the most that one slow client can make us hold for it.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;

/// A connection that many requests share.
#[derive(Debug)]
pub(crate) struct Shared {
    reactor: runtime::Id,
    sender: http2::SendRequest<Outgoing>,
}

/// Sends a request over HTTP/2.
pub(super) async fn exchange(
    pool: &PodPool,
    place: &Place,
    mut request: Request<Outgoing>,
    tracker: &TaskTracker,
) -> Result<Answered, Lost> {
    let (mut sender, connecting) = match existing(pool) {
        Some(sender) => (sender, None),
        None => {
            let began = Instant::now();
            match open(pool, place, tracker).await {
                Ok(sender) => (sender, Some(began.elapsed())),
                Err(failure) => return Err(Lost::unsent(failure, request)),
            }
        }
    };
    let reused = connecting.is_none();
    let spare = (reused && repeatable(&request)).then(|| again(&request));
    let fate = request.body_mut().fate();
    match sender.try_send_request(request).await {
        Ok(response) => Ok(Answered { response, link: None, connecting }),
        Err(mut error) => {
            let request = error.take_message().or(spare);
            Err(lost(&error.into_error(), reused, request, fate.as_deref()))
        }
    }
}

fn existing(pool: &PodPool) -> Option<http2::SendRequest<Outgoing>> {
    let reactor = runtime::Handle::current().id();
    let mut shared = pool.shared.lock();
    shared.retain(|shared| !shared.sender.is_closed());
    shared.iter().find(|shared| shared.reactor == reactor).map(|shared| shared.sender.clone())
}

async fn open(pool: &PodPool, place: &Place, tracker: &TaskTracker) -> Result<http2::SendRequest<Outgoing>, Failure> {
    let stream = connect(place.addr()).await?;
    let mut builder = http2::Builder::new(Tracked(tracker.clone()));
    builder
        .timer(TokioTimer::new())
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX));
    let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(|_| Failure::ConnectFailed)?;
    // It ends when the last sender is gone: when the pool is cleared and the last answer is through. What goes wrong
    // with it is told to each of its requests.
    tracker.spawn(async move {
        let _ = connection.await;
    });
    let mut shared = pool.shared.lock();
    let reactor = runtime::Handle::current().id();
    // Two requests may have opened one each; one is kept, the other ends with its request.
    if !shared.iter().any(|shared| shared.reactor == reactor) {
        shared.push(Shared { reactor, sender: sender.clone() });
    }
    Ok(sender)
}
