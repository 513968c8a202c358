//! Just enough HTTP/1.1 for the sample: request heads up to 64 KiB, bodies with a length or chunked.

use std::io::{self, BufRead, BufReader, Error, ErrorKind, Read, Write};
use std::net::TcpStream;

const HEAD_MAX: u64 = 64 * 1024;
const BODY_MAX: u64 = 64 * 1024 * 1024;

/// One client connection.
#[derive(Debug)]
pub struct Connection {
    reader: BufReader<TcpStream>,
    writer: TcpStream,
}

/// One request, read whole.
#[derive(Debug)]
pub struct Request {
    /// The path, without the query.
    pub path: String,
    /// What stands after the `?`.
    pub query: String,
    /// The header lines as they came.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
    /// The client wants the connection closed after this.
    pub close: bool,
}

impl Request {
    /// The value of a numeric query parameter.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?.parse().ok()
    }
}

impl Connection {
    /// Takes a connection over.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self { reader: BufReader::new(stream.try_clone()?), writer: stream })
    }

    /// Writes bytes.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes)
    }

    /// Reads the next request; `None` when the client closed the connection.
    pub fn read(&mut self) -> io::Result<Option<Request>> {
        let line = self.line()?;
        if line.is_empty() {
            return Ok(None);
        }
        let target = line.split(' ').nth(1).ok_or_else(|| Error::from(ErrorKind::InvalidData))?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut request =
            Request { path: path.to_owned(), query: query.to_owned(), head: String::new(), body: Vec::new(), close: line.ends_with("1.0") };
        let (mut length, mut chunked) = (0, false);
        loop {
            let header = self.line()?;
            if header.is_empty() {
                break;
            }
            let (name, value) = header.split_once(':').unwrap_or((&header, ""));
            let (name, value) = (name.to_ascii_lowercase(), value.trim());
            match name.as_str() {
                "content-length" => length = value.parse().map_err(|_| Error::from(ErrorKind::InvalidData))?,
                "transfer-encoding" => chunked = value.eq_ignore_ascii_case("chunked"),
                "connection" => request.close = value.eq_ignore_ascii_case("close"),
                "expect" => self.write(b"HTTP/1.1 100 Continue\r\n\r\n")?,
                _ => {}
            }
            request.head.push_str(&header);
            request.head.push('\n');
        }
        request.body = if chunked { self.chunks()? } else { self.exactly(length)? };
        Ok(Some(request))
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        (&mut self.reader).take(HEAD_MAX).read_line(&mut line)?;
        line.truncate(line.trim_end_matches(['\r', '\n']).len());
        Ok(line)
    }

    fn exactly(&mut self, length: u64) -> io::Result<Vec<u8>> {
        if length > BODY_MAX {
            return Err(ErrorKind::InvalidData.into());
        }
        let mut body = Vec::new();
        (&mut self.reader).take(length).read_to_end(&mut body)?;
        Ok(body)
    }

    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line()?;
            let length = u64::from_str_radix(line.trim(), 16).map_err(|_| Error::from(ErrorKind::InvalidData))?;
            body.extend(self.exactly(length)?);
            self.line()?;
            if length == 0 {
                return Ok(body);
            }
        }
    }
}
