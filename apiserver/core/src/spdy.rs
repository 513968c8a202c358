//! SPDY/3.1 frames, as `kubectl exec` and `kubectl port-forward` speak them: bytes in, frames out, and back. Only framing;
//! which streams there are and what they mean is not known here, and nothing is read or written.
//!
//! Source: the SPDY protocol draft 3.1. What Kubernetes' clients leave out is left out: there is no flow control by windows
//! (their updates are skipped), no push and no priorities.

mod decode;
mod dictionary;
mod encode;
mod heads;
#[cfg(test)]
mod tests;

use bytes::Bytes;

pub use decode::Decoder;
pub use encode::Encoder;

/// The names and values of a stream's head, in the order in which they came. Names are lower case.
pub type Head = Vec<(String, String)>;

/// The value of a name in a head, or empty.
pub fn value<'a>(head: &'a Head, name: &str) -> &'a str {
    head.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
}

/// What came in. Data comes in pieces, whatever the frame's own length was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A new stream.
    Open {
        /// Its number.
        stream: u32,
        /// The sender will send no data on it.
        last: bool,
        /// Its head.
        head: Head,
    },
    /// A stream was accepted.
    Reply {
        /// Its number.
        stream: u32,
        /// The sender will send no data on it.
        last: bool,
        /// Its head.
        head: Head,
    },
    /// Some data of a stream.
    Data {
        /// Its number.
        stream: u32,
        /// The sender will send no more.
        last: bool,
        /// The data; may be empty.
        data: Bytes,
    },
    /// A stream is broken off.
    Reset {
        /// Its number.
        stream: u32,
        /// Why, as a number of the protocol.
        status: u32,
    },
    /// To be sent back as it is.
    Ping(u32),
    /// The sender opens no more streams and takes none.
    GoAway,
}

/// Bytes that are not SPDY. The connection cannot be used any more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpdyError {
    /// Another version of the protocol, or another protocol.
    #[error("a control frame of version {0}, not 3")]
    Version(u16),
    /// A frame that is shorter than what it must hold.
    #[error("a frame of type {0} is too short")]
    Short(u16),
    /// A control frame beyond the bound.
    #[error("a control frame of {0} bytes is too long")]
    Long(usize),
    /// A head that cannot be unpacked or is no list of names and values.
    #[error("a stream's head cannot be read")]
    Head,
}
