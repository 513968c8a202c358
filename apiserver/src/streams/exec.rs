//! A command and its client: what the client says goes in, what the command prints goes out, and at the end the client
//! hears how it ended. How the bytes are carried is the business of `socket` and `spdy`.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use ebb_apiserver_core::channels::{Channel, Outcome};
use futures::future::OptionFuture;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, interval_at, sleep_until, timeout};

use super::door::{Carrier, Raw};
use super::{Command, Execution, Input, Output, socket, spdy};

/// Pieces of input that wait for the command; with 32 KiB each (1 MiB, if a client sends its messages so large) they bound
/// what is held for a command that does not read.
const LINE: usize = 8;
/// Output that is read at once.
const CHUNK: usize = 16 * 1024;
/// After a command has ended, whatever holds its output open has escaped from its group; it is not waited for longer.
const LAST_OUTPUT: Duration = Duration::from_secs(1);
/// Between pings. A client that has left while its input stands still is found out by them, and nothing else.
const PING: Duration = Duration::from_secs(15);
/// How long a client may take to close its side, once it has heard the end. Closing before it has read that would lose it.
pub(super) const LINGER: Duration = Duration::from_secs(2);

/// What a client says.
#[derive(Debug)]
pub(super) enum Heard {
    /// Some input.
    Stdin(Bytes),
    /// There will be no more input.
    StdinClosed,
    /// Its terminal has so many columns and rows.
    Resize(u16, u16),
    /// It has left.
    Gone,
}

/// The client has left.
#[derive(Debug)]
pub(super) struct Gone;

/// The side of a client that speaks.
pub(super) trait Ear: Send {
    /// The next thing it says. Cancel safe.
    fn hear(&mut self) -> impl Future<Output = Heard> + Send;
}

/// The side of a client that listens.
pub(super) trait Mouth: Send {
    /// Sends it some output.
    fn say(&mut self, channel: Channel, data: Bytes) -> impl Future<Output = Result<(), Gone>> + Send;
    /// Tells it that a channel has ended.
    fn close(&mut self, channel: Channel) -> impl Future<Output = Result<(), Gone>> + Send;
    /// Finds out whether it is still there.
    fn ping(&mut self) -> impl Future<Output = Result<(), Gone>> + Send;
    /// Tells it how the command ended.
    fn finish(&mut self, outcome: &Outcome) -> impl Future<Output = Result<(), Gone>> + Send;
}

/// Serves one client.
pub(super) async fn serve(raw: Raw, carrier: &Carrier, command: &Command, start: impl Future<Output = Result<Execution, String>> + Send) {
    match carrier {
        Carrier::Socket(protocol) => {
            let (mut ear, mut mouth) = socket::command(raw, *protocol, command).await;
            run(&mut ear, &mut mouth, start).await;
            socket::hang_up(mouth.sink, ear.stream).await;
        }
        Carrier::Spdy(version) => {
            spdy::command(raw, version, command, async |mut ear, mut mouth| run(&mut ear, &mut mouth, start).await).await
        }
        // Only ports are forwarded so; the door knows.
        Carrier::Tunnel => {}
    }
}

/// Starts the command and stays with it until it has ended or the client has left.
pub(super) async fn run<E: Ear, M: Mouth>(ear: &mut E, mouth: &mut M, start: impl Future<Output = Result<Execution, String>> + Send) {
    let told = match start.await {
        Ok(execution) => together(ear, mouth, execution).await,
        Err(why) => mouth.finish(&Outcome::Failed(why)).await,
    };
    if told.is_ok() {
        let closed = async { while !matches!(ear.hear().await, Heard::Gone) {} };
        // Whether it closed or not, it has had its time.
        let _ = timeout(LINGER, closed).await;
    }
}

async fn together<E: Ear, M: Mouth>(ear: &mut E, mouth: &mut M, execution: Execution) -> Result<(), Gone> {
    let Execution { stdin, stdout, stderr, resize, ended } = execution;
    let (input, line) = mpsc::channel(LINE);
    let feeding = async {
        feed(stdin, line).await;
        std::future::pending::<()>().await;
    };
    let outcome = tokio::select! {
        () = listen(ear, input, resize) => return Err(Gone),
        () = feeding => return Err(Gone),
        outcome = speak(mouth, stdout, stderr, ended) => outcome?,
    };
    mouth.finish(&outcome).await
}

/// Hands on what the client says until it has left.
async fn listen<E: Ear>(ear: &mut E, input: mpsc::Sender<Bytes>, resize: Option<Box<dyn Fn(u16, u16) + Send + Sync>>) {
    let mut input = Some(input);
    loop {
        match ear.hear().await {
            Heard::Stdin(data) => {
                // A command that has closed its input does not want the rest.
                if let Some(line) = &input
                    && line.send(data).await.is_err()
                {
                    input = None;
                }
            }
            Heard::StdinClosed => input = None,
            Heard::Resize(columns, rows) => {
                if let Some(resize) = &resize {
                    resize(columns, rows);
                }
            }
            Heard::Gone => return,
        }
    }
}

/// Writes the input, and closes it when there is no more.
async fn feed(stdin: Option<Input>, mut line: mpsc::Receiver<Bytes>) {
    let Some(mut stdin) = stdin else { return };
    while let Some(data) = line.recv().await {
        if stdin.write_all(&data).await.is_err() || stdin.flush().await.is_err() {
            return;
        }
    }
    // It may have closed its end already.
    let _ = stdin.shutdown().await;
}

/// Sends what the command prints, until it has ended and everything is sent.
async fn speak<M: Mouth>(
    mouth: &mut M,
    mut stdout: Option<Output>,
    mut stderr: Option<Output>,
    mut ended: futures::future::BoxFuture<'static, Result<i32, String>>,
) -> Result<Outcome, Gone> {
    let mut outcome = None;
    let mut give_up = Instant::now();
    let mut ping = interval_at(Instant::now() + PING, PING);
    let (mut out, mut err) = (BytesMut::new(), BytesMut::new());
    loop {
        if let Some(outcome) = outcome.clone().filter(|_| stdout.is_none() && stderr.is_none()) {
            return Ok(outcome);
        }
        tokio::select! {
            Some(more) = OptionFuture::from(stdout.as_mut().map(|stdout| read(stdout, &mut out))) => {
                said(mouth, Channel::Stdout, more, &mut stdout).await?;
            }
            Some(more) = OptionFuture::from(stderr.as_mut().map(|stderr| read(stderr, &mut err))) => {
                said(mouth, Channel::Stderr, more, &mut stderr).await?;
            }
            exit = &mut ended, if outcome.is_none() => {
                outcome = Some(exit.map_or_else(Outcome::Failed, Outcome::Exit));
                give_up = Instant::now() + LAST_OUTPUT;
            }
            () = sleep_until(give_up), if outcome.is_some() => (stdout, stderr) = (None, None),
            _ = ping.tick() => mouth.ping().await?,
        }
    }
}

/// Reads some output. `None` at its end: a terminal whose last user has gone gives an error instead.
async fn read(output: &mut Output, buffer: &mut BytesMut) -> Option<Bytes> {
    buffer.reserve(CHUNK);
    match output.read_buf(buffer).await {
        Ok(0) | Err(_) => None,
        Ok(_) => Some(buffer.split().freeze()),
    }
}

async fn said<M: Mouth>(mouth: &mut M, channel: Channel, more: Option<Bytes>, output: &mut Option<Output>) -> Result<(), Gone> {
    match more {
        Some(data) => mouth.say(channel, data).await,
        None => {
            *output = None;
            mouth.close(channel).await
        }
    }
}
