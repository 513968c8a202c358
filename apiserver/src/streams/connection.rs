//! A SPDY connection: streams that the client opens, over any stream of bytes. No stream is opened from here.
//!
//! Kubernetes' clients know no flow control by windows, so a stream whose reader is slow holds up the others of its
//! connection once its few pieces are full; nothing grows.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use ebb_apiserver_core::spdy::{Decoder, Encoder, Frame, Head, value};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// Streams at the same time: 64 forwarded connections, each with its stream of errors.
const STREAMS: usize = 128;
/// Pieces of 32 KiB that wait for a stream's reader.
const PIECES: usize = 4;
/// Frames that wait to be written; the largest hold 16 KiB.
const OUTBOX: usize = 16;
/// Read at once, and written at once.
const BLOCK: usize = 32 * 1024;
/// `PROTOCOL_ERROR` and `REFUSED_STREAM`.
const MALFORMED: u32 = 1;
const REFUSED: u32 = 3;

/// The client has broken a stream off.
#[derive(Debug)]
pub(super) struct Broken;

/// A stream that the client has opened.
#[derive(Debug)]
pub(super) struct Stream {
    /// What the client sends; ends when it sends no more.
    pub data: mpsc::Receiver<Result<Bytes, Broken>>,
    /// The way back.
    pub back: Back,
    head: Head,
}

impl Stream {
    /// A line of its head, or empty.
    pub fn header(&self, name: &str) -> &str {
        value(&self.head, name)
    }
}

/// The way back to the client on one stream.
#[derive(Debug)]
pub(super) struct Back {
    id: u32,
    frames: mpsc::Sender<Frame>,
    _place: OwnedSemaphorePermit,
}

impl Back {
    /// The stream's number.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Sends data. Cancel safe.
    ///
    /// # Errors
    /// When the client has left.
    pub async fn send(&self, data: Bytes, last: bool) -> Result<(), Broken> {
        self.frames.send(Frame::Data { stream: self.id, last, data }).await.map_err(|_| Broken)
    }

    /// Breaks the stream off: the client has said something that makes no sense.
    pub async fn refuse(&self) {
        // A client that has left needs no answer.
        let _ = self.frames.send(Frame::Reset { stream: self.id, status: MALFORMED }).await;
    }

    /// Finds out whether the client is still there.
    ///
    /// # Errors
    /// When it has left.
    pub async fn ping(&self) -> Result<(), Broken> {
        // Even numbers are the server's.
        self.frames.send(Frame::Ping(2)).await.map_err(|_| Broken)
    }
}

/// Serves a connection: `app` gets the streams as they are opened, and may use them until it returns or the client leaves.
pub(super) async fn serve<S, A>(stream: S, app: impl FnOnce(mpsc::Receiver<Stream>) -> A)
where
    S: AsyncRead + AsyncWrite + Send,
    A: Future<Output = ()>,
{
    let (reader, writer) = tokio::io::split(stream);
    let (frames, outbox) = mpsc::channel(OUTBOX);
    let (opened, streams) = mpsc::channel(1);
    let intake = Intake { opened, frames, readers: HashMap::new(), places: Arc::new(Semaphore::new(STREAMS)) };
    let app = app(streams);
    let both = async {
        tokio::select! {
            () = app => {}
            () = intake.run(reader) => {}
        }
        // With them go the last senders of frames; what is in the outbox is still written.
    };
    tokio::join!(both, write(writer, outbox));
}

/// Writes frames until nobody can send any more.
async fn write(mut writer: impl AsyncWrite + Unpin, mut outbox: mpsc::Receiver<Frame>) {
    let (mut encoder, mut out) = (Encoder::default(), BytesMut::new());
    while let Some(frame) = outbox.recv().await {
        encoder.write(&frame, &mut out);
        while out.len() < BLOCK
            && let Ok(frame) = outbox.try_recv()
        {
            encoder.write(&frame, &mut out);
        }
        if writer.write_all(&out).await.is_err() || writer.flush().await.is_err() {
            return;
        }
        out.clear();
    }
    // The client may have closed first.
    let _ = writer.shutdown().await;
}

/// The side that hears the client.
struct Intake {
    opened: mpsc::Sender<Stream>,
    frames: mpsc::Sender<Frame>,
    readers: HashMap<u32, mpsc::Sender<Result<Bytes, Broken>>>,
    places: Arc<Semaphore>,
}

impl Intake {
    /// Reads until the client has left or says what is not SPDY.
    async fn run(mut self, mut reader: impl AsyncRead + Unpin) {
        let (mut decoder, mut input) = (Decoder::default(), BytesMut::new());
        loop {
            input.reserve(BLOCK);
            match reader.read_buf(&mut input).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            loop {
                match decoder.next(&mut input) {
                    Ok(Some(frame)) => {
                        if self.take(frame).await.is_err() {
                            return;
                        }
                    }
                    Ok(None) => break,
                    Err(error) => return tracing::debug!(%error, "a client does not speak SPDY"),
                }
            }
        }
    }

    async fn take(&mut self, frame: Frame) -> Result<(), Broken> {
        match frame {
            Frame::Open { stream, last, head } => self.open(stream, last, head).await,
            Frame::Data { stream, last, data } => {
                if let Some(reader) = self.readers.get(&stream)
                    && !data.is_empty()
                {
                    // Nobody reads it any more: it is dropped, as its reader would.
                    let _ = reader.send(Ok(data)).await;
                }
                if last {
                    self.readers.remove(&stream);
                }
                Ok(())
            }
            Frame::Reset { stream, .. } => {
                if let Some(reader) = self.readers.remove(&stream) {
                    let _ = reader.send(Err(Broken)).await;
                }
                Ok(())
            }
            // Odd numbers are the client's; ours come back.
            Frame::Ping(id) if id % 2 == 1 => self.frames.send(Frame::Ping(id)).await.map_err(|_| Broken),
            Frame::Ping(_) | Frame::Reply { .. } | Frame::GoAway => Ok(()),
        }
    }

    async fn open(&mut self, id: u32, last: bool, head: Head) -> Result<(), Broken> {
        let sent = |frame| async { self.frames.send(frame).await.map_err(|_| Broken) };
        let Ok(place) = self.places.clone().try_acquire_owned() else {
            return sent(Frame::Reset { stream: id, status: REFUSED }).await;
        };
        sent(Frame::Reply { stream: id, last: false, head: Head::new() }).await?;
        let (reader, data) = mpsc::channel(PIECES);
        self.readers.retain(|_, reader| !reader.is_closed());
        if !last {
            self.readers.insert(id, reader);
        }
        let back = Back { id, frames: self.frames.clone(), _place: place };
        self.opened.send(Stream { data, back, head }).await.map_err(|_| Broken)
    }
}
