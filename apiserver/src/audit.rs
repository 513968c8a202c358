//! The audit log: one line for every write that somebody on the network asked for, in the format of Kubernetes' audit
//! events (audit.k8s.io/v1, level Metadata), in a file that only the owner can read.
//!
//! What the process itself writes is not in it: that follows from what is. A line is written when the answer is known and
//! before it is sent, into the page cache, by the one who asked; no other request waits for more than that.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use ::http::{HeaderMap, HeaderValue, Method, Request, Response, header};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::access::Answer;
use crate::access::gate::{self, verb};
use crate::clock;
use crate::error::ApiError;
use crate::http::body::Body;
use crate::http::path::{self, Path as ApiPath, Target};
use crate::http::query::Query;
use crate::http::reviews;
use crate::options::{OpenError, User};
use crate::value;

/// When the file has so many bytes, a new one is begun: about 15,000 lines.
const FILE_MAX: u64 = 10 * 1024 * 1024;
/// So many old files are kept: 50 MB with the present one, about 75,000 writes.
const FILES_KEPT: usize = 4;
/// The header that names the request, in the answer and in the log.
const AUDIT_ID: &str = "audit-id";

/// The log.
pub struct Audit {
    path: PathBuf,
    open: Mutex<Open>,
}

struct Open {
    file: File,
    length: u64,
    /// Whether the last line could not be written; it is told once, not once for each line.
    failing: bool,
}

/// From where a request came. A layer below puts it into the request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// The name of the object that was written, when the path does not tell. A verb puts it into the answer.
#[derive(Clone, Debug)]
pub struct Named(pub String);

/// Why there is nothing better to answer. Whoever answers with an error puts it into the answer.
#[derive(Clone, Debug)]
pub struct Failed(pub ApiError);

fn append(path: &Path) -> std::io::Result<Open> {
    let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path)?;
    let length = file.metadata()?.len();
    Ok(Open { file, length, failing: false })
}

impl Audit {
    /// Opens the log in a directory.
    ///
    /// # Errors
    /// When the file cannot be used.
    pub fn open(dir: &Path) -> Result<Self, OpenError> {
        let path = dir.join("audit.log");
        let open = append(&path).map_err(|source| OpenError::Io { path: path.clone(), source })?;
        Ok(Self { path, open: Mutex::new(open) })
    }

    /// Writes a line.
    pub fn write(&self, event: &Value) {
        let line = format!("{event}\n");
        let mut open = self.open.lock();
        let written = self.rotate(&mut open).and_then(|()| open.file.write_all(line.as_bytes()));
        match written {
            Ok(()) => {
                open.length += u64::try_from(line.len()).unwrap_or(u64::MAX);
                open.failing = false;
            }
            Err(error) => {
                if !std::mem::replace(&mut open.failing, true) {
                    tracing::error!(file = %self.path.display(), %error, "the audit log cannot be written; writes go on without it");
                }
            }
        }
    }

    fn rotate(&self, open: &mut Open) -> std::io::Result<()> {
        if open.length < FILE_MAX {
            return Ok(());
        }
        let old = |number: usize| self.path.with_extension(format!("log.{number}"));
        for number in (1..FILES_KEPT).rev() {
            if old(number).exists() {
                std::fs::rename(old(number), old(number + 1))?;
            }
        }
        std::fs::rename(&self.path, old(1))?;
        *open = append(&self.path)?;
        Ok(())
    }
}

/// What will be a line, when the answer is known.
pub struct Record {
    id: String,
    event: Value,
}

