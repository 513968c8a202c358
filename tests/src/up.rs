//! A running `ebb up` of a test's own.

use std::fs::{self, File};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use http::Uri;
use k8s_openapi::api::core::v1::Pod;
use kube::api::ListParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, ResourceExt};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

use crate::load::Load;
use crate::{Answer, Http, Result, process};

/// Longest wait for something that should happen soon, on a machine that is busy with other tests.
pub const SOON: Duration = Duration::from_secs(60);

/// Lines of Ebb's log at WARN or ERROR that a test may expect; any other fails [`Ebb::stop`].
pub type Expected<'a> = &'a [&'a str];

/// Port 0: any that is free.
const ANYWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A running `ebb up`.
#[derive(Debug)]
pub struct Ebb {
    child: Child,
    dir: TempDir,
    /// The ingress.
    pub http: SocketAddr,
    /// The API server.
    pub api: SocketAddr,
    /// The admin server.
    pub admin: SocketAddr,
    /// The ingress, for those inside.
    pub internal: SocketAddr,
}

impl Ebb {
    /// Starts in a new directory on free ports and waits until it is ready.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn up() -> Result<Self> {
        Self::up_in(TempDir::with_prefix("ebb-test-")?, &[]).await
    }

    /// Starts in `dir`, with further flags.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn up_in(dir: TempDir, flags: &[&str]) -> Result<Self> {
        Self::up_at(dir, ANYWHERE, flags).await
    }

    /// Starts in `dir` with the front door at an address. Its port is part of every URL: with another one than in its last
    /// life Ebb has to write all of them anew.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn up_at(dir: TempDir, http: SocketAddr, flags: &[&str]) -> Result<Self> {
        let addresses = dir.path().join("data/addresses.json");
        // A file of an earlier life must not be taken for this one's.
        let _ = fs::remove_file(&addresses);
        let child = spawn(dir.path(), http, flags)?;
        let mut ebb = Self { child, dir, http: ANYWHERE, api: ANYWHERE, admin: ANYWHERE, internal: ANYWHERE };
        let found = ebb.await_addresses(&addresses).await?;
        let address = |name: &str| -> Result<SocketAddr> { Ok(found[name].as_str().ok_or("no such address")?.parse()?) };
        (ebb.http, ebb.api, ebb.admin) = (address("http")?, address("api")?, address("admin")?);
        ebb.internal = address("internal")?;
        ebb.until("ebb is ready", async |ebb: &Self| {
            let ready = Http::connect(ebb.admin).await?.get("admin", "/readyz").await?;
            if ready.status == http::StatusCode::OK { Ok(()) } else { Err(ready.text().into()) }
        })
        .await?;
        Ok(ebb)
    }

    /// Starts in `dir`, and kills it with SIGKILL so long after, whatever it is doing then.
    ///
    /// # Errors
    /// When it has ended by itself before.
    pub async fn killed_at_start(dir: &TempDir, after: Duration) -> Result<()> {
        let mut child = spawn(dir.path(), ANYWHERE, &[])?;
        sleep(after).await;
        if let Some(status) = child.try_wait()? {
            return Err(format!("ebb up ended with {status}:\n{}", log_of(dir)).into());
        }
        Ok(child.kill().await?)
    }

    async fn await_addresses(&mut self, path: &Path) -> Result<serde_json::Value> {
        let end = Instant::now() + SOON;
        loop {
            if let Some(found) = fs::read(path).ok().and_then(|text| serde_json::from_slice(&text).ok()) {
                return Ok(found);
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("ebb up ended with {status}:\n{}", self.log()).into());
            }
            if Instant::now() > end {
                return Err(format!("ebb up wrote no {}:\n{}", path.display(), self.log()).into());
            }
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// The process id of `ebb up`.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// The data directory.
    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("ebb.log")).unwrap_or_default()
    }

    /// Runs a command of the CLI against it, with `dir` as working directory.
    ///
    /// # Errors
    /// When the binary cannot be run.
    pub async fn cli(&self, args: &[&str]) -> Result<Output> {
        let command = Command::new(process::ebb_binary()?)
            .args(args)
            .env("EBB_HOME", self.data_dir())
            .env_remove("KUBECONFIG")
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .output();
        Ok(timeout(SOON * 10, command).await??)
    }

    /// Runs a command that must succeed and returns what it printed.
    ///
    /// # Errors
    /// When it fails; with all that it printed.
    pub async fn ok(&self, args: &[&str]) -> Result<String> {
        let output = self.cli(args).await?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() {
            return Ok(text(&output.stdout));
        }
        Err(format!("ebb {args:?}: {}\n{}{}\n{}", output.status, text(&output.stdout), text(&output.stderr), self.log()).into())
    }

    /// Runs a command that must fail and returns what it printed to standard error.
    ///
    /// # Errors
    /// When it succeeds.
    pub async fn err(&self, args: &[&str]) -> Result<String> {
        let output = self.cli(args).await?;
        if output.status.code() == Some(1) {
            return Ok(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        Err(format!("ebb {args:?} should have failed with 1, not {}:\n{}", output.status, String::from_utf8_lossy(&output.stdout)).into())
    }

    /// Creates a service of the sample server; `flags` go to `service create`.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn create(&self, name: &str, flags: &[&str]) -> Result<String> {
        let hello = process::hello_binary()?;
        let hello = hello.to_str().ok_or("the sample's path is not UTF-8")?;
        self.ok(&[&["service", "create", name, "--cmd", hello], flags].concat()).await
    }

    /// GETs a printed URL, or a `host/path`, through the ingress.
    ///
    /// # Errors
    /// When no answer comes.
    pub async fn get(&self, url: &str) -> Result<Answer> {
        let (host, path) = split(url)?;
        Http::connect(self.http).await?.get(&host, &path).await
    }

    /// Load on a service in namespace `default`.
    pub fn load(&self, service: &str, path: &str, users: usize, time: Duration) -> Load {
        let (host, path) = (format!("{service}.default.localhost"), path.to_owned());
        Load { address: self.http, host, path, users, time, requests_max: 2_000_000 }
    }

    /// A Kubernetes client that uses the kubeconfig which `ebb up` wrote.
    ///
    /// # Errors
    /// When the file is not usable.
    pub async fn client(&self) -> Result<Client> {
        let kubeconfig = Kubeconfig::read_from(self.data_dir().join("kubeconfig"))?;
        Ok(Client::try_from(kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?)?)
    }

    /// The pods of a service that are there now, whatever their state.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn pods(&self, service: &str) -> Result<Vec<Pod>> {
        let pods: Api<Pod> = Api::namespaced(self.client().await?, "default");
        Ok(pods.list(&ListParams::default().labels(&format!("serving.knative.dev/service={service}"))).await?.items)
    }

    /// How many pods there are in all namespaces.
    ///
    /// # Errors
    /// When the API server does not answer.
    pub async fn pods_everywhere(&self) -> Result<usize> {
        let pods: Api<Pod> = Api::all(self.client().await?);
        Ok(pods.list(&ListParams::default()).await?.items.len())
    }

    /// Waits until a service has no pod.
    ///
    /// # Errors
    /// When it still has some after `within`.
    pub async fn at_zero(&self, service: &str, within: Duration) -> Result<()> {
        self.until_within(within, &format!("{service} is at zero"), async |ebb: &Self| {
            let pods = ebb.pods(service).await?;
            let names: Vec<String> = pods.iter().map(ResourceExt::name_any).collect();
            if names.is_empty() { Ok(()) } else { Err(format!("there are {names:?}").into()) }
        })
        .await
    }

    /// Tries until it succeeds.
    ///
    /// # Errors
    /// With the last failure, when it does not succeed soon.
    pub async fn until<T>(&self, what: &str, attempt: impl AsyncFn(&Self) -> Result<T>) -> Result<T> {
        self.until_within(SOON, what, attempt).await
    }

    /// Tries until it succeeds.
    ///
    /// # Errors
    /// With the last failure, when it does not succeed in time.
    pub async fn until_within<T>(&self, within: Duration, what: &str, attempt: impl AsyncFn(&Self) -> Result<T>) -> Result<T> {
        let end = Instant::now() + within;
        loop {
            match attempt(self).await {
                Ok(found) => return Ok(found),
                Err(error) if Instant::now() > end => return Err(format!("waited in vain until {what}: {error}\n{}", self.log()).into()),
                Err(_) => sleep(Duration::from_millis(20)).await,
            }
        }
    }

    /// Sends a signal to `ebb up`.
    ///
    /// # Errors
    /// When it is gone already.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        let pid = self.child.id().ok_or("ebb up is gone")?;
        Ok(kill(Pid::from_raw(i32::try_from(pid)?), signal)?)
    }

    /// Kills it with SIGKILL and hands its directory to the next life.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub async fn kill9(mut self) -> Result<TempDir> {
        self.child.kill().await?;
        Ok(self.dir)
    }

    /// Asks it to stop, and checks that it ended well: exit code 0, no process left, no unexpected complaint in its log.
    ///
    /// # Errors
    /// When any of that is not so.
    pub async fn stop(self, expected: Expected<'_>) -> Result<TempDir> {
        let (dir, status) = self.end().await?;
        if !status.success() {
            return Err(format!("ebb up ended with {status}:\n{}", log_of(&dir)).into());
        }
        complaints(&log_of(&dir), expected)?;
        Ok(dir)
    }

    async fn end(self) -> Result<(TempDir, std::process::ExitStatus)> {
        self.signal(Signal::SIGTERM)?;
        self.ended().await
    }

    /// Waits until it has ended after a signal, and checks that no process is left.
    ///
    /// # Errors
    /// When it does not end soon, or something is left.
    pub async fn ended(mut self) -> Result<(TempDir, std::process::ExitStatus)> {
        let status = timeout(SOON, self.child.wait()).await.map_err(|_| format!("ebb up did not stop:\n{}", self.log()))??;
        let left = process::mentioning(self.dir.path());
        if left.is_empty() { Ok((self.dir, status)) } else { Err(format!("processes left: {left:?}").into()) }
    }
}

