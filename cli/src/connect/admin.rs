//! The metrics of the `ebb up` on this machine.
//!
//! Only the Ebb of a data directory has an admin address that is known. This module must not read the metrics.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::Session;
use crate::metrics::Metrics;

/// It is on this machine, so this is long.
const PATIENCE: Duration = Duration::from_secs(5);
/// Ten thousand revisions have about sixty lines of 200 bytes each: 120 MB.
const LONGEST: u64 = 128 << 20;

/// Where the admin address of the session's server is; nothing if that is not on this machine.
#[must_use]
pub fn address(session: &Session) -> Option<SocketAddr> {
    let text = std::fs::read_to_string(session.data_dir()?.join("addresses.json")).ok()?;
    serde_json::from_str::<Value>(&text).ok()?.get("admin")?.as_str()?.parse().ok()
}

/// The metrics of this moment.
///
/// # Errors
/// When nobody answers there.
pub async fn metrics(address: SocketAddr) -> Result<Metrics> {
    let read = timeout(PATIENCE, fetch(address)).await;
    let text = read.map_err(|_| anyhow!("no answer within {} s", PATIENCE.as_secs())).and_then(|text| text);
    let text = text.with_context(|| format!("cannot read the metrics at {address}"))?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(|| anyhow!("{address} does not speak HTTP"))?;
    if !head.starts_with("HTTP/1.0 200") && !head.starts_with("HTTP/1.1 200") {
        return Err(anyhow!("{address} has no metrics: {}", head.lines().next().unwrap_or_default()));
    }
    Ok(Metrics::parse(body))
}

/// HTTP/1.0: the answer ends with the connection.
async fn fetch(address: SocketAddr) -> Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\nhost: admin\r\n\r\n").await?;
    let mut bytes = Vec::new();
    stream.take(LONGEST).read_to_end(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
