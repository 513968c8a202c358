//! What a list or watch is asked for: the table of `resourceVersion`, `resourceVersionMatch`, `limit`, `continue` and
//! `sendInitialEvents`, and what is wrong with combinations. Pure. Sources: "Resource versions" in Kubernetes'
//! documentation, k8s.io/apimachinery/pkg/apis/meta/internalversion/validation, k8s.io/apiserver/pkg/storage.

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::error::{ApiError, Cause};
use crate::http::media::json_fault;
use crate::http::query::Query;

/// The state that a list is to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// The present one.
    Latest,
    /// The present one, which must not be older than this version.
    NotOlderThan(u64),
    /// The one of this version.
    Exactly(u64),
}

/// How a watch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// With the objects that are there, in a state not older than this version.
    State(u64),
    /// With what happens from now on.
    Now,
    /// With what happened after this version.
    After(u64),
}

/// A list, as asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListOptions {
    /// The state to show.
    pub at: At,
    /// At most so many objects.
    pub limit: Option<usize>,
    /// The key, without the prefix of its collection, from which on objects are wanted; empty for all.
    pub from: String,
}

impl ListOptions {
    /// Reads them.
    ///
    /// # Errors
    /// 400 and 422, as Kubernetes words them.
    pub fn parse(query: &Query) -> Result<Self, ApiError> {
        let limit = query.number("limit")?.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
        judge(&list_faults(query))?;
        let (asked, matching) = (query.get("resourceVersion"), query.get("resourceVersionMatch"));
        if !query.get("continue").is_empty() {
            let token = Continue::decode(query.get("continue"))
                .map_err(|fault| ApiError::bad_request(format!("invalid continue token: continue key is not valid{fault}")))?;
            if !matches!(asked, "" | "0") {
                return Err(ApiError::bad_request("specifying resource version is not allowed when using continue"));
            }
            let at = u64::try_from(token.version).map_or(At::Latest, At::Exactly);
            return Ok(Self { at, limit, from: token.from });
        }
        let asked = version(asked).map_err(|fault| ApiError::bad_request(format!("invalid resource version: {fault}")))?;
        let at = match (asked, matching) {
            (0, _) => At::Latest,
            (asked, "Exact") => At::Exactly(asked),
            (asked, "") if limit.is_some() => At::Exactly(asked),
            (asked, _) => At::NotOlderThan(asked),
        };
        Ok(Self { at, limit, from: String::new() })
    }
}

