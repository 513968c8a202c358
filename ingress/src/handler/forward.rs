//! From the front door to a pod and back: head rewritten, place taken, request sent, answer's head received.

use std::fmt::Write as _;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use ebb_activator::{Next, Place, Protocol, Refused, RevisionHandle};
use ebb_ingress_core::head::{self, Sender, TraceIds};
use http::header::{self, HeaderName};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Request, Response, StatusCode, Uri, Version};
use http_body::Body;
use hyper::body::Incoming;

use super::admit::Host;
use super::course::Way;
use super::tunnel::Upgrade;
use crate::answer::{Answer, Stream};
use crate::front::{Client, Front};
use crate::lanes::Visit;
use crate::outgoing::{HOLD_MAX, Outgoing};
use crate::upstream::{Answered, Lost, PodPool};
use crate::watchdog::{Limits, Watchdog};

/// Says how the answer came about: whether its pod was there, and what took time. (W3C Server Timing)
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// What a waiting request holds besides its body: its head, its task, and the buffers of its connection.
const WAITING_BYTES: usize = 8 << 10;

/// The part of a drain that requests in line may still wait: a quarter. The rest is for those that have a pod.
const WAITING_SHARE: u32 = 4;

/// An answer whose head is here, and what it holds.
pub(super) struct Sent {
    pub answered: Answered,
    pub pool: Arc<PodPool>,
    pub place: Place,
    pub watchdog: Watchdog,
}

impl Sent {
    /// Whether the app has changed to another protocol.
    pub fn is_upgrade(&self) -> bool {
        self.answered.response.status() == StatusCode::SWITCHING_PROTOCOLS
    }
}

/// The request as the app is to see it.
pub(super) fn rewrite(client: &Client, way: &Way, host: &Host, request: Request<Incoming>, upgrade: Option<&Upgrade>) -> Request<Outgoing> {
    let (mut parts, body) = request.into_parts();
    let asks_first = parts.headers.contains_key(header::EXPECT);
    head::strip_request(&mut parts.headers);
    let sender = Sender { address: client.address, scheme: client.scheme, host: &host.spelled };
    way.with(|way| head::write_request(&mut parts.headers, &sender, way, trace_ids));
    if let Some(upgrade) = upgrade {
        parts.headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        parts.headers.insert(header::UPGRADE, upgrade.protocol.clone());
    }
    parts.extensions.clear();
    Request::from_parts(parts, Outgoing::new(body, asks_first))
}

fn trace_ids() -> TraceIds {
    TraceIds { trace: rand::random(), span: rand::random() }
}

/// Takes a place and sends the request there, as often as the activator allows.
pub(super) async fn send(
    front: &Front,
    line: &Arc<RevisionHandle>,
    limits: Limits,
    mut request: Request<Outgoing>,
    upgrades: bool,
) -> Result<Sent, Refused> {
    let body_bytes = request.body().size_hint().upper().map_or(HOLD_MAX, |upper| usize::try_from(upper).unwrap_or(HOLD_MAX).min(HOLD_MAX));
    let mut place = wait(front, line.acquire(limits.next(), WAITING_BYTES + body_bytes), &mut request).await?;
    let mut watchdog = Watchdog::new(limits);
    loop {
        let pool = front.pools.of(place.pod());
        aim(&mut request, place.protocol());
        let lost = match watchdog.guard(front.pools.exchange(&pool, &place, request)).await? {
            Ok(answered) => {
                watchdog.started();
                let sent = Sent { answered, pool, place, watchdog };
                // A change of protocol that nobody asked for is no answer.
                return if sent.is_upgrade() && !upgrades { Err(Refused::BrokenAnswer) } else { Ok(sent) };
            }
            Err(Lost { by_client: Some(refused), .. }) => return Err(refused),
            Err(lost) => lost,
        };
        tracing::debug!(revision = %line.key(), pod = place.pod().name(), failure = ?lost.failure, "a place was lost");
        match (place.failed(lost.failure, lost.request.is_some()), lost.request) {
            (Next::Again(again), Some(whole)) => {
                request = whole;
                place = wait(front, again.acquire(limits.next()), &mut request).await?;
            }
            (Next::GiveUp(refused), _) => return Err(refused),
            // The activator repeats only what may be repeated.
            (Next::Again(_), None) => return Err(Refused::ClosedBeforeAnswer),
        }
    }
}

