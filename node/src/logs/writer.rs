//! The one thread that writes log files, so that a slow disk stops nothing else.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::files::PART;
use super::retention::Kept;
use super::{Log, Order};

/// What the writer knows of a file.
#[derive(Debug, Default)]
pub(super) struct Open {
    file: Option<File>,
    length: u64,
    /// Lines that could not be written since the last one that could, and why.
    lost: u64,
    why: String,
}

pub(super) fn serve(mut inbox: mpsc::Receiver<Order>, mut kept: Kept) {
    kept.trim();
    while let Some(order) = inbox.blocking_recv() {
        match order {
            Order::Append(log, data) => append(&log, &data),
            Order::Restart(log) => {
                let mut open = log.open.lock();
                *open = Open::default();
                warn_once("set aside", &log, log.paths.restart());
                log.progress.send_modify(|progress| {
                    progress.file += 1;
                    progress.length = 0;
                });
            }
            Order::Retire(logs, directory) => {
                for log in &logs {
                    *log.open.lock() = Open::default();
                    log.progress.send_modify(|progress| progress.closed = true);
                }
                kept.add(directory);
                kept.trim();
            }
            // The asker may have gone.
            Order::Flush(done) => drop(done.send(())),
        }
    }
}

fn append(log: &Arc<Log>, data: &[u8]) {
    let mut open = log.open.lock();
    let before = open.lost;
    match try_append(log, &mut open, data) {
        Ok(()) => {}
        Err(error) => {
            // What was half written would be read as a line.
            open.file = None;
            open.lost += lines(data);
            open.why = error.to_string();
            if before == 0 {
                tracing::warn!(pod = %log.record.name, namespace = %log.record.namespace, %error, "log lines are dropped");
            }
        }
    }
    let length = open.length;
    log.progress.send_modify(|progress| progress.length = length);
}

fn try_append(log: &Log, open: &mut Open, data: &[u8]) -> io::Result<()> {
    if open.length >= PART {
        open.file = None;
        log.paths.rotate()?;
        open.length = 0;
        log.progress.send_modify(|progress| {
            progress.file += 1;
            progress.length = 0;
        });
    }
    if open.file.is_none() {
        open.file = Some(create(log)?);
    }
    let Some(file) = open.file.as_mut() else { return Ok(()) };
    if open.lost > 0 {
        let marker = format!("{:.9} [ebb] {} lines were lost: {}\n", Timestamp::now(), open.lost, open.why);
        write(file, &mut open.length, marker.as_bytes())?;
        open.lost = 0;
    }
    write(file, &mut open.length, data)
}

/// Writes all or nothing: a half-written piece is cut off again.
fn write(file: &mut File, length: &mut u64, data: &[u8]) -> io::Result<()> {
    if let Err(error) = file.write_all(data) {
        // The file is only ever read up to `length`, so that a failure here costs nothing but the disk's space.
        let _ = file.set_len(*length);
        return Err(error);
    }
    *length += data.len() as u64;
    Ok(())
}

/// Opens the current file, empty. A directory of an older pod with the same name is forgotten first.
fn create(log: &Log) -> io::Result<File> {
    let directory = &log.paths.directory;
    if let Ok(other) = super::PodRecord::read(directory)
        && other.uid == log.record.uid
    {
        return open_file(log);
    }
    match std::fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    std::fs::create_dir_all(directory)?;
    log.record.write(directory)?;
    open_file(log)
}

fn open_file(log: &Log) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(log.paths.current())
}

fn warn_once(what: &str, log: &Log, result: io::Result<()>) {
    if let Err(error) = result {
        tracing::warn!(pod = %log.record.name, namespace = %log.record.namespace, %error, "log files could not be {what}");
    }
}

fn lines(data: &[u8]) -> u64 {
    data.iter().filter(|byte| **byte == b'\n').count() as u64
}
