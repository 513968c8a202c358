//! Heads of streams: a list of names and values, packed with one zlib stream per direction and connection.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::dictionary::dictionary;
use super::{Head, SpdyError};

/// Bytes of an unpacked head: Kubernetes' own have three or four short lines. A kilobyte of zeros packs to a few bytes, so
/// that the packed length bounds nothing.
const LONGEST: usize = 64 * 1024;

/// Unpacks the heads of one direction.
#[derive(Debug)]
pub(super) struct Unpacker {
    zlib: Decompress,
}

impl Default for Unpacker {
    fn default() -> Self {
        Self { zlib: Decompress::new(true) }
    }
}

impl Unpacker {
    /// Reads a packed head.
    pub(super) fn read(&mut self, packed: &[u8]) -> Result<Head, SpdyError> {
        parse(&self.unpack(packed)?)
    }

    fn unpack(&mut self, mut packed: &[u8]) -> Result<Vec<u8>, SpdyError> {
        let mut out = Vec::new();
        loop {
            if out.len() >= LONGEST {
                return Err(SpdyError::Head);
            }
            out.reserve(1024);
            let before = (self.zlib.total_in(), self.zlib.total_out());
            let step = self.zlib.decompress_vec(packed, &mut out, FlushDecompress::Sync);
            let read = usize::try_from(self.zlib.total_in() - before.0).unwrap_or(usize::MAX);
            packed = packed.get(read..).unwrap_or_default();
            match step {
                Ok(Status::StreamEnd) => return Ok(out),
                Ok(_) if self.zlib.total_out() == before.1 && read == 0 => return Ok(out),
                Ok(_) => {}
                Err(error) if error.needs_dictionary().is_some() => {
                    self.zlib.set_dictionary(&dictionary()).map_err(|_| SpdyError::Head)?;
                }
                Err(_) => return Err(SpdyError::Head),
            }
        }
    }
}

fn parse(mut text: &[u8]) -> Result<Head, SpdyError> {
    let count = take_number(&mut text)?;
    let mut head = Vec::new();
    for _ in 0..count {
        let name = take_text(&mut text)?;
        let value = take_text(&mut text)?;
        head.push((name.to_ascii_lowercase(), value));
    }
    Ok(head)
}

fn take_number(text: &mut &[u8]) -> Result<usize, SpdyError> {
    let (number, rest) = text.split_first_chunk::<4>().ok_or(SpdyError::Head)?;
    *text = rest;
    usize::try_from(u32::from_be_bytes(*number)).map_err(|_| SpdyError::Head)
}

fn take_text(text: &mut &[u8]) -> Result<String, SpdyError> {
    let length = take_number(text)?;
    let (taken, rest) = text.split_at_checked(length).ok_or(SpdyError::Head)?;
    *text = rest;
    Ok(String::from_utf8_lossy(taken).into_owned())
}

/// Packs the heads of one direction.
#[derive(Debug)]
pub(super) struct Packer {
    zlib: Compress,
}

impl Default for Packer {
    fn default() -> Self {
        let mut zlib = Compress::new(Compression::fast(), true);
        // Fails only on a stream that has begun.
        let _ = zlib.set_dictionary(&dictionary());
        Self { zlib }
    }
}

impl Packer {
    /// Packs a head.
    pub(super) fn write(&mut self, head: &Head) -> Vec<u8> {
        let mut text = number(head.len());
        for part in head.iter().flat_map(|(name, value)| [name, value]) {
            text.extend(number(part.len()));
            text.extend(part.as_bytes());
        }
        let mut out = Vec::with_capacity(text.len() + 64);
        let mut rest = text.as_slice();
        loop {
            out.reserve(text.len() + 64);
            let before = self.zlib.total_in();
            // Packing into memory that is there cannot fail.
            let _ = self.zlib.compress_vec(rest, &mut out, FlushCompress::Sync);
            let read = usize::try_from(self.zlib.total_in() - before).unwrap_or(usize::MAX);
            rest = rest.get(read..).unwrap_or_default();
            if rest.is_empty() && out.len() < out.capacity() {
                return out;
            }
        }
    }
}

fn number(number: usize) -> Vec<u8> {
    u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes().to_vec()
}
