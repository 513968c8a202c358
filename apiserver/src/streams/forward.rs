//! Port-forward over SPDY: for each connection that the client's user makes, the client opens a stream for its bytes and one
//! for what goes wrong, which belong together by their request id.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use super::connection::{self, Back, Broken, Stream};
use super::door::Raw;
use super::{PodConnection, PodStreams, socket};

/// How long the second stream of a pair may be missing (upstream: `DefaultStreamCreationTimeout`).
const PAIR: Duration = Duration::from_secs(30);
/// Read at once from a pod.
const CHUNK: usize = 16 * 1024;
/// Between a WebSocket and the SPDY within it.
const PIPE: usize = 64 * 1024;

/// The pod that ports belong to.
pub(super) struct Target {
    pub streams: Arc<dyn PodStreams>,
    pub namespace: String,
    pub pod: String,
    pub uid: String,
}

impl Target {
    /// Connects to a port, or says why not in upstream's words.
    pub(super) async fn connect(&self, port: u16) -> Result<Box<dyn PodConnection>, String> {
        let connected = self.streams.connect(&self.namespace, &self.pod, port).await;
        connected.map_err(|why| format!("error forwarding port {port} to pod {}, uid {}: {why}", self.pod, self.uid))
    }
}

/// Serves a client over a connection of its own.
pub(super) async fn serve(raw: Raw, to: Target) {
    connection::serve(raw, |opened| pairs(opened, Arc::new(to))).await;
}

/// Serves a client whose SPDY comes as the messages of a WebSocket.
pub(super) async fn serve_tunnel(raw: Raw, to: Target) {
    let (mut sink, mut stream) = socket::open(raw).await.split();
    let (inner, outer) = tokio::io::duplex(PIPE);
    let (mut from, mut into) = tokio::io::split(outer);
    let inward = async {
        while let Some(data) = socket::next(&mut stream).await {
            if into.write_all(&data).await.is_err() {
                break;
            }
        }
        // The connection below hears that the client has left.
        let _ = into.shutdown().await;
    };
    let outward = async {
        let mut buffer = BytesMut::new();
        loop {
            buffer.reserve(CHUNK);
            match from.read_buf(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
            if sink.send(Message::Binary(buffer.split().freeze())).await.is_err() {
                break;
            }
        }
        // It may have closed first.
        let _ = sink.send(socket::goodbye()).await;
    };
    let served = async {
        let spdy = connection::serve(inner, |opened| pairs(opened, Arc::new(to)));
        tokio::join!(spdy, outward);
    };
    tokio::select! {
        () = served => {}
        () = async { inward.await; std::future::pending().await } => {}
    }
    socket::hang_up(sink, stream).await;
}

/// A stream that waits for its other half.
struct Half {
    stream: Stream,
    is_error: bool,
    since: Instant,
}

/// Pairs streams and forwards each pair, until the client has left.
async fn pairs(mut opened: mpsc::Receiver<Stream>, to: Arc<Target>) {
    let mut waiting: HashMap<String, Half> = HashMap::new();
    let mut running = JoinSet::new();
    loop {
        let stream = tokio::select! {
            stream = opened.recv() => stream,
            Some(_) = running.join_next() => continue,
        };
        let Some(stream) = stream else { return };
        // Each waiting stream has one of the connection's places, which bounds them.
        waiting.retain(|_, half| half.since.elapsed() < PAIR);
        let Some((id, is_error)) = identity(&stream) else {
            stream.back.refuse().await;
            continue;
        };
        match waiting.remove(&id) {
            Some(other) if other.is_error != is_error => {
                let (data, error) = if is_error { (other.stream, stream) } else { (stream, other.stream) };
                running.spawn(forward(data, error, to.clone()));
            }
            Some(_) => stream.back.refuse().await,
            None => drop(waiting.insert(id, Half { stream, is_error, since: Instant::now() })),
        }
    }
}

/// The id of the pair, and whether the stream is the one of errors. Clients without ids open the one of errors first.
fn identity(stream: &Stream) -> Option<(String, bool)> {
    let is_error = match stream.header("streamtype") {
        "error" => true,
        "data" => false,
        _ => return None,
    };
    let id = match stream.header("requestid") {
        "" if is_error => stream.back.id().to_string(),
        "" => stream.back.id().checked_sub(2)?.to_string(),
        id => id.to_owned(),
    };
    Some((id, is_error))
}

/// Forwards one connection, and tells the client what went wrong.
async fn forward(data: Stream, error: Stream, to: Arc<Target>) {
    let port = data.header("port").to_owned();
    let connected = match port.parse::<u16>() {
        Ok(port) if port > 0 => to.connect(port).await,
        _ => Err(format!("unable to parse {port:?} as a port")),
    };
    let told = match connected {
        Ok(connection) => both_ways(data, connection).await.err().unwrap_or_default(),
        Err(why) => {
            let _ = data.back.send(Bytes::new(), true).await;
            why
        }
    };
    // A client that has left does not want to know.
    let _ = error.back.send(told.into(), true).await;
}

/// Copies until both sides have ended; either may end before the other. A broken stream ends both.
async fn both_ways(data: Stream, connection: Box<dyn PodConnection>) -> Result<(), String> {
    let Stream { data, back, .. } = data;
    let (reader, writer) = tokio::io::split(connection);
    let ended = tokio::try_join!(inward(data, writer), outward(reader, &back));
    ended.map(|_| ()).or_else(|error| match error {
        Ended::Broken => Ok(()),
        Ended::Pod(error) => Err(format!("the connection to the pod broke: {error}")),
    })
}

enum Ended {
    /// By the client.
    Broken,
    /// By the pod.
    Pod(std::io::Error),
}

async fn inward(mut data: mpsc::Receiver<Result<Bytes, Broken>>, mut writer: WriteHalf<Box<dyn PodConnection>>) -> Result<(), Ended> {
    while let Some(piece) = data.recv().await {
        let piece = piece.map_err(|_| Ended::Broken)?;
        writer.write_all(&piece).await.map_err(Ended::Pod)?;
    }
    writer.shutdown().await.map_err(Ended::Pod)
}

async fn outward(mut reader: ReadHalf<Box<dyn PodConnection>>, back: &Back) -> Result<(), Ended> {
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(CHUNK);
        let read = reader.read_buf(&mut buffer).await.map_err(Ended::Pod)?;
        back.send(buffer.split().freeze(), read == 0).await.map_err(|_| Ended::Broken)?;
        if read == 0 {
            return Ok(());
        }
    }
}
