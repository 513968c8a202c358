//! WebSockets: taken over from HTTP, with bounds, and a command's streams carried as channels in one.

use bytes::Bytes;
use ebb_apiserver_core::channels::{Channel, Outcome, Protocol, Said, terminal_size};
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::Command;
use super::door::Raw;
use super::exec::{Ear, Gone, Heard, LINGER, Mouth};

/// A message of a client. kubectl sends 32 KiB at most; others cut at 64 KiB, or send what a user pasted.
const MESSAGE: usize = 1024 * 1024;
/// Read at once. The library's own 128 KiB is for few and busy connections.
const READ: usize = 16 * 1024;

/// A server's end of a WebSocket whose handshake is done.
pub(super) async fn open<S: AsyncRead + AsyncWrite + Unpin>(stream: S) -> WebSocketStream<S> {
    let config = WebSocketConfig::default().read_buffer_size(READ).max_message_size(Some(MESSAGE)).max_frame_size(Some(MESSAGE));
    WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await
}

/// The two sides of a command's client.
pub(super) async fn command(raw: Raw, protocol: Protocol, command: &Command) -> (SocketEar, SocketMouth) {
    let (sink, stream) = open(raw).await.split();
    let mut mouth = SocketMouth { sink, protocol };
    // An empty message on the first channel that the client reads tells it that the command's streams are there.
    let first = match (command.stdout, command.stderr) {
        (true, _) => Channel::Stdout,
        (false, true) => Channel::Stderr,
        (false, false) => Channel::Error,
    };
    // Whether the client is still there shows with the next message.
    let _ = mouth.say(first, Bytes::new()).await;
    (SocketEar { stream, protocol }, mouth)
}

/// Hears a client.
pub(super) struct SocketEar {
    pub stream: SplitStream<WebSocketStream<Raw>>,
    protocol: Protocol,
}

impl Ear for SocketEar {
    async fn hear(&mut self) -> Heard {
        loop {
            let Some(message) = next(&mut self.stream).await else { return Heard::Gone };
            match self.protocol.read(&message) {
                Said::Data(number, data) => match Channel::of(number) {
                    Some(Channel::Stdin) => return Heard::Stdin(data.into()),
                    Some(Channel::Resize) => {
                        if let Some((columns, rows)) = terminal_size(&data) {
                            return Heard::Resize(columns, rows);
                        }
                    }
                    _ => {}
                },
                Said::Closed(number) if Channel::of(number) == Some(Channel::Stdin) => return Heard::StdinClosed,
                Said::Closed(_) | Said::Nothing => {}
            }
        }
    }
}

/// The next message with content; `None` when the client has left. Pings are answered by the library.
pub(super) async fn next<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut SplitStream<WebSocketStream<S>>) -> Option<Bytes> {
    loop {
        match stream.next().await?.ok()? {
            Message::Binary(data) => return Some(data),
            Message::Text(text) => return Some(text.into()),
            Message::Close(_) => return None,
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
    }
}

/// Speaks to a client.
pub(super) struct SocketMouth {
    pub sink: SplitSink<WebSocketStream<Raw>, Message>,
    protocol: Protocol,
}

impl SocketMouth {
    async fn send(&mut self, message: Message) -> Result<(), Gone> {
        self.sink.send(message).await.map_err(|_| Gone)
    }
}

impl Mouth for SocketMouth {
    async fn say(&mut self, channel: Channel, data: Bytes) -> Result<(), Gone> {
        let message = message(self.protocol, channel.number(), &data);
        self.send(message).await
    }

    async fn close(&mut self, _: Channel) -> Result<(), Gone> {
        // The protocol has no way to say so; the end of the command says it for all.
        Ok(())
    }

    async fn ping(&mut self) -> Result<(), Gone> {
        self.send(Message::Ping(Bytes::new())).await
    }

    async fn finish(&mut self, outcome: &Outcome) -> Result<(), Gone> {
        let told = outcome.told(self.protocol.status);
        if !told.is_empty() {
            self.say(Channel::Error, told.into()).await?;
        }
        self.send(goodbye()).await
    }
}

/// The end that clients take for one that was meant.
pub(super) fn goodbye() -> Message {
    Message::Close(Some(CloseFrame { code: CloseCode::Normal, reason: Utf8Bytes::default() }))
}

/// Ends a connection in order: the client answers our end with its own, then the connection below is closed.
pub(super) async fn hang_up(sink: SplitSink<WebSocketStream<Raw>, Message>, mut stream: SplitStream<WebSocketStream<Raw>>) {
    let closing = async {
        while next(&mut stream).await.is_some() {}
        if let Ok(mut whole) = sink.reunite(stream) {
            // A client that has left does not mind.
            let _ = whole.get_mut().shutdown().await;
        }
    };
    // One that neither answers nor leaves is left.
    let _ = timeout(LINGER, closing).await;
}

/// A message for a channel.
pub(super) fn message(protocol: Protocol, number: u8, data: &[u8]) -> Message {
    let content = protocol.write(number, data);
    if protocol.base64 { Message::Text(String::from_utf8_lossy(&content).into_owned().into()) } else { Message::Binary(content.into()) }
}
