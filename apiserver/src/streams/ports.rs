//! Port-forward over plain channels of a WebSocket: two channels per port, the bytes and what goes wrong, each of which begins
//! with the port's number. There is no half of a close in this protocol, and one connection per port.

use bytes::{Bytes, BytesMut};
use ebb_apiserver_core::channels::{Protocol, Said};
use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;

use super::door::Raw;
use super::forward::Target;
use super::{PodConnection, socket};

/// Pieces that wait for a port, and messages that wait for the client.
const LINE: usize = 4;
/// Read at once from a pod.
const CHUNK: usize = 16 * 1024;

/// Serves a client until it has left, or all its ports have closed.
pub(super) async fn serve(raw: Raw, protocol: Protocol, to: &Target, asked: Vec<u16>) {
    let (mut sink, mut stream) = socket::open(raw).await.split();
    let (out, mut outbox) = mpsc::channel::<Message>(LINE);
    let (mut ports, mut lines) = (JoinSet::new(), Vec::new());
    for (port, number) in asked.into_iter().zip((0..u8::MAX).step_by(2)) {
        let (line, inbox) = mpsc::channel(LINE);
        lines.push(line);
        let channel = Channel { number, protocol, out: out.clone() };
        let connect = (to.streams.clone(), to.namespace.clone(), to.pod.clone(), to.uid.clone());
        ports.spawn(async move {
            let (streams, namespace, pod, uid) = connect;
            one(channel, Target { streams, namespace, pod, uid }, port, inbox).await;
        });
    }
    drop(out);
    let inward = async {
        while let Some(message) = socket::next(&mut stream).await {
            if let Said::Data(number, data) = protocol.read(&message)
                && number % 2 == 0
                && let Some(line) = lines.get(usize::from(number / 2))
            {
                // A port that has closed takes no more.
                let _ = line.send(Bytes::from(data)).await;
            }
        }
    };
    let outward = async {
        while let Some(message) = outbox.recv().await {
            if sink.send(message).await.is_err() {
                return;
            }
        }
        // It may have closed first.
        let _ = sink.send(socket::goodbye()).await;
    };
    tokio::select! {
        () = inward => {}
        () = outward => {}
    }
    socket::hang_up(sink, stream).await;
}

/// A pair of channels.
struct Channel {
    number: u8,
    protocol: Protocol,
    out: mpsc::Sender<Message>,
}

impl Channel {
    /// False when the client has left.
    async fn data(&self, data: &[u8]) -> bool {
        self.out.send(socket::message(self.protocol, self.number, data)).await.is_ok()
    }

    async fn error(&self, data: &[u8]) -> bool {
        self.out.send(socket::message(self.protocol, self.number + 1, data)).await.is_ok()
    }
}

async fn one(channel: Channel, to: Target, port: u16, inbox: mpsc::Receiver<Bytes>) {
    let greeting = port.to_le_bytes();
    if !channel.data(&greeting).await || !channel.error(&greeting).await {
        return;
    }
    match to.connect(port).await {
        Ok(connection) => both_ways(&channel, connection, inbox).await,
        Err(why) => {
            channel.error(why.as_bytes()).await;
        }
    }
}

/// Copies until the pod has closed or the client has left.
async fn both_ways(channel: &Channel, connection: Box<dyn PodConnection>, mut inbox: mpsc::Receiver<Bytes>) {
    let (mut reader, mut writer) = tokio::io::split(connection);
    let inward = async {
        while let Some(data) = inbox.recv().await {
            if writer.write_all(&data).await.is_err() {
                break;
            }
        }
        // What the pod still has to say is heard; it says itself when it is done.
        std::future::pending::<()>().await;
    };
    let outward = async {
        let mut buffer = BytesMut::new();
        loop {
            buffer.reserve(CHUNK);
            let read = reader.read_buf(&mut buffer).await;
            if !matches!(read, Ok(1..)) || !channel.data(&buffer.split()).await {
                return;
            }
        }
    };
    tokio::select! {
        () = inward => {}
        () = outward => {}
    }
}
