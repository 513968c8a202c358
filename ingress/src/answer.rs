//! The body of an answer on its way to the client: streamed from the pod, or one line of ours. As long as it lasts it
//! holds the request's place; when it ends the connection goes back to its pool and the place to the next in line.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use ebb_activator::{Place, Refused};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::lanes::Visit;
use crate::upstream::{Link, PodPool};
use crate::watchdog::Watchdog;

/// What a client reads.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A line of ours, or nothing.
    Text(Option<Bytes>),
    /// The app's answer.
    Stream(Box<Stream>),
}

/// The app's answer, and all that has to live as long as it.
#[derive(Debug)]
pub(crate) struct Stream {
    body: Incoming,
    /// The connection that brings it (HTTP/1). Dropping it breaks the exchange off.
    link: Option<Link>,
    pool: Arc<PodPool>,
    watchdog: Watchdog,
    visit: Visit,
    place: Option<Place>,
    /// What is left is to break off for this reason.
    broken: Option<Broken>,
}

/// An answer that is about to be broken off. hyper forgets what it has not written yet when a body fails, so it gets one
/// turn to write before it is told.
#[derive(Debug)]
struct Broken {
    cut: Option<Cut>,
    written: bool,
}

/// Why an answer is broken off in the middle. The client sees a connection or stream that ends before the body does.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Cut {
    /// A timeout.
    #[error("the answer was broken off: {0}")]
    Expired(Refused),
    /// The pod broke off.
    #[error("the app broke its answer off")]
    Broken(#[source] hyper::Error),
}

impl Answer {
    /// A body of ours.
    pub fn text(text: Bytes) -> Self {
        Self::Text(Some(text).filter(|text| !text.is_empty()))
    }

    /// Nothing.
    pub fn empty() -> Self {
        Self::Text(None)
    }
}

impl Stream {
    /// The body of an answer. Ends at once, and is then [`Answer::empty`], if there is none.
    pub async fn begin(body: Incoming, link: Option<Link>, pool: Arc<PodPool>, watchdog: Watchdog, visit: Visit, place: Place) -> Answer {
        let mut stream = Self { body, link, pool, watchdog, visit, place: Some(place), broken: None };
        if stream.body.is_end_stream() {
            std::future::poll_fn(|context| {
                stream.end(context);
                Poll::Ready(())
            })
            .await;
            return Answer::empty();
        }
        Answer::Stream(Box::new(stream))
    }

    /// The answer is complete. First the connection, then the place: who gets the place finds the connection.
    fn end(&mut self, context: &mut Context<'_>) {
        if let Some(mut link) = self.link.take()
            && link.is_free(context)
        {
            self.pool.keep(link);
        }
        self.place = None;
        self.visit.ended();
    }

    /// Gives everything back and lets the client see the break.
    fn break_off(&mut self, why: Refused, cut: Cut) {
        self.visit.failed(why);
        self.link = None;
        self.place = None;
        self.broken = Some(Broken { cut: Some(cut), written: false });
    }

    /// The time is over. Text is appended, as Knative does, where the length of the body was left open.
    fn expire(&mut self, why: Refused, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let open_ended = self.body.size_hint().exact().is_none();
        self.break_off(why, Cut::Expired(why));
        if open_ended { Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"request timeout"))))) } else { self.poll(context) }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        if let Some(broken) = &mut self.broken {
            if !std::mem::replace(&mut broken.written, true) {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            return Poll::Ready(broken.cut.take().map(Err));
        }
        let mut frame = Pin::new(&mut self.body).poll_frame(context);
        if frame.is_pending()
            && let Some(link) = &mut self.link
        {
            link.drive(context);
            frame = Pin::new(&mut self.body).poll_frame(context);
        }
        match frame {
            Poll::Ready(Some(Ok(frame))) => {
                self.watchdog.touch();
                // hyper does not ask again once it knows that this was the last.
                if self.body.is_end_stream() {
                    self.end(context);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                self.break_off(Refused::BrokenAnswer, Cut::Broken(error));
                self.poll(context)
            }
            Poll::Ready(None) => {
                self.end(context);
                Poll::Ready(None)
            }
            Poll::Pending => match self.watchdog.poll_expired(context) {
                Poll::Ready(refused) => self.expire(refused, context),
                Poll::Pending => Poll::Pending,
            },
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        match &mut *self {
            Self::Text(text) => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
            Self::Stream(stream) => stream.poll(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Text(text) => text.is_none(),
            Self::Stream(stream) => stream.broken.is_none() && stream.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Text(text) => SizeHint::with_exact(text.as_ref().map_or(0, |text| u64::try_from(text.len()).unwrap_or(u64::MAX))),
            Self::Stream(stream) => stream.body.size_hint(),
        }
    }
}
