//! The two servers, and how a step is sent to one of them.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ebb_apiserver::{Options, Server, User};
use ebb_plumbing::{CancellationToken, Supervisor};
use ebb_tests::kube_apiserver::KubeApiserver;
use ebb_tests::tls::{Identity, Wire};
use ebb_tests::{Answer, Result};
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::{Instant, sleep, timeout};

use crate::script::{Kept, Step};

/// Users with tokens. Neither has any right until a script binds a role to them.
pub const TOKENS: [(&str, &str, &[&str]); 3] =
    [("alice-token", "alice", &["developers"]), ("bob-token", "bob", &[]), ("root-token", "root", &["system:masters"])];

/// Longest wait for what a step waits for.
const PATIENCE: Duration = Duration::from_secs(15);
/// Between two looks at something that is waited for.
const AGAIN: Duration = Duration::from_millis(30);

/// One of the two.
pub struct Side {
    pub name: &'static str,
    pub address: SocketAddr,
    ca: String,
    admin: Identity,
    pub kept: Kept,
    watches: BTreeMap<String, Watching>,
    connections: BTreeMap<bool, Wire>,
}

/// A watch that goes on while other steps run.
struct Watching {
    head: http::response::Parts,
    body: Incoming,
}

/// What came back.
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// JSON or YAML, or a list of JSON for a watch, or text.
    pub body: Value,
}

/// Ebb's API server alone: the library behind TLS, with no room of Ebb running that would change what scripts write.
pub struct Ebb {
    _dir: TempDir,
    server: Server,
    supervisor: Supervisor,
    pub side: Side,
}

impl Ebb {
    pub async fn start() -> Result<Self> {
        let dir = TempDir::with_prefix("ebb-differential-")?;
        let user = |name: &str, groups: &[&str]| User::new(name, groups.iter().chain(&["system:authenticated"]).copied());
        let tokens = TOKENS.iter().map(|(token, name, groups)| ((*token).to_owned(), user(name, groups))).collect();
        let server = Server::open(Options { tokens, namespaces: Vec::new(), ..Options::new(dir.path()) })?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let supervisor = Supervisor::new(CancellationToken::new());
        supervisor.tasks().spawn("api door", server.serve_tls(listener, supervisor.tasks()));
        let kubeconfig: Value = serde_saphyr::from_str(&server.kubeconfig(address))?;
        let pem = |pointer: &str| -> Result<String> {
            let text = kubeconfig.pointer(pointer).and_then(Value::as_str).ok_or_else(|| format!("the kubeconfig has no {pointer}"))?;
            Ok(String::from_utf8(STANDARD.decode(text)?)?)
        };
        let admin = Identity::new(pem("/users/0/user/client-certificate-data")?, pem("/users/0/user/client-key-data")?);
        let side = Side::new("ebb", address, pem("/clusters/0/cluster/certificate-authority-data")?, admin);
        Ok(Self { _dir: dir, server, supervisor, side })
    }

    pub async fn stop(self) {
        self.supervisor.tasks().shutdown().cancel();
        self.supervisor.drain().await;
        self.server.close();
    }
}

/// The other side of a running kube-apiserver.
pub fn kube(running: &KubeApiserver) -> Result<Side> {
    Ok(Side::new("kube", running.address, running.ca().to_owned(), running.admin()?))
}

impl Side {
    fn new(name: &'static str, address: SocketAddr, ca: String, admin: Identity) -> Self {
        Self { name, address, ca, admin, kept: Kept::default(), watches: BTreeMap::new(), connections: BTreeMap::new() }
    }

    /// Makes the namespace of a theme and forgets what the theme before kept.
    pub async fn enter(&mut self, namespace: &str) -> Result<()> {
        self.kept = Kept::default();
        self.kept.0.insert("ns".into(), namespace.into());
        self.watches.clear();
        let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        let step = Step { request: "POST /api/v1/namespaces".into(), body: Some(body), silent: true, ..Step::default() };
        self.take(&step).await.map(|_| ())
    }

    /// Carries out a step. Most have one reply, one that begins a watch has none, a repeated one has many.
    pub async fn take(&mut self, step: &Step) -> Result<Vec<Reply>> {
        if let Some((name, events)) = &step.end {
            let watching = self.watches.remove(name).ok_or_else(|| format!("no watch {name}"))?;
            return Ok(vec![watching.finish(*events).await?]);
        }
        if let Some(name) = &step.begin {
            let request = self.request(step)?;
            let (head, body) = self.fresh(step).await?.open(request).await?.into_parts();
            self.watches.insert(name.clone(), Watching { head, body });
            return Ok(Vec::new());
        }
        if let Some((pointer, wanted)) = &step.until {
            return Ok(vec![self.await_text(step, pointer, wanted).await?]);
        }
        let mut replies = Vec::new();
        for i in 0..step.times.unwrap_or(1) {
            self.kept.0.insert("i".into(), i.to_string());
            let reply = self.once(step).await?;
            if step.silent && !reply.status.is_success() {
                return Err(format!("{}: {}: {} {}", self.name, step.title(), reply.status, reply.body).into());
            }
            self.kept.keep(step, &reply.body);
            replies.push(reply);
        }
        Ok(replies)
    }

