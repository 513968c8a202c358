//! The routing table: host → virtual host → paths → backends. Immutable once published; a change makes a new table
//! that shares every untouched part with the old one.

use std::collections::HashMap;
use std::sync::Arc;

use ebb_api::observation::RevisionKey;
use http::{HeaderName, HeaderValue};

use crate::split::Split;

/// Parts of the table. A change copies one part (1/256 of the hosts: 400 entries of 100,000) and 256 pointers, which
/// keeps the cost of one host's change in the tens of microseconds at any size.
const PARTS: usize = 256;

/// Namespace and name of an Ingress object.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey {
    /// The namespace.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl std::fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// Who may reach a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Everyone (`ExternalIP`).
    External,
    /// Only those inside (`ClusterLocal`).
    ClusterLocal,
}

/// One host and where its requests go.
#[derive(Debug)]
pub struct VirtualHost {
    /// The host, as [`crate::host::normalize`] spells it.
    pub name: Arc<str>,
    /// The Ingress object that holds the host.
    pub owner: Arc<ObjectKey>,
    /// Hash of that object's spec; what a probe with `K-Network-Hash: override` is answered.
    pub hash: Arc<str>,
    /// Plain HTTP is answered with a redirect to HTTPS (`httpOption: Redirected`).
    pub redirect: bool,
    /// In the order of the object; the first that matches wins. The hosts of one rule share them.
    pub(crate) paths: Box<[Arc<PathRoute>]>,
}

/// A path prefix with header matches, and its split.
#[derive(Debug)]
pub struct PathRoute {
    pub(crate) visibility: Visibility,
    pub(crate) prefix: Box<str>,
    pub(crate) matches: Vec<(HeaderName, HeaderValue)>,
    pub(crate) backends: Box<[Arc<Backend>]>,
    pub(crate) split: Split,
}

/// What a split chooses.
#[derive(Debug, PartialEq, Eq)]
pub struct Backend {
    /// The revision: from the split's `Knative-Serving-*` headers, else the name of its Service.
    pub revision: RevisionKey,
    /// Headers set on the request, those of the path first. Without those that end here: `Knative-Serving-Revision`,
    /// `Knative-Serving-Namespace` and `K-Original-Host`.
    pub append: Vec<(HeaderName, HeaderValue)>,
    /// The Host header that the app sees, when it is not the client's: `K-Original-Host`, else `rewriteHost`.
    pub host: Option<HeaderValue>,
    /// The host (of this table) that the request goes on to: `rewriteHost`.
    pub forward: Option<Box<str>>,
}

type Part = HashMap<Arc<str>, Arc<VirtualHost>>;

/// All hosts. Cloning is cheap and shares everything.
#[derive(Clone, Debug)]
pub struct Table {
    parts: Box<[Arc<Part>]>,
}

impl Default for Table {
    fn default() -> Self {
        Self { parts: std::iter::repeat_n(Arc::default(), PARTS).collect() }
    }
}

impl Table {
    /// The virtual host of a normalized host name.
    pub fn host(&self, name: &str) -> Option<&Arc<VirtualHost>> {
        self.parts.get(part_of(name))?.get(name)
    }

    /// Number of hosts.
    pub fn len(&self) -> usize {
        self.parts.iter().map(|part| part.len()).sum()
    }

    /// Whether there is no host at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn set(&mut self, host: Arc<VirtualHost>) {
        if let Some(part) = self.parts.get_mut(part_of(&host.name)) {
            Arc::make_mut(part).insert(host.name.clone(), host);
        }
    }

    pub(crate) fn remove(&mut self, name: &str) {
        if let Some(part) = self.parts.get_mut(part_of(name)) {
            Arc::make_mut(part).remove(name);
        }
    }
}

/// FNV-1a, folded to a part. It only spreads the hosts; the maps inside have their own, keyed hash.
fn part_of(name: &str) -> usize {
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    usize::from((hash >> 32).to_le_bytes()[0]) % PARTS
}
