//! The body of an answer on its way to the client: streamed from the pod, or one line of ours. As long as it lasts it
//! holds the request's place; when it ends the connection goes back to its pool and the place to the next in line.

use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use ebb_activator::{Place, Refused};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use parking_lot::Mutex;
use tokio_util::task::AbortOnDropHandle;

use crate::lanes::Visit;
use crate::upstream::{Link, PodPool};
use crate::watchdog::Watchdog;

/// Bytes after which a client that reads nothing may stop an HTTP/1 answer. hyper takes so much of a body whole; shorter
/// answers have ended here by then, whatever their client does.
const UNREAD_MAX: usize = 8 << 10;

/// How much later than the answer itself the timekeeper looks at its dates: the answer has words for its client.
const LATE: Duration = Duration::from_millis(100);

/// What a client reads.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A line of ours, or nothing.
    Text(Option<Bytes>),
    /// The app's answer; shared with its timekeeper only.
    Stream(Arc<Mutex<Stream>>),
}

/// The app's answer, and all that has to live as long as it.
#[derive(Debug)]
pub(crate) struct Stream {
    /// Gone when the answer was broken off.
    body: Option<Incoming>,
    /// The connection that brings it (HTTP/1). Dropping it breaks the exchange off.
    link: Option<Link>,
    pool: Arc<PodPool>,
    watchdog: Watchdog,
    visit: Visit,
    place: Option<Place>,
    /// What is left is to break off for this reason.
    broken: Option<Broken>,
    /// Bytes that were handed on.
    given: usize,
    /// Keeps the answer's time when the client does not read: then nobody asks for more, and no timer of ours is looked at.
    timekeeper: Option<AbortOnDropHandle<()>>,
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
    /// The body of an answer. Ends at once, and is then [`Answer::empty`], if there is none. `shares`: the client's connection
    /// carries other answers, too (HTTP/2), so that this one can be stopped before its first byte.
    pub async fn begin(
        body: Incoming,
        link: Option<Link>,
        pool: Arc<PodPool>,
        watchdog: Watchdog,
        visit: Visit,
        place: Place,
        shares: bool,
    ) -> Answer {
        let ended = body.is_end_stream();
        let given = if shares { UNREAD_MAX } else { 0 };
        let (body, place) = (Some(body), Some(place));
        let mut stream = Self { body, link, pool, watchdog, visit, place, broken: None, given, timekeeper: None };
        if ended {
            std::future::poll_fn(|context| {
                stream.end(context);
                Poll::Ready(())
            })
            .await;
            return Answer::empty();
        }
        let stream = Arc::new(Mutex::new(stream));
        Self::time(&stream);
        Answer::Stream(stream)
    }

    /// Begins to keep time from the moment on at which the client could stop the answer.
    fn time(shared: &Arc<Mutex<Self>>) {
        let mut stream = shared.lock();
        if stream.given >= UNREAD_MAX && stream.timekeeper.is_none() && stream.place.is_some() {
            let timekeeper = tokio::spawn(keep_time(Arc::downgrade(shared)));
            stream.timekeeper = Some(AbortOnDropHandle::new(timekeeper));
        }
    }

    /// Breaks the answer off if its time is over. Whether it needs no more looking after.
    fn look_at_time(&mut self) -> bool {
        if self.place.is_some()
            && let Some(why) = self.watchdog.passed()
        {
            self.break_off(why, Cut::Expired(why));
        }
        self.place.is_none()
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
        (self.body, self.link) = (None, None);
        self.place = None;
        self.broken = Some(Broken { cut: Some(cut), written: false });
    }

    /// The time is over. Text is appended, as Knative does, where the length of the body was left open.
    fn expire(&mut self, why: Refused, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let open_ended = self.body.as_ref().is_some_and(|body| body.size_hint().exact().is_none());
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
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let mut frame = Pin::new(&mut *body).poll_frame(context);
        if frame.is_pending()
            && let Some(link) = &mut self.link
        {
            link.drive(context);
            frame = Pin::new(&mut *body).poll_frame(context);
        }
        match frame {
            Poll::Ready(Some(Ok(frame))) => {
                self.watchdog.touch();
                self.given = self.given.saturating_add(frame.data_ref().map_or(0, Bytes::len));
                // hyper does not ask again once it knows that this was the last.
                if body.is_end_stream() {
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

/// Ends an answer at its dates although nobody asks for more of it: its place and its pod are needed by others.
async fn keep_time(stream: Weak<Mutex<Stream>>) {
    loop {
        let Some(next) = stream.upgrade().map(|stream| stream.lock().watchdog.next()) else { return };
        tokio::time::sleep_until(next + LATE).await;
        if stream.upgrade().is_none_or(|stream| stream.lock().look_at_time()) {
            return;
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        match &mut *self {
            Self::Text(text) => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
            Self::Stream(stream) => {
                let frame = stream.lock().poll(context);
                Stream::time(stream);
                frame
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Text(text) => text.is_none(),
            Self::Stream(stream) => {
                let stream = stream.lock();
                stream.broken.is_none() && stream.body.as_ref().is_none_or(Body::is_end_stream)
            }
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Text(text) => SizeHint::with_exact(text.as_ref().map_or(0, |text| u64::try_from(text.len()).unwrap_or(u64::MAX))),
            Self::Stream(stream) => stream.lock().body.as_ref().map_or_else(SizeHint::default, Body::size_hint),
        }
    }
}
