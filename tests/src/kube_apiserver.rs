//! A real `kube-apiserver` on a real `etcd`, for one test: loopback, free ports, certificates of its own, RBAC on.
//! Only these two run: there are no controllers, no kubelet and no admission of ServiceAccounts, which would need them.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::time::Instant;

use http::StatusCode;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Duration, sleep};

use crate::Result;
use crate::certificates::Authority;
use crate::peers::{self, Peer};
use crate::tls::{Identity, Wire};

/// Longest wait for it to be ready. It needs about ten seconds of CPU, on a machine that may be busy.
const READY: Duration = Duration::from_secs(180);
/// Somebody else may take a port between its choice and its use.
const TRIES: usize = 3;

/// A running `kube-apiserver`. Both processes are killed when it is dropped.
#[derive(Debug)]
pub struct KubeApiserver {
    etcd: Child,
    apiserver: Child,
    dir: TempDir,
    /// Where it serves TLS.
    pub address: SocketAddr,
    authority: Authority,
}

impl KubeApiserver {
    /// Starts both and waits until they are ready. `tokens` are bearer tokens, the users they stand for and their groups.
    /// `None` when the programs are not there.
    ///
    /// # Errors
    /// When they do not become ready; with the end of their logs.
    pub async fn start(tokens: &[(&str, &str, &[&str])]) -> Result<Option<Self>> {
        Self::start_with(tokens, false).await
    }

    /// Starts both as for real use: etcd waits for the disk.
    ///
    /// # Errors
    /// As [`KubeApiserver::start`].
    pub async fn durable() -> Result<Option<Self>> {
        Self::start_with(&[], true).await
    }

    async fn start_with(tokens: &[(&str, &str, &[&str])], durable: bool) -> Result<Option<Self>> {
        let (Some(etcd), Some(apiserver)) = (peers::find(Peer::Etcd)?, peers::find(Peer::KubeApiserver)?) else { return Ok(None) };
        let mut failure = None;
        for _ in 0..TRIES {
            match Self::try_start(&etcd, &apiserver, tokens, durable).await {
                Ok(running) => return Ok(Some(running)),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| "never tried".into()))
    }

    async fn try_start(etcd: &Path, apiserver: &Path, tokens: &[(&str, &str, &[&str])], durable: bool) -> Result<Self> {
        let dir = TempDir::with_prefix("ebb-kube-")?;
        let [client, peer, secure] = free_ports()?;
        let authority = Authority::new(dir.path())?;
        authority.server("server")?;
        authority.user("admin", Some("system:masters"))?;
        let lines = tokens.iter().map(|(token, user, groups)| format!("{token},{user},,\"{}\"\n", groups.join(",")));
        fs::write(dir.path().join("tokens.csv"), lines.collect::<String>())?;
        let mut running = Self {
            etcd: spawn(etcd, dir.path(), "etcd.log", &etcd_flags(dir.path(), client, peer, durable))?,
            apiserver: spawn(apiserver, dir.path(), "apiserver.log", &apiserver_flags(dir.path(), client, secure, durable))?,
            dir,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, secure)),
            authority,
        };
        running.await_ready().await?;
        Ok(running)
    }

    async fn await_ready(&mut self) -> Result<()> {
        let (end, admin) = (Instant::now() + READY, self.admin()?);
        loop {
            let said = match self.wire(&admin).await {
                Ok(mut wire) => wire.get("/readyz").await.map(|answer| (answer.status, answer.text())),
                Err(error) => Err(error),
            };
            let said = match said {
                Ok((StatusCode::OK, _)) => return Ok(()),
                Ok((status, text)) => format!("{status}: {text}"),
                Err(error) => error.to_string(),
            };
            let ended = self.etcd.try_wait()?.or(self.apiserver.try_wait()?);
            if ended.is_some() || Instant::now() > end {
                return Err(format!("kube-apiserver is not ready ({ended:?}): {said}\n{}", self.log()).into());
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// The user who may do everything.
    ///
    /// # Errors
    /// When the certificate cannot be read.
    pub fn admin(&self) -> Result<Identity> {
        Identity::from_files(&self.dir.path().join("admin.crt"), &self.dir.path().join("admin.key"))
    }

    /// A connection.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn wire(&self, identity: &Identity) -> Result<Wire> {
        Wire::connect(self.address, &self.authority.pem, identity).await
    }

    /// The CA's certificate.
    pub fn ca(&self) -> &str {
        &self.authority.pem
    }

    /// The ends of both logs.
    pub fn log(&self) -> String {
        let tail = |name: &str| {
            let text = fs::read_to_string(self.dir.path().join(name)).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            lines[lines.len().saturating_sub(25)..].join("\n")
        };
        format!("{}\n{}", tail("etcd.log"), tail("apiserver.log"))
    }
}

fn etcd_flags(dir: &Path, client: u16, peer: u16, durable: bool) -> Vec<String> {
    let (client, peer) = (format!("http://127.0.0.1:{client}"), format!("http://127.0.0.1:{peer}"));
    let flags = [
        ("data-dir", dir.join("etcd").display().to_string()),
        ("listen-client-urls", client.clone()),
        ("advertise-client-urls", client),
        ("listen-peer-urls", peer.clone()),
        ("initial-advertise-peer-urls", peer.clone()),
        ("initial-cluster", format!("default={peer}")),
        ("log-level", "error".into()),
        // What a test writes need not outlive it.
        ("unsafe-no-fsync", (!durable).to_string()),
    ];
    flags.into_iter().map(|(name, value)| format!("--{name}={value}")).collect()
}

fn apiserver_flags(dir: &Path, etcd: u16, secure: u16, durable: bool) -> Vec<String> {
    let path = |name: &str| dir.join(name).display().to_string();
    let flags = [
        ("etcd-servers", format!("http://127.0.0.1:{etcd}")),
        ("bind-address", "127.0.0.1".into()),
        ("secure-port", secure.to_string()),
        ("tls-cert-file", path("server.crt")),
        ("tls-private-key-file", path("server.key")),
        ("client-ca-file", path("ca.crt")),
        ("token-auth-file", path("tokens.csv")),
        ("authorization-mode", "RBAC".into()),
        // As Ebb: who says nothing of who they are learns nothing.
        ("anonymous-auth", "false".into()),
        ("service-account-issuer", "https://kubernetes.default.svc.cluster.local".into()),
        ("service-account-key-file", path("server.pub")),
        ("service-account-signing-key-file", path("server.key")),
        ("service-cluster-ip-range", "10.96.0.0/16".into()),
        ("endpoint-reconciler-type", "none".into()),
        // It refuses pods of accounts that a controller has not made yet, and none runs.
        ("disable-admission-plugins", "ServiceAccount".into()),
        // Its cache tells where a watch begins by asking etcd how far it is, which etcd 3.4 cannot say. So that watches with
        // initial events can be compared, one kind is watched without the cache; but not where the two are measured.
        ("watch-cache-sizes", if durable { String::new() } else { "secrets#0".into() }),
    ];
    flags.into_iter().map(|(name, value)| format!("--{name}={value}")).collect()
}

fn spawn(program: &Path, dir: &Path, log: &str, flags: &[String]) -> Result<Child> {
    let log = File::create(dir.join(log))?;
    let mut command = Command::new(program);
    command.args(flags).current_dir(dir).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
    Ok(command.spawn()?)
}

/// Ports that were free a moment ago, all different.
fn free_ports<const N: usize>() -> Result<[u16; N]> {
    let mut held = Vec::with_capacity(N);
    let mut ports = [0; N];
    for port in &mut ports {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}