fn list_faults(query: &Query) -> Vec<Cause> {
    let (version, matching) = (query.get("resourceVersion"), query.get("resourceVersionMatch"));
    let mut faults = Vec::new();
    let mut forbid = |detail: &str| faults.push(Cause::forbidden("resourceVersionMatch", detail));
    if !matching.is_empty() {
        if version.is_empty() {
            forbid("resourceVersionMatch is forbidden unless resourceVersion is provided");
        }
        if !query.get("continue").is_empty() {
            forbid("resourceVersionMatch is forbidden when continue is provided");
        }
        if matching == "Exact" && version == "0" {
            forbid("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
        }
        if !matches!(matching, "Exact" | "NotOlderThan") {
            let allowed = ["Exact", "NotOlderThan", ""].map(|name| format!("{name:?}"));
            faults.push(Cause::unsupported("resourceVersionMatch", &matching.into(), &allowed));
        }
    }
    if query.has("sendInitialEvents") {
        faults.push(Cause::forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
    }
    faults
}

/// A watch, as asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchOptions {
    /// Where it begins.
    pub begin: Begin,
    /// Whether it may tell versions without events.
    pub bookmarks: bool,
    /// Whether the end of the objects that are there is to be marked.
    pub mark_end: bool,
    /// Seconds after which it ends.
    pub timeout: Option<u64>,
}

impl WatchOptions {
    /// Reads them.
    ///
    /// # Errors
    /// 400, 422 and 500, as Kubernetes words them.
    pub fn parse(query: &Query) -> Result<Self, ApiError> {
        // Less than nothing is over at once.
        let timeout = query.number("timeoutSeconds")?.filter(|seconds| *seconds != 0).map(|seconds| u64::try_from(seconds).unwrap_or(0));
        judge(&watch_faults(query))?;
        let asked = version(query.get("resourceVersion")).map_err(ApiError::unknown)?;
        // A watch without a version has always begun with the objects that are there.
        let given = query.has("sendInitialEvents").then(|| query.flag("sendInitialEvents"));
        let initial = given.unwrap_or(asked == 0);
        let begin = match asked {
            asked if initial => Begin::State(asked),
            0 => Begin::Now,
            asked => Begin::After(asked),
        };
        let bookmarks = query.flag("allowWatchBookmarks");
        Ok(Self { begin, bookmarks, mark_end: initial && bookmarks, timeout })
    }
}

fn watch_faults(query: &Query) -> Vec<Cause> {
    let (matching, initial) = (query.get("resourceVersionMatch"), query.has("sendInitialEvents"));
    let mut faults = Vec::new();
    let mut forbid = |detail: &str| faults.push(Cause::forbidden("resourceVersionMatch", detail));
    if initial && matching != "NotOlderThan" {
        forbid("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    }
    let with_token = !query.get("continue").is_empty();
    if matching.is_empty() {
        // A watch that does not say where it begins asks for initial events, and thereby for a match.
        if with_token && !initial && matches!(query.get("resourceVersion"), "" | "0") {
            forbid("resourceVersionMatch is forbidden when continue is provided");
        }
        return faults;
    }
    if !initial {
        forbid("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
    }
    if matching != "NotOlderThan" {
        faults.push(Cause::unsupported("resourceVersionMatch", &matching.into(), &["\"NotOlderThan\"".into()]));
    }
    if with_token {
        faults.push(Cause::forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided"));
    }
    faults
}

fn judge(faults: &[Cause]) -> Result<(), ApiError> {
    if faults.is_empty() { Ok(()) } else { Err(ApiError::invalid_kind("meta.k8s.io", "ListOptions", "", faults)) }
}

/// The version of which one object must not be older; 0 when none is asked for.
///
/// # Errors
/// 500 for what is none, as Kubernetes has it.
pub fn version_of_one(query: &Query) -> Result<u64, ApiError> {
    version(query.get("resourceVersion")).map_err(ApiError::unknown)
}

/// A version; 0 when there is none. `Err` says why it is none.
fn version(text: &str) -> Result<u64, String> {
    if text.is_empty() {
        return Ok(0);
    }
    let plain = text.bytes().all(|digit| digit.is_ascii_digit());
    text.parse::<u64>().ok().filter(|_| plain).ok_or_else(|| {
        let why = if plain { "value out of range" } else { "invalid syntax" };
        format!("resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: {why}")
    })
}

/// Where the next page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Continue {
    /// The version of the first page, or −1 to go on with the present state.
    pub version: i64,
    /// The key from which on objects are wanted, without the prefix of its collection.
    pub from: String,
}

impl Continue {
    /// The token behind an object: what follows its key.
    pub fn after(version: i64, key: &str) -> Self {
        Self { version, from: format!("{key}\0") }
    }

    /// As clients carry it.
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(json!({"v": "meta.k8s.io/v1", "rv": self.version, "start": self.from}).to_string())
    }

    /// Reads a token.
    ///
    /// # Errors
    /// What is wrong with it, to be told behind "continue key is not valid".
    fn decode(token: &str) -> Result<Self, String> {
        let bytes = URL_SAFE_NO_PAD.decode(token).or_else(|_| URL_SAFE.decode(token)).map_err(|_| ": illegal base64 data".to_owned())?;
        let value: Value = serde_json::from_slice(&bytes).map_err(|error| format!(": {}", json_fault(&bytes, &error)))?;
        match value["v"].as_str() {
            Some("meta.k8s.io/v1") => {}
            other => return Err(format!(": server does not recognize this encoded version {}", other.unwrap_or_default())),
        }
        let version = value["rv"].as_i64().unwrap_or_default();
        let from = value["start"].as_str().unwrap_or_default().trim_start_matches('/').to_owned();
        if version == 0 {
            return Err(": incorrect encoded start resourceVersion (version meta.k8s.io/v1)".into());
        }
        if from.is_empty() {
            return Err(": encoded start key empty (version meta.k8s.io/v1)".into());
        }
        if from.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(format!(": {from}"));
        }
        Ok(Self { version, from })
    }
}

#[cfg(test)]
mod tests;