/// Waits for a place. Meanwhile the body's first bytes are read, without which a client that leaves is not noticed. Not
/// when the client waits to be asked for its body: it is asked when there is a pod to send it to. A process that ends
/// lets those who wait go in time: pods may come no more.
async fn wait(
    front: &Front,
    place: impl Future<Output = Result<Place, Refused>>,
    request: &mut Request<Outgoing>,
) -> Result<Place, Refused> {
    let mut place = pin!(place);
    let mut told_to_end = pin!(async {
        front.drain.cancelled().await;
        tokio::time::sleep(front.drain_time / WAITING_SHARE).await;
    });
    std::future::poll_fn(|context| match place.as_mut().poll(context) {
        Poll::Ready(place) => Poll::Ready(place),
        Poll::Pending => match request.body_mut().poll_hold(context) {
            Poll::Ready(broken) => Poll::Ready(Err(broken)),
            Poll::Pending => told_to_end.as_mut().poll(context).map(|()| Err(Refused::ShuttingDown)),
        },
    })
    .await
}

/// Writes the request target in the form of the pod's protocol. May be called again when the request is sent again.
fn aim(request: &mut Request<Outgoing>, protocol: Protocol) {
    let target = request.uri().path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    match protocol {
        Protocol::H1 => {
            if let Some(authority) = request.uri().authority()
                && !request.headers().contains_key(header::HOST)
                && let Ok(host) = HeaderValue::from_str(authority.as_str())
            {
                request.headers_mut().insert(header::HOST, host);
            }
            *request.version_mut() = Version::HTTP_11;
            *request.uri_mut() = Uri::from(target);
        }
        Protocol::H2c => {
            let host = request.headers_mut().remove(header::HOST);
            let authority = host.and_then(|host| Authority::from_maybe_shared(host).ok()).or_else(|| request.uri().authority().cloned());
            // An upgrade is a matter of HTTP/1.1; over HTTP/2 the request is an ordinary one.
            request.headers_mut().remove(header::CONNECTION);
            request.headers_mut().remove(header::UPGRADE);
            let mut parts = http::uri::Parts::default();
            (parts.scheme, parts.authority, parts.path_and_query) = (Some(Scheme::HTTP), authority, Some(target));
            *request.version_mut() = Version::HTTP_2;
            if let Ok(uri) = Uri::from_parts(parts) {
                *request.uri_mut() = uri;
            }
        }
    }
}

/// The app's answer as the client, who asked by this version, is to see it.
pub(super) async fn respond(sent: Sent, visit: Visit, version: Version) -> Response<Answer> {
    let timing = timing(&sent);
    let (mut parts, body) = sent.answered.response.into_parts();
    // The client's version is the client's affair.
    parts.version = Version::HTTP_11;
    head::strip_hop_by_hop(&mut parts.headers);
    parts.headers.append(SERVER_TIMING, timing);
    let body = Stream::begin(body, sent.answered.link, sent.pool, sent.watchdog, visit, sent.place, version == Version::HTTP_2).await;
    Response::from_parts(parts, body)
}

/// The common case, a pod with a free place and an open connection, costs no formatting.
pub(super) fn timing(sent: &Sent) -> HeaderValue {
    let waited = sent.place.waited();
    if waited.is_zero() && sent.answered.connecting.is_none() && sent.place.tries() == 0 {
        return HeaderValue::from_static("ebb;desc=\"warm\"");
    }
    let mut text = String::with_capacity(80);
    text.push_str(if sent.place.cold() { "ebb;desc=\"cold\"" } else { "ebb;desc=\"warm\"" });
    push_duration(&mut text, "queue", waited);
    push_duration(&mut text, "connect", sent.answered.connecting.unwrap_or_default());
    if sent.place.tries() > 0 {
        // Writing to a String cannot fail.
        let _ = write!(text, ", retry;desc=\"{}\"", sent.place.tries());
    }
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("ebb"))
}

fn push_duration(text: &mut String, name: &str, duration: Duration) {
    let micros = duration.as_micros();
    let _ = write!(text, ", {name};dur={}.{:03}", micros / 1_000, micros % 1_000);
}
