//! The sample service: a small native HTTP/1.1 server that prints `Hello $TARGET!`, and tells tests what it saw.
//! It must stay free of dependencies and start at once; it is no example of how to write a robust server.
//!
//! Paths: `/` greets; `/sleep?ms=N` answers after N ms; `/stats` tells what this process saw; `/bytes?n=N` answers N
//! bytes; `/stream?n=N&ms=M` sends N lines, M ms apart; `/echo` returns the body; `/exit?code=N` ends the process.
//! Environment: `PORT`; `TARGET`; `START_DELAY_MS` waits before listening; `EXIT_AT_START` ends with that code.
//! Every answer carries `x-pid`, `x-started-ns` (Unix time of start), `x-revision`, and `x-max-in-flight`: the most
//! requests that this process ever had at once.

mod http;

use std::env;
use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{Connection, Request};

/// What this process saw so far.
#[derive(Debug)]
struct Seen {
    started_ns: u128,
    target: String,
    revision: String,
    requests: AtomicU64,
    in_flight: AtomicU64,
    max_in_flight: AtomicU64,
}

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("hello: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<ExitCode> {
    let started_ns = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    if let Ok(code) = env::var("EXIT_AT_START") {
        eprintln!("hello: told to end with {code}");
        return Ok(ExitCode::from(code.parse::<u8>().unwrap_or(1)));
    }
    if let Some(delay) = number("START_DELAY_MS") {
        thread::sleep(Duration::from_millis(delay));
    }
    let port = number("PORT").and_then(|port| u16::try_from(port).ok()).unwrap_or(8080);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    println!("hello: listening on port {port}");
    let seen = Arc::new(Seen {
        started_ns,
        target: env::var("TARGET").unwrap_or_else(|_| "World".to_owned()),
        revision: env::var("K_REVISION").unwrap_or_default(),
        requests: AtomicU64::new(0),
        in_flight: AtomicU64::new(0),
        max_in_flight: AtomicU64::new(0),
    });
    for stream in listener.incoming() {
        let (stream, seen) = (stream?, seen.clone());
        // 64 KiB of stack are plenty for one connection, and a thousand of them stay small.
        thread::Builder::new().stack_size(64 * 1024).spawn(move || serve(stream, &seen))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok()?.parse().ok()
}

/// Serves one connection until the client closes it or breaks the protocol.
fn serve(stream: TcpStream, seen: &Seen) {
    let Ok(mut connection) = Connection::new(stream) else { return };
    while let Ok(Some(request)) = connection.read() {
        seen.requests.fetch_add(1, Ordering::Relaxed);
        let now = seen.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        seen.max_in_flight.fetch_max(now, Ordering::SeqCst);
        let answered = answer(&mut connection, &request, seen);
        if answered.is_err() || request.close {
            return;
        }
    }
}

/// The request counts as in flight until just before the last byte of its answer is written: what comes after that
/// byte is no longer this server's business, and the next request may be sent as soon as it is read.
fn answer(connection: &mut Connection, request: &Request, seen: &Seen) -> io::Result<()> {
    let leave = || {
        seen.in_flight.fetch_sub(1, Ordering::SeqCst);
    };
    match request.path.as_str() {
        "/sleep" => thread::sleep(Duration::from_millis(request.number("ms").unwrap_or(0))),
        "/exit" => {
            let code = request.number("code").and_then(|code| i32::try_from(code).ok()).unwrap_or(1);
            eprintln!("hello: told to exit with {code}");
            std::process::exit(code);
        }
        _ => {}
    }
    let body = match request.path.as_str() {
        "/stream" => return stream_lines(connection, request, seen, leave),
        "/stats" => stats(seen).into_bytes(),
        "/headers" => request.head.clone().into_bytes(),
        "/bytes" => vec![b'x'; usize::try_from(request.number("n").unwrap_or(0)).unwrap_or(0)],
        "/echo" => request.body.clone(),
        _ => format!("Hello {}!\n", seen.target).into_bytes(),
    };
    let mut out = head(seen, &format!("content-length: {}\r\n", body.len()));
    out.extend_from_slice(&body);
    leave();
    connection.write(&out)
}

fn head(seen: &Seen, framing: &str) -> Vec<u8> {
    let max = seen.max_in_flight.load(Ordering::SeqCst);
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nx-pid: {}\r\nx-started-ns: {}\r\nx-revision: {}\r\nx-max-in-flight: {max}\r\n{framing}\r\n",
        std::process::id(),
        seen.started_ns,
        seen.revision
    )
    .into_bytes()
}

fn stats(seen: &Seen) -> String {
    format!(
        "{{\"pid\": {}, \"requests\": {}, \"maxInFlight\": {}}}\n",
        std::process::id(),
        seen.requests.load(Ordering::Relaxed),
        seen.max_in_flight.load(Ordering::SeqCst)
    )
}

fn stream_lines(connection: &mut Connection, request: &Request, seen: &Seen, leave: impl FnOnce()) -> io::Result<()> {
    connection.write(&head(seen, "transfer-encoding: chunked\r\n"))?;
    let gap = Duration::from_millis(request.number("ms").unwrap_or(0));
    for line in 0..request.number("n").unwrap_or(1) {
        let text = format!("line {line}\n");
        let mut chunk = Vec::new();
        write!(chunk, "{:x}\r\n{text}\r\n", text.len())?;
        if let Err(error) = connection.write(&chunk) {
            leave();
            return Err(error);
        }
        thread::sleep(gap);
    }
    leave();
    connection.write(b"0\r\n\r\n")
}
