//! The body of a request on its way to a pod: streamed, never collected. A few first bytes may be read early, while
//! the request waits for its place, so that a client that leaves is noticed.

use std::collections::VecDeque;
use std::error::Error as _;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use ebb_activator::Refused;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

/// Most bytes read early. Most request bodies are smaller, and for those hyper sees the client leave only once the
/// body was read. 16 KiB times the 10,000 requests that may wait are the 160 MB that a line may hold.
pub(crate) const HOLD_MAX: usize = 16 << 10;

/// A request body.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    held: VecDeque<Frame<Bytes>>,
    held_bytes: usize,
    rest: Option<Incoming>,
    /// The client sends its body when it is asked to (`Expect: 100-continue`), and is asked by the first read.
    asks_first: bool,
    /// Told when the client breaks the body off: who sends it hears only that it failed.
    fate: Option<Arc<OnceLock<Refused>>>,
}

/// The client broke its request off.
#[derive(Debug, thiserror::Error)]
#[error("the client broke its request off")]
pub(crate) struct ClientBroke(#[source] hyper::Error);

impl ClientBroke {
    /// Whether the client has left, or has sent what is no body.
    fn why(&self) -> Refused {
        let cause = self.0.source().and_then(|cause| cause.downcast_ref::<io::Error>());
        match cause.map(io::Error::kind) {
            // hyper's decoder says so of malformed chunks and trailers.
            Some(io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData) => Refused::BadBody,
            _ => Refused::ClientLeft,
        }
    }
}

impl Outgoing {
    /// The body of a request that came in. `asks_first`: it must not be read before there is a pod to send it to.
    pub fn new(body: Incoming, asks_first: bool) -> Self {
        Self { rest: Some(body).filter(|body| !body.is_end_stream()), asks_first, ..Self::default() }
    }

    /// Reads a little of it early. Ready when the client broke it off: a body says that only once and seems to have ended
    /// afterwards, so it must not be sent any more.
    pub fn poll_hold(&mut self, context: &mut Context<'_>) -> Poll<Refused> {
        while self.held_bytes < HOLD_MAX && !self.asks_first {
            let Some(rest) = &mut self.rest else { return Poll::Pending };
            match ready!(Pin::new(rest).poll_frame(context)) {
                Some(Ok(frame)) => {
                    self.held_bytes += frame.data_ref().map_or(0, Bytes::len);
                    self.held.push_back(frame);
                }
                Some(Err(error)) => return Poll::Ready(ClientBroke(error).why()),
                None => self.rest = None,
            }
        }
        Poll::Pending
    }

    /// Where it will be written if the client breaks the body off. Nothing for a body that has nothing more to come.
    pub fn fate(&mut self) -> Option<Arc<OnceLock<Refused>>> {
        self.rest.as_ref()?;
        Some(self.fate.get_or_insert_default().clone())
    }

    fn broke(&self, error: hyper::Error) -> ClientBroke {
        let broke = ClientBroke(error);
        if let Some(fate) = &self.fate {
            // The first word counts.
            let _ = fate.set(broke.why());
        }
        broke
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = ClientBroke;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, ClientBroke>>> {
        if let Some(frame) = self.held.pop_front() {
            self.held_bytes = self.held_bytes.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            return Poll::Ready(Some(Ok(frame)));
        }
        let Some(rest) = &mut self.rest else { return Poll::Ready(None) };
        match ready!(Pin::new(rest).poll_frame(context)) {
            Some(Ok(frame)) => Poll::Ready(Some(Ok(frame))),
            Some(Err(error)) => Poll::Ready(Some(Err(self.broke(error)))),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.held.is_empty() && self.rest.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let held = u64::try_from(self.held_bytes).unwrap_or(u64::MAX);
        let rest = self.rest.as_ref().map_or_else(|| SizeHint::with_exact(0), Body::size_hint);
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(held));
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(held));
        }
        hint
    }
}
