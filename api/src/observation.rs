//! What the activator tells the autoscaler. In one process it travels over a channel, on a cluster over a stream.

use std::sync::Arc;
use std::time::Duration;

/// Namespace and name of a Revision. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RevisionKey {
    /// The Revision's namespace.
    pub namespace: Arc<str>,
    /// The Revision's name.
    pub name: Arc<str>,
}

impl RevisionKey {
    /// A key from its two parts.
    pub fn new(namespace: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

impl std::fmt::Display for RevisionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// One look at a Revision's traffic. Sent at least once a second while there is traffic, once with zeros when the
/// traffic has ended, and at once (with `poke`) when a request has to wait for a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// Whose traffic it is.
    pub revision: RevisionKey,
    /// The stretch of time that `concurrency` and `requests` speak of; zero for a poke.
    pub over: Duration,
    /// Time-weighted mean of requests in Ebb's hands (waiting and in a pod) over that stretch.
    pub concurrency: f64,
    /// Requests that arrived in that stretch.
    pub requests: u64,
    /// Requests in a pod right now.
    pub in_flight: u32,
    /// Requests waiting for a place right now.
    pub queued: u32,
    /// A request just found no free place.
    pub poke: bool,
}
