//! The floor: the same server spawned by hand, connected to as soon as it listens, and asked once.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use ebb_tests::{Answer, Http, Result, process};
use tokio::process::{Child, Command};
use tokio::time::sleep;

/// A server spawned by hand.
#[derive(Debug)]
pub struct Bare {
    /// It dies with this value.
    pub _child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

/// How often a start is tried anew: between choosing a free port and listening on it, somebody else may take it.
const TRIES: usize = 3;

/// Spawns the sample server and connects; returns when it answered once, with the times of the steps.
///
/// # Errors
/// When the server does not start.
pub async fn start() -> Result<(Bare, Answer, Steps)> {
    for _ in 1..TRIES {
        if let Ok(started) = attempt().await {
            return Ok(started);
        }
    }
    attempt().await
}

async fn attempt() -> Result<(Bare, Answer, Steps)> {
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let begun = Instant::now();
    let mut child = Command::new(process::hello_binary()?)
        .env("PORT", address.port().to_string())
        .stdout(std::process::Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let spawned = begun.elapsed();
    let mut http = loop {
        match Http::connect(address).await {
            Ok(http) => break http,
            Err(error) if begun.elapsed() > Duration::from_secs(10) => return Err(error),
            Err(error) if child.try_wait()?.is_some() => return Err(error),
            Err(_) => sleep(Duration::from_micros(200)).await,
        }
    };
    let open = begun.elapsed();
    let answer = http.get("bare", "/").await?;
    Ok((Bare { _child: child, address }, answer, Steps { spawned, open, answered: begun.elapsed() }))
}

/// When each step was done, from the beginning.
#[derive(Clone, Copy, Debug)]
pub struct Steps {
    /// The process exists.
    pub spawned: Duration,
    /// Its port accepts.
    pub open: Duration,
    /// It answered.
    pub answered: Duration,
}
