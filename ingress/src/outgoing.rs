//! The body of a request on its way to a pod: streamed, never collected. A few first bytes may be read early, while
//! the request waits for its place, so that a client that leaves is noticed.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
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
}

/// The client broke its request off.
#[derive(Debug, thiserror::Error)]
#[error("the client broke its request off")]
pub(crate) struct ClientBroke(#[source] hyper::Error);

impl Outgoing {
    /// The body of a request that came in. `asks_first`: it must not be read before there is a pod to send it to.
    pub fn new(body: Incoming, asks_first: bool) -> Self {
        Self { held: VecDeque::new(), held_bytes: 0, rest: Some(body).filter(|body| !body.is_end_stream()), asks_first }
    }

    /// Reads a little of it early. Whatever goes wrong is met again when the body is sent.
    pub fn poll_hold(&mut self, context: &mut Context<'_>) {
        while self.held_bytes < HOLD_MAX && !self.asks_first {
            let Some(rest) = &mut self.rest else { return };
            let Poll::Ready(frame) = Pin::new(rest).poll_frame(context) else { return };
            match frame {
                Some(Ok(frame)) => {
                    self.held_bytes += frame.data_ref().map_or(0, Bytes::len);
                    self.held.push_back(frame);
                }
                // A broken body stays in `rest`, whose next frame is an error or its end.
                Some(Err(_)) => return,
                None => self.rest = None,
            }
        }
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
        match &mut self.rest {
            Some(rest) => Pin::new(rest).poll_frame(context).map_err(ClientBroke),
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
