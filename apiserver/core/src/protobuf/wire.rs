//! The wire format of protobuf: fields with numbers, in four shapes. It knows no message.

use super::Fault;

/// The value of a field as it is on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire<'a> {
    /// Numbers and booleans.
    Varint(u64),
    /// Eight bytes: doubles.
    Fixed64(u64),
    /// Four bytes: floats; no message of the table has any.
    Fixed32,
    /// Texts, bytes, messages, packed lists.
    Bytes(&'a [u8]),
}

/// Goes over the fields of a message.
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Over these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next varint, for packed lists.
    pub fn varint(&mut self) -> Result<Option<u64>, Fault> {
        if self.rest.is_empty() { Ok(None) } else { self.take_varint().map(Some) }
    }

    fn take_varint(&mut self) -> Result<u64, Fault> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.rest.split_first().ok_or(Fault::Malformed("unexpected EOF"))?;
            self.rest = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Fault::Malformed("integer overflow"))
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], Fault> {
        let length = usize::try_from(length).ok().filter(|length| *length <= self.rest.len());
        let (taken, rest) = self.rest.split_at(length.ok_or(Fault::Malformed("unexpected EOF"))?);
        self.rest = rest;
        Ok(taken)
    }

    fn field(&mut self) -> Result<(u64, Wire<'a>), Fault> {
        let tag = self.take_varint()?;
        let value = match tag & 7 {
            0 => Wire::Varint(self.take_varint()?),
            1 => {
                let bytes: [u8; 8] = self.take(8)?.try_into().map_err(|_| Fault::Malformed("unexpected EOF"))?;
                Wire::Fixed64(u64::from_le_bytes(bytes))
            }
            2 => {
                let length = self.take_varint()?;
                Wire::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Wire::Fixed32)?,
            _ => return Err(Fault::Malformed("illegal wireType")),
        };
        Ok((tag >> 3, value))
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Result<(u64, Wire<'a>), Fault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            // What follows a fault means nothing.
            self.rest = &[];
        }
        Some(field)
    }
}

/// Bytes as text.
pub fn text(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes).map_err(|_| Fault::Malformed("a text is no UTF-8"))
}

/// Writes the fields of a message.
#[derive(Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// After these bytes.
    pub fn new(begin: &[u8]) -> Self {
        Self(begin.to_vec())
    }

    /// What was written.
    pub fn done(self) -> Vec<u8> {
        self.0
    }

    fn raw(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(low_byte(value) | 0x80);
            value >>= 7;
        }
        self.0.push(low_byte(value));
    }

    /// A number or boolean.
    pub fn varint(&mut self, number: u64, value: u64) {
        self.raw(number << 3);
        self.raw(value);
    }

    /// A double.
    pub fn double(&mut self, number: u64, value: f64) {
        self.raw(number << 3 | 1);
        self.0.extend(value.to_le_bytes());
    }

    /// A text, bytes or a message.
    pub fn bytes(&mut self, number: u64, value: &[u8]) {
        self.raw(number << 3 | 2);
        self.raw(value.len() as u64);
        self.0.extend_from_slice(value);
    }
}

/// The lowest seven bits.
fn low_byte(value: u64) -> u8 {
    value.to_le_bytes()[0] & 0x7f
}
