//! One connection of a client: HTTP/1.0, HTTP/1.1 and HTTP/2 by prior knowledge on the same port, until the client or
//! a drain ends it.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use ebb_ingress_core::limits::{HEAD_BYTES_MAX, HEAD_TIMEOUT, HEADERS_MAX, STREAMS_MAX};
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::task::TaskTracker;

use crate::executor::Tracked;
use crate::front::Client;
use crate::handler::handle;

/// How often a silent HTTP/2 client is asked whether it is still there, and how long it may take to say so. Half of
/// the [`HEAD_TIMEOUT`] that a silent HTTP/1 client has, so that both are gone after about a minute.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// Receive window of one request body and of one connection over HTTP/2; see the pods' side for the arithmetic. A
/// quarter of it, because there are more clients than pods.
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;

/// Settings of HTTP, the same for all connections.
pub(crate) fn settings(tracker: &TaskTracker) -> auto::Builder<Tracked> {
    let mut builder = auto::Builder::new(Tracked(tracker.clone()));
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT)
        .max_concurrent_streams(STREAMS_MAX)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX));
    builder
}

/// What can happen to a connection from outside.
enum Event {
    /// Its time to send a first request is over.
    Quiet,
    /// The process drains.
    Drain,
    /// The drain has lasted long enough.
    End,
}

/// Serves one connection to its end.
pub(crate) async fn serve<I>(settings: &auto::Builder<Tracked>, client: Arc<Client>, io: I)
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (drain, drain_time) = (client.front.drain.clone(), client.front.drain_time);
    let shared = client.clone();
    let service = service_fn(move |request| handle(shared.clone(), request));
    let mut connection = pin!(settings.serve_connection_with_upgrades(TokioIo::new(io), service));
    // Polled only when one of them has something to say: a request that passes costs them one atomic write.
    let mut events: FuturesUnordered<BoxFuture<'_, Event>> = FuturesUnordered::new();
    events.push(Box::pin(after(HEAD_TIMEOUT, Event::Quiet)));
    events.push(Box::pin(async {
        drain.cancelled().await;
        Event::Drain
    }));
    loop {
        let event = std::future::poll_fn(|context| {
            // Errors are the client's: it left, or it does not speak HTTP. hyper has answered what can be answered.
            if connection.as_mut().poll(context).is_ready() {
                return Poll::Ready(None);
            }
            match events.poll_next_unpin(context) {
                Poll::Ready(event) => Poll::Ready(event),
                Poll::Pending => Poll::Pending,
            }
        });
        match event.await {
            Some(Event::Quiet) if client.has_spoken() => {}
            Some(Event::Drain) => {
                connection.as_mut().graceful_shutdown();
                events.push(Box::pin(after(drain_time, Event::End)));
            }
            Some(Event::Quiet | Event::End) | None => return,
        }
    }
}

async fn after(time: Duration, event: Event) -> Event {
    tokio::time::sleep(time).await;
    event
}
