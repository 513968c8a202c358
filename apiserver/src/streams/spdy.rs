//! A command's streams over SPDY: the client opens one for each, says on it which it is, and waits until all are taken.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use ebb_apiserver_core::channels::{Channel, Outcome, terminal_size};
use futures::future::OptionFuture;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::Command;
use super::connection::{self, Back, Stream};
use super::door::Raw;
use super::exec::{Ear, Gone, Heard, Mouth};

/// How long a client may take to open its streams (upstream: `DefaultStreamCreationTimeout`).
const CREATION: Duration = Duration::from_secs(30);
/// Bytes of a message about a terminal's size.
const SIZE: usize = 1024;

/// Serves a command's client. `run` gets its two sides once all its streams are there.
pub(super) async fn command(raw: Raw, version: &str, command: &Command, run: impl AsyncFnOnce(SpdyEar, SpdyMouth)) {
    let wanted = wanted(command, version);
    let status = version == "v4.channel.k8s.io";
    connection::serve(raw, async |mut opened| match timeout(CREATION, gather(&mut opened, &wanted)).await {
        Ok(Some(streams)) => {
            let (ear, mouth) = sides(streams, opened, status);
            run(ear, mouth).await;
        }
        Ok(None) => {}
        Err(_) => tracing::debug!("a client did not open its streams in time"),
    })
    .await;
}

/// The streams that the client will open.
fn wanted(command: &Command, version: &str) -> Vec<Channel> {
    let sizes = command.terminal && matches!(version, "v3.channel.k8s.io" | "v4.channel.k8s.io");
    [
        (true, Channel::Error),
        (command.stdin, Channel::Stdin),
        (command.stdout, Channel::Stdout),
        (command.stderr, Channel::Stderr),
        (sizes, Channel::Resize),
    ]
    .into_iter()
    .filter_map(|(wanted, channel)| wanted.then_some(channel))
    .collect()
}

/// Waits for all streams. `None` when the client left.
async fn gather(opened: &mut mpsc::Receiver<Stream>, wanted: &[Channel]) -> Option<Vec<(Channel, Stream)>> {
    let mut streams: Vec<(Channel, Stream)> = Vec::new();
    while streams.len() < wanted.len() {
        let stream = opened.recv().await?;
        match Channel::named(stream.header("streamtype")) {
            Some(channel) if wanted.contains(&channel) && !streams.iter().any(|(known, _)| *known == channel) => {
                streams.push((channel, stream));
            }
            _ => stream.back.refuse().await,
        }
    }
    Some(streams)
}

fn sides(streams: Vec<(Channel, Stream)>, opened: mpsc::Receiver<Stream>, status: bool) -> (SpdyEar, SpdyMouth) {
    let mut ear = SpdyEar { stdin: None, resize: None, partial: BytesMut::new(), opened };
    let mut mouth = SpdyMouth { backs: Vec::new(), status };
    for (channel, stream) in streams {
        match channel {
            Channel::Stdin => ear.stdin = Some(stream.data),
            Channel::Resize => ear.resize = Some(stream.data),
            _ => {}
        }
        mouth.backs.push((channel, stream.back));
    }
    (ear, mouth)
}

type Data = mpsc::Receiver<Result<Bytes, connection::Broken>>;

/// Hears a client.
pub(super) struct SpdyEar {
    stdin: Option<Data>,
    resize: Option<Data>,
    /// Sizes whose end was not seen yet.
    partial: BytesMut,
    /// Ends when the client has left.
    opened: mpsc::Receiver<Stream>,
}

impl Ear for SpdyEar {
    async fn hear(&mut self) -> Heard {
        loop {
            tokio::select! {
                biased;
                Some(said) = OptionFuture::from(self.stdin.as_mut().map(mpsc::Receiver::recv)) => match said {
                    Some(Ok(data)) => return Heard::Stdin(data),
                    Some(Err(_)) | None => {
                        self.stdin = None;
                        return Heard::StdinClosed;
                    }
                },
                Some(said) = OptionFuture::from(self.resize.as_mut().map(mpsc::Receiver::recv)) => match said {
                    Some(Ok(data)) => if let Some((columns, rows)) = self.size(&data) {
                        return Heard::Resize(columns, rows);
                    },
                    Some(Err(_)) | None => self.resize = None,
                },
                more = self.opened.recv() => match more {
                    Some(stream) => stream.back.refuse().await,
                    None => return Heard::Gone,
                },
            }
        }
    }
}

impl SpdyEar {
    /// The last of the sizes that have come whole, a line each.
    fn size(&mut self, data: &[u8]) -> Option<(u16, u16)> {
        if self.partial.len() + data.len() > SIZE {
            self.partial.clear();
        }
        self.partial.extend_from_slice(data);
        let lines = self.partial.as_ref().split(|byte| *byte == b'\n');
        let last = lines.filter_map(terminal_size).next_back()?;
        self.partial.clear();
        Some(last)
    }
}

/// Speaks to a client.
pub(super) struct SpdyMouth {
    backs: Vec<(Channel, Back)>,
    status: bool,
}

impl SpdyMouth {
    async fn send(&self, channel: Channel, data: Bytes, last: bool) -> Result<(), Gone> {
        match self.backs.iter().find(|(known, _)| *known == channel) {
            Some((_, back)) => back.send(data, last).await.map_err(|_| Gone),
            None => Ok(()),
        }
    }
}

impl Mouth for SpdyMouth {
    async fn say(&mut self, channel: Channel, data: Bytes) -> Result<(), Gone> {
        self.send(channel, data, false).await
    }

    async fn close(&mut self, channel: Channel) -> Result<(), Gone> {
        self.send(channel, Bytes::new(), true).await?;
        if channel != Channel::Error {
            self.backs.retain(|(known, _)| *known != channel);
        }
        Ok(())
    }

    async fn ping(&mut self) -> Result<(), Gone> {
        match self.backs.first() {
            Some((_, back)) => back.ping().await.map_err(|_| Gone),
            None => Ok(()),
        }
    }

    async fn finish(&mut self, outcome: &Outcome) -> Result<(), Gone> {
        for channel in [Channel::Stdout, Channel::Stderr, Channel::Stdin, Channel::Resize] {
            self.close(channel).await?;
        }
        self.send(Channel::Error, outcome.told(self.status).into(), true).await
    }
}
