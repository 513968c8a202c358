//! A small HTTP server for the node's tests: answers `hello`, prints what it is told to, ends when it is told to.
//!
//! `PORT` says where it listens; `DELAY_MS` how long it takes to start. `GET /exit/CODE` makes it end.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

fn main() -> std::io::Result<()> {
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    if let Some(delay) = number("DELAY_MS") {
        std::thread::sleep(Duration::from_millis(delay));
    }
    let port = number("PORT").unwrap_or(8080);
    let listener = TcpListener::bind(format!("127.0.0.1:{port}"))?;
    println!("listening on {port}");
    for stream in listener.incoming() {
        // A probe that connects and leaves is no reason to end.
        let _ = answer(&stream?);
    }
    Ok(())
}

fn answer(mut stream: &TcpStream) -> std::io::Result<()> {
    let mut request = String::new();
    BufReader::new(stream).read_line(&mut request)?;
    let Some(path) = request.split_whitespace().nth(1) else { return Ok(()) };
    println!("{path}");
    if let Some(code) = path.strip_prefix("/exit/") {
        eprintln!("told to exit with {code}");
        std::process::exit(code.parse().unwrap_or(1));
    }
    let body = format!("hello from {}\n", std::process::id());
    write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}
