//! The reconciles that run, of which one at a time goes on. It knows nothing of queues.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use futures::StreamExt;
use futures::stream::FuturesUnordered;

/// The turn that one of several reconciles can take each time their task runs.
#[derive(Clone, Default)]
pub struct Turn(Arc<AtomicBool>);

impl Turn {
    /// A reconcile that waits for its turn whenever it could go on.
    pub fn of<K, Fut>(&self, key: K, inner: Fut) -> Running<K, Fut> {
        Running { key: Some(key), inner: Box::pin(inner), turn: self.clone() }
    }

    /// What the next of them answers; nothing if there is none.
    pub async fn next<K, Fut: Future>(&self, running: &mut FuturesUnordered<Running<K, Fut>>) -> Option<(K, Fut::Output)> {
        poll_fn(|context| {
            self.0.store(false, Ordering::Relaxed);
            running.poll_next_unpin(context)
        })
        .await
    }

    /// Whether nobody had it.
    fn take(&self) -> bool {
        !self.0.swap(true, Ordering::Relaxed)
    }
}

/// A reconcile that remembers its key. The inner future is boxed so that this type needs no pin projection.
pub struct Running<K, Fut> {
    key: Option<K>,
    inner: Pin<Box<Fut>>,
    turn: Turn,
}

impl<K, Fut> Unpin for Running<K, Fut> {}

impl<K, Fut: Future> Future for Running<K, Fut> {
    type Output = (K, Fut::Output);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if !self.turn.take() {
            // Two of these in a row, and `FuturesUnordered` lets its task run again later.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let output = ready!(self.inner.as_mut().poll(context));
        match self.key.take() {
            Some(key) => Poll::Ready((key, output)),
            // Polled after it was ready: never done by FuturesUnordered.
            None => Poll::Pending,
        }
    }
}
