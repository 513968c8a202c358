//! Bodies: of requests, read whole but not without end; of answers, whole, in pieces, or as a stream.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use ebb_plumbing::BoxError;
use futures::stream::{BoxStream, Stream};
use http_body::{Frame, SizeHint};
use http_body_util::{BodyExt, Limited};

use crate::error::ApiError;

/// Kubernetes takes 3 MB too: more than any object may have.
const REQUEST_MAX: usize = 3 * 1024 * 1024;

/// The body of an answer.
pub struct Body(Kind);

enum Kind {
    Pieces { pieces: VecDeque<Bytes>, left: u64 },
    Stream(BoxStream<'static, Result<Bytes, BoxError>>),
}

impl Body {
    /// A body that is there.
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        Self::pieces([bytes.into()])
    }

    /// A body that is there in pieces.
    pub fn pieces(pieces: impl IntoIterator<Item = Bytes>) -> Self {
        let pieces: VecDeque<Bytes> = pieces.into_iter().filter(|piece| !piece.is_empty()).collect();
        let left = pieces.iter().map(|piece| u64::try_from(piece.len()).unwrap_or(u64::MAX)).sum();
        Self(Kind::Pieces { pieces, left })
    }

    /// All of it, or the body itself if it is yet to come.
    ///
    /// # Errors
    /// The body, when it is a stream.
    pub fn whole(self) -> Result<Bytes, Self> {
        match self.0 {
            Kind::Pieces { mut pieces, .. } if pieces.len() < 2 => Ok(pieces.pop_front().unwrap_or_default()),
            Kind::Pieces { pieces, .. } => Ok(Vec::from(pieces).concat().into()),
            Kind::Stream(_) => Err(self),
        }
    }

    /// A body that comes as it comes.
    pub fn stream(stream: BoxStream<'static, Result<Bytes, BoxError>>) -> Self {
        Self(Kind::Stream(stream))
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Kind::Pieces { pieces, left } => Poll::Ready(pieces.pop_front().map(|piece| {
                *left = left.saturating_sub(u64::try_from(piece.len()).unwrap_or(u64::MAX));
                Ok(Frame::data(piece))
            })),
            Kind::Stream(stream) => Pin::new(stream).poll_next(cx).map(|item| item.map(|piece| piece.map(Frame::data))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.0, Kind::Pieces { pieces, .. } if pieces.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Pieces { left, .. } => SizeHint::with_exact(*left),
            Kind::Stream(_) => SizeHint::default(),
        }
    }
}

/// Reads the body of a request.
///
/// # Errors
/// 413 when it is too large, 400 when it breaks off.
pub async fn read<B>(body: B) -> Result<Bytes, ApiError>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    match Limited::new(body, REQUEST_MAX).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(ApiError::too_large(REQUEST_MAX)),
        Err(error) => Err(ApiError::bad_request(format!("the body of the request broke off: {error}"))),
    }
}
