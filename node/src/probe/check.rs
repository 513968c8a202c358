//! Runs one check once.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use tokio::net::TcpStream;

use super::{Check, grpc, http};

/// Where process pods listen.
pub const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Runs a command in the container's environment: says `Ok` when it exits with 0, else what went wrong.
pub trait Commands: Send + Sync {
    /// Runs it. The future is dropped when the probe's time is over; the command must end with it.
    fn run(&self, command: &[String]) -> impl Future<Output = Result<(), String>> + Send;
}

/// Asks once.
///
/// # Errors
/// A sentence for people that names the port and the failure.
pub async fn once(check: &Check, timeout: Duration, commands: &impl Commands) -> Result<(), String> {
    match tokio::time::timeout(timeout, ask(check, commands)).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("{} did not answer within {timeout:?}", target(check))),
    }
}

async fn ask(check: &Check, commands: &impl Commands) -> Result<(), String> {
    match check {
        // Closed in order at once: the server sees a client that said nothing and left.
        Check::Tcp { port } => connect(*port).await.map(drop),
        Check::Http { host, port, path, headers, h2c } => http::get(host.as_deref(), *port, path, headers, *h2c).await,
        Check::Grpc { port, service } => grpc::check(*port, service).await,
        Check::Exec { command } => commands.run(command).await,
    }
}

pub(super) async fn connect(port: u16) -> Result<TcpStream, String> {
    TcpStream::connect((LOOPBACK, port)).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::ConnectionRefused => format!("port {port}: nothing listens on {LOOPBACK}:{port} (connection refused)"),
        _ => format!("port {port}: {error}"),
    })
}

fn target(check: &Check) -> String {
    match check {
        Check::Tcp { port } | Check::Http { port, .. } | Check::Grpc { port, .. } => format!("port {port}"),
        Check::Exec { command } => format!("command {:?}", command.first().map_or("", String::as_str)),
    }
}
