//! Reads log files as a stream of bytes, and waits for more when asked to follow. Files are read on the blocking pool;
//! news comes from the writer, nothing is polled.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

use bytes::Bytes;
use futures::stream::BoxStream;
use jiff::Timestamp;
use tokio::sync::watch;

use super::files::{OLDER, Paths};
use super::{Progress, Query};

/// Bytes that are read from a file at once.
const BLOCK: usize = 64 * 1024;
/// Length of the stamp before every line, with the space: `2026-01-01T00:00:00.000000000Z `.
const STAMP: usize = 31;

pub(super) enum OpenError {
    Nothing,
    NoPrevious,
    Io(io::Error),
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

pub(super) async fn open(
    paths: Paths,
    progress: Option<watch::Receiver<Progress>>,
    query: Query,
) -> Result<BoxStream<'static, io::Result<Bytes>>, OpenError> {
    let reader = blocking(move || Reader::open(paths, progress, query)).await??;
    Ok(Box::pin(futures::stream::unfold(Some(reader), |reader| async {
        let mut reader = reader?;
        loop {
            let (back, chunk) = match blocking(move || {
                let chunk = reader.next_chunk();
                (reader, chunk)
            })
            .await
            {
                Ok(both) => both,
                Err(error) => return Some((Err(error), None)),
            };
            reader = back;
            match chunk {
                Ok(Some(chunk)) => return Some((Ok(chunk), Some(reader))),
                Ok(None) => {}
                Err(error) => return Some((Err(error), None)),
            }
            if !reader.wait().await {
                return None;
            }
        }
    })))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)
}

/// Where a reader stands.
struct Reader {
    paths: Paths,
    /// Files still to be read, the next one last.
    files: Vec<File>,
    /// The number of the file that `files[0]` is, which is the one being written.
    current: u64,
    progress: Option<watch::Receiver<Progress>>,
    follow: bool,
    since: Option<Vec<u8>>,
    timestamps: bool,
    left: Option<u64>,
    /// A line whose end was not read yet.
    partial: Vec<u8>,
}

impl Reader {
    fn open(paths: Paths, mut progress: Option<watch::Receiver<Progress>>, query: Query) -> Result<Self, OpenError> {
        let current = progress.as_mut().map_or(0, |progress| progress.borrow_and_update().file);
        let mut files = Vec::new();
        let wanted: Vec<PathBuf> = if query.previous {
            vec![paths.previous()]
        } else {
            [paths.current()].into_iter().chain((1..=OLDER).map(|number| paths.older(number))).collect()
        };
        for path in wanted {
            match File::open(path) {
                Ok(file) => files.push(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        if files.is_empty() && query.previous {
            return Err(OpenError::NoPrevious);
        }
        // A living container that has printed nothing has an empty log; of others nothing is known.
        if files.is_empty() && progress.is_none() {
            return Err(OpenError::Nothing);
        }
        if let Some(lines) = query.tail_lines {
            seek_to_tail(&mut files, lines)?;
        }
        Ok(Self {
            paths,
            files,
            current,
            follow: query.follow && !query.previous && progress.is_some(),
            progress,
            since: query.since.map(stamp),
            timestamps: query.timestamps,
            left: query.limit_bytes,
            partial: Vec::new(),
        })
    }

    /// The next lines. `None` when there are none for now.
    fn next_chunk(&mut self) -> io::Result<Option<Bytes>> {
        if self.left == Some(0) {
            return Ok(None);
        }
        let mut block = vec![0; BLOCK];
        while let Some(file) = self.files.last_mut() {
            let read = file.read(&mut block)?;
            if read == 0 {
                // The one being written stays: more may come.
                if self.files.len() == 1 && self.follow {
                    return Ok(None);
                }
                self.files.pop();
                continue;
            }
            let out = self.format(&block[..read]);
            if !out.is_empty() {
                return Ok(Some(out.into()));
            }
        }
        Ok(None)
    }

    /// Whole lines of the block as they were asked for.
    fn format(&mut self, block: &[u8]) -> Vec<u8> {
        self.partial.extend_from_slice(block);
        let Some(end) = self.partial.iter().rposition(|byte| *byte == b'\n') else { return Vec::new() };
        let rest = self.partial.split_off(end + 1);
        let lines = std::mem::replace(&mut self.partial, rest);
        let mut out = Vec::with_capacity(lines.len());
        for line in lines.split_inclusive(|byte| *byte == b'\n') {
            if self.since.as_ref().is_some_and(|since| line < since.as_slice()) {
                continue;
            }
            out.extend_from_slice(if self.timestamps { line } else { line.get(STAMP..).unwrap_or_default() });
        }
        if let Some(left) = self.left.as_mut() {
            out.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= out.len() as u64;
        }
        out
    }

    /// Waits for news. False when there will be none.
    async fn wait(&mut self) -> bool {
        if !self.follow || self.left == Some(0) {
            return false;
        }
        let Some(progress) = self.progress.as_mut() else { return false };
        if progress.borrow().closed || progress.changed().await.is_err() {
            // What was written between the last look and the end is still to be read.
            self.follow = false;
            return !self.files.is_empty();
        }
        let seen = *progress.borrow_and_update();
        if seen.file != self.current || self.files.is_empty() {
            // Not there yet: the next news comes when it is.
            if let Ok(file) = File::open(self.paths.current()) {
                self.current = seen.file;
                self.files.insert(0, file);
            }
        }
        true
    }
}

/// A time as it stands before every line; such texts sort like the times.
fn stamp(time: Timestamp) -> Vec<u8> {
    format!("{time:.9}").into_bytes()
}

/// Leaves only the last `lines` lines to be read. `files` are newest first.
fn seek_to_tail(files: &mut Vec<File>, lines: u64) -> io::Result<()> {
    let mut wanted = lines;
    for at in 0..files.len() {
        match tail_of(&mut files[at], &mut wanted)? {
            Some(offset) => {
                files[at].seek(SeekFrom::Start(offset))?;
                files.truncate(at + 1);
                return Ok(());
            }
            None => {
                files[at].rewind()?;
            }
        }
    }
    Ok(())
}

/// Where the last `wanted` lines of the file begin; `None`, with `wanted` reduced, if the file has fewer.
fn tail_of(file: &mut File, wanted: &mut u64) -> io::Result<Option<u64>> {
    let length = file.seek(SeekFrom::End(0))?;
    if *wanted == 0 {
        return Ok(Some(length));
    }
    let mut end = length;
    let mut block = vec![0; BLOCK];
    while end > 0 {
        let begin = end.saturating_sub(BLOCK as u64);
        let size = usize::try_from(end - begin).unwrap_or(BLOCK);
        file.seek(SeekFrom::Start(begin))?;
        file.read_exact(&mut block[..size])?;
        for (at, byte) in block[..size].iter().enumerate().rev() {
            // The line before a line's end begins after the end before it; the file's last end closes a line itself.
            let position = begin + at as u64;
            if *byte == b'\n' && position + 1 != length {
                *wanted -= 1;
                if *wanted == 0 {
                    return Ok(Some(position + 1));
                }
            }
        }
        end = begin;
    }
    // The first line of the file has no end before it.
    *wanted -= u64::from(length > 0);
    Ok((*wanted == 0).then_some(0))
}
