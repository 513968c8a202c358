//! `ebb up`: everything in one process. It parses flags, starts the rooms, says where they are, and ends them in order.
//!
//! This module wires; it must not decide anything that a room could decide.

mod admission;
mod doors;
mod glue;
mod house;
mod settings;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::Args;
use ebb_api::kubernetes;
use ebb_plumbing::Ended;
use ebb_plumbing::signals::Signals;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::data_dir::{self, Environment};
use crate::report;
use doors::{Addresses, Doors};
use house::House;

/// Flags of `ebb up`. Port 0 takes a free port.
#[derive(Args, Clone, Debug)]
pub struct UpArgs {
    /// Address of the front door
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    http: SocketAddr,
    /// Address of the API, TLS with a CA of its own
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7443")]
    api: SocketAddr,
    /// Address of /readyz, /livez and /metrics
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7080")]
    admin: SocketAddr,
    /// Address of the front door for those inside, where cluster-local hosts answer too [default: 127.0.0.1:8081, or a free port]
    #[arg(long, value_name = "ADDR")]
    http_internal: Option<SocketAddr>,
    /// Domain of all services: NAME.NAMESPACE.DOMAIN
    #[arg(long, value_name = "DOMAIN", default_value = "localhost", value_parser = domain)]
    domain: String,
}

fn domain(text: &str) -> Result<String, String> {
    let text = text.trim_end_matches('.').to_ascii_lowercase();
    match kubernetes::dns1123_subdomain(&text).first() {
        None => Ok(text),
        Some(problem) => Err(problem.clone()),
    }
}

/// Runs until a signal or a failure ends it.
///
/// # Errors
/// When it cannot start, or a part of it fails.
pub fn run(data_dir: Option<PathBuf>, args: UpArgs) -> Result<()> {
    let dir = data_dir::resolve(data_dir, Environment::read())?;
    let dir = std::path::absolute(&dir).with_context(|| format!("cannot use {} as data directory", dir.display()))?;
    ebb_plumbing::logging::start("info,kube=warn,kube_client=warn,kube_runtime=warn").map_err(|error| anyhow::anyhow!(error))?;
    raise_file_limit();
    let doors = Doors::open(args.http, args.api, args.admin, args.http_internal)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(live(&dir, doors, args.domain));
    // Whatever still runs now was told to end and did not; it must not hold the process.
    runtime.shutdown_background();
    outcome
}

/// A pod costs four file descriptors, and each request in flight two: the soft limit of most machines, 1024, is for
/// programs that use `select`. The hard limit is what the administrator means.
fn raise_file_limit() {
    let raised = getrlimit(Resource::RLIMIT_NOFILE).and_then(|(_, hard)| setrlimit(Resource::RLIMIT_NOFILE, hard, hard));
    if let Err(error) = raised {
        tracing::warn!(%error, "the limit of open files stays low");
    }
}

async fn live(dir: &Path, doors: Doors, domain: String) -> Result<()> {
    let mut signals = Signals::listen()?;
    let addresses = doors.addresses;
    let mut house = tokio::select! {
        house = House::build(dir, doors, &domain) => house?,
        signal = signals.next() => bail!("{signal} before everything was started"),
    };
    let ready = house.readiness();
    let ended = tokio::select! {
        () = ready.ready() => None,
        ended = house.first_end() => Some(ended),
        signal = signals.next() => return drain(house, signals, signal).await,
    };
    if let Some(ended) = ended {
        return fail(house, signals, ended).await;
    }
    report::write(&banner(dir, addresses, &domain))?;
    tracing::info!(http = %addresses.http, api = %addresses.api, admin = %addresses.admin, "ready");
    tokio::select! {
        ended = house.first_end() => fail(house, signals, ended).await,
        signal = signals.next() => drain(house, signals, signal).await,
    }
}

/// A part ended by itself: the rest is ended in order, and the process with that part's error.
async fn fail(house: House, signals: Signals, ended: Ended) -> Result<()> {
    tracing::error!(part = ended.name, "{ended}");
    in_order(house, signals).await?;
    bail!("{ended}")
}

/// Ends everything because a signal said so.
async fn drain(house: House, signals: Signals, signal: &str) -> Result<()> {
    tracing::info!(signal, "draining; a second signal ends everything at once");
    in_order(house, signals).await
}

/// Ends everything in order. Requests have 30 s for it, then pods 30 s and their grace period, at most 30 s; a signal
/// ends it at once.
async fn in_order(house: House, mut signals: Signals) -> Result<()> {
    let now = house.emergency_exit();
    tokio::select! {
        () = house.drain() => Ok(()),
        signal = signals.next() => {
            now.kill_all();
            bail!("{signal} while draining: ended at once; requests were cut")
        }
    }
}

fn banner(dir: &Path, addresses: Addresses, domain: &str) -> String {
    let mut text = String::from("Ebb is up.\n\n");
    let port = if addresses.http.port() == 80 { String::new() } else { format!(":{}", addresses.http.port()) };
    let kubeconfig = dir.join("kubeconfig");
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "  Services   http://NAME.NAMESPACE.{domain}{port}   (listening on {http})\n  \
           Inside     http://{internal}   (cluster-local hosts; $EBB_INTERNAL in every process)\n  \
           API        https://{api}   (kubectl --kubeconfig {kubeconfig})\n  \
           Admin      http://{admin}   (/readyz /livez /metrics)\n  \
           Data       {dir}\n\n\
         Try:  ebb service create hello --cmd ./your-server      (it listens on $PORT)\n\
         Ctrl-C drains and stops; a second one stops at once.\n",
        http = addresses.http,
        internal = addresses.internal,
        api = addresses.api,
        admin = addresses.admin,
        kubeconfig = kubeconfig.display(),
        dir = dir.display(),
    );
    text
}