    async fn await_text(&mut self, step: &Step, pointer: &str, wanted: &str) -> Result<Reply> {
        let end = Instant::now() + PATIENCE;
        loop {
            let reply = self.once(step).await?;
            let found = reply.body.pointer(pointer).map(|found| found.as_str().map_or_else(|| found.to_string(), str::to_owned));
            if found.as_deref() == Some(wanted) || Instant::now() > end {
                self.kept.keep(step, &reply.body);
                return Ok(reply);
            }
            sleep(AGAIN).await;
        }
    }

    async fn once(&mut self, step: &Step) -> Result<Reply> {
        let request = self.request(step)?;
        let by_certificate = step.user.as_deref().unwrap_or("admin") == "admin";
        let mut wire = match self.connections.remove(&by_certificate) {
            Some(wire) => wire,
            None => self.fresh(step).await?,
        };
        let unanswered = |error: &dyn std::fmt::Display| format!("{}: {}: {error}", self.name, step.title());
        let answer = match timeout(PATIENCE, wire.send(request.clone())).await.map_err(|error| unanswered(&error))? {
            Ok(answer) => answer,
            // The connection was closed after the answer before: that is the server's right, once.
            Err(_) => {
                wire = self.fresh(step).await?;
                wire.send(request).await.map_err(|error| unanswered(&error))?
            }
        };
        self.connections.insert(by_certificate, wire);
        Reply::read(answer)
    }

    async fn fresh(&self, step: &Step) -> Result<Wire> {
        let identity = if step.user.as_deref().unwrap_or("admin") == "admin" { self.admin.clone() } else { Identity::none() };
        Wire::connect(self.address, &self.ca, &identity).await
    }

    fn request(&self, step: &Step) -> Result<Request<Full<Bytes>>> {
        let line = self.kept.fill(&step.request)?;
        let (method, path) = line.split_once(' ').ok_or_else(|| format!("{line}: not METHOD /path"))?;
        let mut request = Request::builder().method(method).uri(path);
        if let Some(user) = step.user.as_deref().filter(|user| !["admin", "nobody"].contains(user)) {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.kept.fill(&token(user))?));
        }
        for (name, value) in &step.headers {
            request = request.header(name, self.kept.fill(value)?);
        }
        if let Some(written) = step.media_type.as_deref().or(step.body.as_ref().map(|_| "json")).filter(|written| *written != "none") {
            request = request.header(header::CONTENT_TYPE, media_type(written));
        }
        Ok(request.body(Full::new(self.body(step)?))?)
    }

    fn body(&self, step: &Step) -> Result<Bytes> {
        let Some(body) = &step.body else { return Ok(Bytes::new()) };
        let mut body = self.kept.fill_value(body)?;
        if let Some((pointer, bytes)) = &step.pad {
            *body.pointer_mut(pointer).ok_or_else(|| format!("{pointer} is not in the body"))? = Value::String("x".repeat(*bytes));
        }
        Ok(match body {
            Value::String(text) => text.into(),
            other => other.to_string().into(),
        })
    }
}

/// The token of a user, or a token that a step kept or that nobody has.
fn token(user: &str) -> String {
    let known = TOKENS.iter().find(|(_, name, _)| *name == user);
    known.map_or_else(|| user.to_owned(), |(token, ..)| (*token).to_owned())
}

fn media_type(written: &str) -> &str {
    match written {
        "json" => "application/json",
        "merge" => "application/merge-patch+json",
        "strategic" => "application/strategic-merge-patch+json",
        "patch" => "application/json-patch+json",
        "apply" => "application/apply-patch+yaml",
        "yaml" => "application/yaml",
        other => other,
    }
}

impl Watching {
    /// Reads until so many events have come, or none comes any more.
    async fn finish(mut self, events: usize) -> Result<Reply> {
        let mut text = Vec::new();
        let end = Instant::now() + PATIENCE;
        while text.iter().filter(|byte| **byte == b'\n').count() < events {
            let Ok(frame) = timeout(end.saturating_duration_since(Instant::now()), self.body.frame()).await else { break };
            let Some(frame) = frame else { break };
            if let Ok(data) = frame?.into_data() {
                text.extend_from_slice(&data);
            }
        }
        Reply::read(Answer { status: self.head.status, headers: self.head.headers, body: text.into() })
    }
}

impl Reply {
    fn read(answer: Answer) -> Result<Self> {
        let mut bytes = answer.body.to_vec();
        if answer.header("content-encoding") == "gzip" {
            let mut plain = Vec::new();
            flate2::read::GzDecoder::new(bytes.as_slice()).read_to_end(&mut plain)?;
            bytes = plain;
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        // YAML is compared by what it says: its writers quote as they like.
        let yaml = answer.headers.get(header::CONTENT_TYPE).is_some_and(|media_type| media_type == "application/yaml");
        let body = if yaml { serde_saphyr::from_str(&text)? } else { parsed(&text) };
        Ok(Self { status: answer.status, headers: answer.headers, body })
    }
}

/// One JSON value, a list of those on lines of their own, or text.
fn parsed(text: &str) -> Value {
    if let Ok(value) = serde_json::from_str(text) {
        return value;
    }
    let lines: Result<Vec<Value>, _> = text.lines().map(serde_json::from_str).collect();
    match lines {
        Ok(events) if !events.is_empty() => Value::Array(events),
        _ => Value::String(text.to_owned()),
    }
}
