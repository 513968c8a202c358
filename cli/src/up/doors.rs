//! The addresses of `ebb up`: bound before anything starts, so that a taken one is refused by name, and written
//! down with their real ports.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use nix::sys::socket::{Backlog, listen};
use serde::Serialize;

/// Connections that may wait to be accepted: std asks for 128, and a burst beyond that costs clients a second each. The
/// kernel cuts it down to `net.core.somaxconn`, 4096 by default.
const BACKLOG: i32 = 4096;

/// The usual address of the inner door, and the one when it is taken. Loopback, because whoever reaches it is inside.
const INTERNAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8081);
const ANY_INTERNAL: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// The listeners, bound but not yet served.
#[derive(Debug)]
pub struct Doors {
    /// The front door.
    pub http: TcpListener,
    /// The API, TLS.
    pub api: TcpListener,
    /// Readiness and metrics.
    pub admin: TcpListener,
    /// The front door for those inside.
    pub internal: TcpListener,
    /// Where they really are.
    pub addresses: Addresses,
}

/// What `addresses.json` says.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Addresses {
    /// The front door.
    pub http: SocketAddr,
    /// The API, TLS.
    pub api: SocketAddr,
    /// Readiness and metrics.
    pub admin: SocketAddr,
    /// The front door for those inside: hosts that are reachable inside only answer here.
    pub internal: SocketAddr,
}

impl Doors {
    /// Binds all, or says which of them is taken. The inner door takes a free port if nobody asked for one and the usual one
    /// is taken: processes learn the address from their environment.
    pub fn open(http: SocketAddr, api: SocketAddr, admin: SocketAddr, internal: Option<SocketAddr>) -> Result<Self> {
        let (http, api, admin) = (bind("--http", http)?, bind("--api", api)?, bind("--admin", admin)?);
        let internal = match internal {
            Some(address) => bind("--http-internal", address)?,
            None => bind("--http-internal", INTERNAL).or_else(|_| bind("--http-internal", ANY_INTERNAL))?,
        };
        let addresses =
            Addresses { http: http.local_addr()?, api: api.local_addr()?, admin: admin.local_addr()?, internal: internal.local_addr()? };
        Ok(Self { http, api, admin, internal, addresses })
    }
}

fn bind(flag: &str, address: SocketAddr) -> Result<TcpListener> {
    let listener = TcpListener::bind(address)
        .with_context(|| format!("cannot listen on {flag} {address}; choose another address (port 0 takes a free one)"))?;
    listener.set_nonblocking(true)?;
    // Listening again changes nothing but the length of the line of connections that wait to be accepted.
    listen(&listener, Backlog::new(BACKLOG)?)?;
    Ok(listener)
}

/// Writes a file that appears whole or not at all, with the given mode.
pub fn write_whole(path: &Path, mode: u32, text: &str) -> Result<()> {
    use std::io::Write;
    let fresh = path.with_extension("new");
    let _ = fs::remove_file(&fresh);
    let mut file = fs::File::options()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&fresh)
        .with_context(|| format!("cannot write {}", fresh.display()))?;
    file.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", fresh.display()))?;
    fs::rename(&fresh, path).with_context(|| format!("cannot write {}", path.display()))
}
