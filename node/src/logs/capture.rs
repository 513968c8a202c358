//! Reads what a process prints, cuts it into lines with time stamps, and hands it to the writer.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::net::unix::pipe;

use super::{Order, Sink};

/// Bytes that are read at once.
const CHUNK: usize = 8 * 1024;
/// A longer line is cut (Kubernetes' container runtimes do so at the same length), so that memory stays bounded.
const LONGEST_LINE: usize = 16 * 1024;
/// How long an application may be held up by a disk that cannot follow, before its lines are dropped.
const PATIENCE: Duration = Duration::from_millis(100);
/// What is remembered for the termination message (Kubernetes: `FallbackToLogsOnError` takes 2048 bytes or 80 lines).
const REMEMBERED: usize = 2_048;
const REMEMBERED_LINES: usize = 80;

/// The last words of a process: what it printed at the end, without time stamps.
#[derive(Clone, Debug, Default)]
pub struct Captured(Arc<Mutex<VecDeque<u8>>>);

impl Captured {
    /// The last lines, at most 2048 bytes and 80 lines of them.
    pub fn last_words(&self) -> String {
        let bytes: Vec<u8> = self.0.lock().iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_end();
        let lines: Vec<&str> = text.lines().rev().take(REMEMBERED_LINES).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    fn add(&self, data: &[u8]) {
        let mut last = self.0.lock();
        let data = &data[data.len().saturating_sub(REMEMBERED)..];
        let excess = (last.len() + data.len()).saturating_sub(REMEMBERED);
        last.drain(..excess);
        last.extend(data);
    }
}

/// Reads `output` until nobody holds its other end any more.
///
/// # Errors
/// When the pipe cannot be read.
pub async fn capture(output: OwnedFd, sink: Sink, last: Captured) -> io::Result<()> {
    let pipe = pipe::Receiver::from_owned_fd(output)?;
    let mut cutter = Cutter::default();
    loop {
        pipe.readable().await?;
        // The buffer lives only while there is something to read: idle pods cost no memory.
        let mut chunk = vec![0; CHUNK];
        match pipe.try_read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => {
                last.add(&chunk[..read]);
                let lines = cutter.cut(&chunk[..read], Timestamp::now());
                cutter.hand_over(&sink, lines).await;
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    let rest = cutter.rest(Timestamp::now());
    cutter.hand_over(&sink, rest).await;
    Ok(())
}

/// Cuts a stream of bytes into stamped lines.
#[derive(Debug, Default)]
struct Cutter {
    partial: Vec<u8>,
    lost: u64,
}

impl Cutter {
    fn cut(&mut self, mut data: &[u8], now: Timestamp) -> Vec<u8> {
        let stamp = format!("{now:.9} ");
        let mut out = Vec::with_capacity(data.len() + stamp.len() * 4);
        while let Some(end) = data.iter().position(|byte| *byte == b'\n') {
            self.line(&mut out, &stamp, &data[..end]);
            data = &data[end + 1..];
        }
        self.partial.extend_from_slice(data);
        while self.partial.len() >= LONGEST_LINE {
            let head: Vec<u8> = self.partial.drain(..LONGEST_LINE).collect();
            self.line(&mut out, &stamp, &head);
        }
        out
    }

    /// Adds the rest of a line.
    fn line(&mut self, out: &mut Vec<u8>, stamp: &str, end: &[u8]) {
        out.extend_from_slice(stamp.as_bytes());
        out.append(&mut self.partial);
        out.extend_from_slice(end);
        out.push(b'\n');
    }

    /// The last line, if it lacks its end.
    fn rest(&mut self, now: Timestamp) -> Vec<u8> {
        let mut out = Vec::new();
        if !self.partial.is_empty() {
            self.line(&mut out, &format!("{now:.9} "), &[]);
        }
        out
    }

    /// Gives lines to the writer. The first time it has no room, the application waits a moment; then its lines are
    /// dropped at once until there is room again.
    async fn hand_over(&mut self, sink: &Sink, lines: Vec<u8>) {
        if lines.is_empty() {
            return;
        }
        let permit = match sink.orders.try_reserve() {
            Ok(permit) => Some(permit),
            Err(_) if self.lost > 0 => None,
            Err(_) => tokio::time::timeout(PATIENCE, sink.orders.reserve()).await.ok().and_then(Result::ok),
        };
        let Some(permit) = permit else {
            let count = lines.iter().filter(|byte| **byte == b'\n').count() as u64;
            self.lost += count;
            sink.dropped.inc_by(count);
            return;
        };
        let mut data = lines;
        if self.lost > 0 {
            let marker = format!("{:.9} [ebb] {} lines were lost: the disk was too slow\n", Timestamp::now(), self.lost);
            data.splice(0..0, marker.into_bytes());
            self.lost = 0;
        }
        permit.send(Order::Append(sink.log.clone(), data));
    }
}
