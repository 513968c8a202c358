//! Closing a connection so that the peer can read what was last written to it.
//!
//! When a socket is closed while bytes of the peer are unread or still on their way, the operating system answers them
//! with a reset, and a reset makes the peer throw away what it has not read yet: the very answer that says why its
//! request was refused. So after the last byte was written the bytes that still come are read and thrown away, until
//! the peer has seen the end and closes too, or for [`LINGER`].
//!
//! It must not know what is spoken on the connection.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a closed connection is read from. An answer and the peer's end of the connection need one round trip; the
/// worst of them, by satellite and with one packet lost, take about this long.
pub const LINGER: Duration = Duration::from_secs(2);
/// What is thrown away at a time.
const PIECE: usize = 8 << 10;

/// A connection that lingers when it is dropped after its writing side was shut down. One that is dropped without a
/// shutdown is closed at once.
#[derive(Debug)]
pub struct Linger<I: AsyncRead + Unpin + Send + 'static> {
    /// `None` only while it is being dropped.
    io: Option<I>,
    shut: bool,
    /// The peer has closed, or is gone.
    over: bool,
    tracker: TaskTracker,
    drain: CancellationToken,
}

impl<I: AsyncRead + Unpin + Send + 'static> Linger<I> {
    /// Wraps a connection. What lingers runs on `tracker`, on the runtime on which the connection is dropped, and not once `drain`
    /// has come: a process that ends does not wait for those who have their answer.
    pub const fn new(io: I, tracker: TaskTracker, drain: CancellationToken) -> Self {
        Self { io: Some(io), shut: false, over: false, tracker, drain }
    }

    fn io(&mut self) -> io::Result<Pin<&mut I>> {
        self.io.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    fn note<T>(&mut self, result: io::Result<T>) -> Poll<io::Result<T>> {
        self.over |= result.is_err();
        Poll::Ready(result)
    }
}

impl<I: AsyncRead + Unpin + Send + 'static> AsyncRead for Linger<I> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let (before, room) = (buffer.filled().len(), buffer.remaining() > 0);
        let result = ready!(self.io()?.poll_read(context, buffer));
        self.over |= room && result.is_ok() && buffer.filled().len() == before;
        self.note(result)
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin + Send + 'static> AsyncWrite for Linger<I> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = ready!(self.io()?.poll_write(context, bytes));
        self.note(result)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, context: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let result = ready!(self.io()?.poll_write_vectored(context, slices));
        self.note(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = ready!(self.io()?.poll_flush(context));
        self.note(result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = ready!(self.io()?.poll_shutdown(context));
        self.shut |= result.is_ok();
        self.note(result)
    }
}

impl<I: AsyncRead + Unpin + Send + 'static> Drop for Linger<I> {
    fn drop(&mut self) {
        let Some(mut io) = self.io.take().filter(|_| self.shut && !self.over && !self.drain.is_cancelled()) else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        self.tracker.spawn_on(
            async move {
                let mut piece = [0; PIECE];
                let ended = async { while io.read(&mut piece).await.is_ok_and(|read| read > 0) {} };
                // Who has not closed by then is cut off.
                let _ = tokio::time::timeout(LINGER, ended).await;
            },
            &runtime,
        );
    }
}

#[cfg(test)]
mod tests;