fn spawn(dir: &Path, http: SocketAddr, flags: &[&str]) -> Result<Child> {
    let log = File::options().create(true).append(true).open(dir.join("ebb.log"))?;
    let doors = [("--http", http), ("--api", ANYWHERE), ("--admin", ANYWHERE), ("--http-internal", ANYWHERE)];
    let child = Command::new(process::ebb_binary()?)
        .arg("up")
        .args(doors.iter().flat_map(|(door, address)| [(*door).to_owned(), address.to_string()]))
        .arg("--data-dir")
        .arg(dir.join("data"))
        .args(flags)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .kill_on_drop(true)
        .spawn()?;
    Ok(child)
}

fn log_of(dir: &TempDir) -> String {
    fs::read_to_string(dir.path().join("ebb.log")).unwrap_or_default()
}

/// Fails on any line at WARN or ERROR that holds none of the expected texts.
fn complaints(log: &str, expected: Expected<'_>) -> Result<()> {
    let complains = |line: &&str| line.contains(" WARN ") || line.contains(" ERROR ") || line.contains("panicked at");
    let unlisted: Vec<&str> = log.lines().filter(complains).filter(|line| !expected.iter().any(|text| line.contains(text))).collect();
    if unlisted.is_empty() { Ok(()) } else { Err(format!("unlisted complaints in the log:\n{}", unlisted.join("\n")).into()) }
}

/// Host (with port) and path of a URL; the scheme may be left out.
fn split(url: &str) -> Result<(String, String)> {
    let url = if url.contains("://") { url.trim().to_owned() } else { format!("http://{}", url.trim()) };
    let uri: Uri = url.parse()?;
    let host = uri.authority().ok_or("a URL without a host")?.to_string();
    Ok((host, uri.path_and_query().map_or("/".to_owned(), ToString::to_string)))
}
