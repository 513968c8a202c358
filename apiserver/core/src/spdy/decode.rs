//! From bytes to frames.

use bytes::{Buf, Bytes, BytesMut};

use super::heads::Unpacker;
use super::{Frame, SpdyError};

/// Bytes before every frame's content.
const PREFACE: usize = 8;
/// Bytes of a control frame: a head packs to some hundred.
const LONGEST_CONTROL: usize = 64 * 1024;
/// Bytes of a piece of data, so that a frame of the largest length (16 MiB) is never held in memory.
pub(super) const PIECE: usize = 32 * 1024;
/// Flag: the sender sends no more on the stream.
const FIN: u8 = 1;

/// A data frame whose end was not seen yet.
#[derive(Debug)]
struct Unfinished {
    stream: u32,
    last: bool,
    left: usize,
}

/// Reads the frames of one direction of a connection.
#[derive(Debug, Default)]
pub struct Decoder {
    heads: Unpacker,
    data: Option<Unfinished>,
}

impl Decoder {
    /// The next frame at the beginning of `input`, which is consumed; `None` when there is not enough of it yet.
    ///
    /// # Errors
    /// Bytes that are not SPDY; the connection has to be closed then.
    pub fn next(&mut self, input: &mut BytesMut) -> Result<Option<Frame>, SpdyError> {
        loop {
            if let Some(data) = self.data.take() {
                return Ok(self.piece(data, input));
            }
            let Some(preface) = input.first_chunk::<PREFACE>().copied() else { return Ok(None) };
            let [first, second, third, fourth, flags, length @ ..] = preface;
            let length = length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            if first & 0x80 == 0 {
                input.advance(PREFACE);
                let stream = u32::from_be_bytes([first, second, third, fourth]);
                self.data = Some(Unfinished { stream, last: flags & FIN != 0, left: length });
                continue;
            }
            let version = u16::from_be_bytes([first & 0x7f, second]);
            if version != 3 {
                return Err(SpdyError::Version(version));
            }
            if length > LONGEST_CONTROL {
                return Err(SpdyError::Long(length));
            }
            if input.len() < PREFACE + length {
                return Ok(None);
            }
            input.advance(PREFACE);
            let content = input.split_to(length).freeze();
            if let Some(frame) = self.control(u16::from_be_bytes([third, fourth]), flags, content)? {
                return Ok(Some(frame));
            }
        }
    }

    /// What is there of a data frame.
    fn piece(&mut self, mut of: Unfinished, input: &mut BytesMut) -> Option<Frame> {
        let there = of.left.min(input.len()).min(PIECE);
        if there == 0 && of.left > 0 {
            self.data = Some(of);
            return None;
        }
        of.left -= there;
        let (stream, last) = (of.stream, of.last && of.left == 0);
        if of.left > 0 {
            self.data = Some(of);
        }
        Some(Frame::Data { stream, last, data: input.split_to(there).freeze() })
    }

    /// `None` for frames that say nothing to us.
    fn control(&mut self, kind: u16, flags: u8, mut content: Bytes) -> Result<Option<Frame>, SpdyError> {
        let last = flags & FIN != 0;
        let mut number = || if content.len() < 4 { Err(SpdyError::Short(kind)) } else { Ok(content.get_u32()) };
        match kind {
            // SYN_STREAM: the stream it belongs to, priority and slot say nothing here.
            1 => {
                let stream = number()? & 0x7fff_ffff;
                number()?;
                if content.len() < 2 {
                    return Err(SpdyError::Short(kind));
                }
                content.advance(2);
                Ok(Some(Frame::Open { stream, last, head: self.heads.read(&content)? }))
            }
            2 => {
                let stream = number()? & 0x7fff_ffff;
                Ok(Some(Frame::Reply { stream, last, head: self.heads.read(&content)? }))
            }
            3 => Ok(Some(Frame::Reset { stream: number()? & 0x7fff_ffff, status: number()? })),
            6 => Ok(Some(Frame::Ping(number()?))),
            7 => Ok(Some(Frame::GoAway)),
            // HEADERS: nobody sends them here, but they take part in the packing.
            8 => {
                number()?;
                self.heads.read(&content)?;
                Ok(None)
            }
            // SETTINGS, WINDOW_UPDATE and what is yet to come.
            _ => Ok(None),
        }
    }
}