impl Record {
    /// The record of a request; `None` when it writes nothing, or nobody on the network asked.
    pub fn begin<B>(user: Option<&User>, request: &Request<B>) -> Option<Self> {
        let user = user.filter(|user| !user.is_system())?;
        let ApiPath::Resource(target) = path::parse(request.uri().path()) else { return None };
        // A command in a pod is begun by GET when it goes over a WebSocket, and is no reading all the same.
        let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        if reads && !gate::is_connection(&target) {
            return None;
        }
        // Questions write nothing; a token, though, is given out.
        if reviews::is_review(&target) && !reviews::is_token_request(&target) {
            return None;
        }
        let id = clock::uid();
        let query = Query::parse(request.uri().query());
        let mut event = json!({
            "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": id, "stage": "ResponseComplete",
            "requestURI": request.uri().path_and_query().map_or("", |path| path.as_str()),
            "verb": verb(request.method(), &target, &query), "user": user_value(user),
        });
        if let Some(other) = impersonated(request.headers()) {
            event["impersonatedUser"] = other;
        }
        if let Some(Peer(address)) = request.extensions().get::<Peer>() {
            event["sourceIPs"] = json!([address.to_string()]);
        }
        if let Some(agent) = request.headers().get(header::USER_AGENT) {
            event["userAgent"] = String::from_utf8_lossy(agent.as_bytes()).into();
        }
        event["objectRef"] = object_ref(&target);
        event["requestReceivedTimestamp"] = clock::now_exactly().into();
        Some(Self { id, event })
    }

    /// The line, now that the answer is known; and names the request in the answer.
    pub fn end(self, response: &mut Response<Body>) -> Value {
        let Self { id, mut event } = self;
        if let Some(Named(name)) = response.extensions().get::<Named>()
            && value_is_empty(&event["objectRef"]["name"])
        {
            event["objectRef"]["name"] = name.as_str().into();
        }
        event["responseStatus"] = response_status(response);
        event["stageTimestamp"] = clock::now_exactly().into();
        if let Some(Answer { allowed, reason }) = response.extensions().get::<Answer>() {
            let decision = if *allowed { "allow" } else { "forbid" };
            event["annotations"] = json!({"authorization.k8s.io/decision": decision, "authorization.k8s.io/reason": reason});
        }
        if let Ok(id) = HeaderValue::from_str(&id) {
            response.headers_mut().insert(AUDIT_ID, id);
        }
        event
    }
}

/// The Status of an answer, without its type; of one that is no Status, the code.
fn response_status(response: &Response<Body>) -> Value {
    let Some(Failed(error)) = response.extensions().get::<Failed>() else {
        return json!({"metadata": {}, "code": response.status().as_u16()});
    };
    let mut status = error.status();
    let fields = value::object_mut(&mut status);
    for part_of_the_type in ["kind", "apiVersion"] {
        fields.shift_remove(part_of_the_type);
    }
    status
}

fn value_is_empty(value: &Value) -> bool {
    value.as_str().unwrap_or_default().is_empty()
}

fn user_value(user: &User) -> Value {
    let mut value = json!({"username": user.name, "groups": user.groups});
    if !user.uid.is_empty() {
        value["uid"] = user.uid.as_str().into();
    }
    if !user.extra.is_empty() {
        value["extra"] = json!(user.extra);
    }
    value
}

/// Whom a request wants to speak for. Whether it may is told by the code of the answer.
fn impersonated(headers: &HeaderMap) -> Option<Value> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let name = headers.get("impersonate-user").map(text)?;
    let groups: Vec<String> = headers.get_all("impersonate-group").iter().map(text).collect();
    let mut value = json!({"username": name});
    if !groups.is_empty() {
        value["groups"] = json!(groups);
    }
    Some(value)
}

fn object_ref(target: &Target) -> Value {
    let Target { group, version, namespace, resource, name, subresource } = target;
    let parts = [
        ("resource", resource),
        ("namespace", namespace),
        ("name", name),
        ("apiGroup", group),
        ("apiVersion", version),
        ("subresource", subresource),
    ];
    let told = parts.into_iter().filter(|(_, text)| !text.is_empty());
    Value::Object(told.map(|(member, text)| (member.to_owned(), Value::from(text.as_str()))).collect())
}

#[cfg(test)]
mod tests;
