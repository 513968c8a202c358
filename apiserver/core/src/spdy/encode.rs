//! From frames to bytes.

use bytes::{BufMut, Bytes, BytesMut};

use super::decode::PIECE;
use super::heads::Packer;
use super::{Frame, Head};

/// Writes the frames of one direction of a connection.
#[derive(Debug, Default)]
pub struct Encoder {
    heads: Packer,
}

impl Encoder {
    /// Appends a frame. Data is cut into frames of at most 32 KiB.
    pub fn write(&mut self, frame: &Frame, out: &mut BytesMut) {
        match frame {
            Frame::Open { stream, last, head } => {
                let mut content = vec![0; 10];
                content[..4].copy_from_slice(&stream.to_be_bytes());
                content.extend(self.heads.write(head));
                control(out, 1, u8::from(*last), &content);
            }
            Frame::Reply { stream, last, head } => self.reply(*stream, *last, head, out),
            Frame::Data { stream, last, data } => write_data(*stream, *last, data, out),
            Frame::Reset { stream, status } => control(out, 3, 0, &[stream.to_be_bytes(), status.to_be_bytes()].concat()),
            Frame::Ping(id) => control(out, 6, 0, &id.to_be_bytes()),
            // The last stream that was handled is not told: nobody asks.
            Frame::GoAway => control(out, 7, 0, &[0; 8]),
        }
    }

    fn reply(&mut self, stream: u32, last: bool, head: &Head, out: &mut BytesMut) {
        let mut content = stream.to_be_bytes().to_vec();
        content.extend(self.heads.write(head));
        control(out, 2, u8::from(last), &content);
    }
}

fn control(out: &mut BytesMut, kind: u16, flags: u8, content: &[u8]) {
    out.put_u16(0x8003);
    out.put_u16(kind);
    length(out, flags, content.len());
    out.put_slice(content);
}

fn length(out: &mut BytesMut, flags: u8, length: usize) {
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    out.put_u32(u32::from(flags) << 24 | length & 0x00ff_ffff);
}

fn write_data(stream: u32, last: bool, data: &Bytes, out: &mut BytesMut) {
    if data.is_empty() {
        out.put_u32(stream);
        length(out, u8::from(last), 0);
        return;
    }
    let mut pieces = data.chunks(PIECE).peekable();
    while let Some(piece) = pieces.next() {
        out.put_u32(stream);
        length(out, u8::from(last && pieces.peek().is_none()), piece.len());
        out.put_slice(piece);
    }
}
