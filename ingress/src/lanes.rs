//! What the front door keeps per revision: its line and its counters, looked up once per request.

use std::collections::HashMap;
use std::sync::Arc;

use ebb_activator::{Activator, Fault, Refused, RevisionHandle, RevisionKey};
use http::StatusCode;
use parking_lot::RwLock;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;
use tokio::time::Instant;

use crate::metrics::{Metrics, OfResponse, OfRevision};

/// Names of the classes of status codes.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// One revision as the front door sees it.
#[derive(Debug)]
pub(crate) struct Lane {
    /// The line before it.
    pub line: Arc<RevisionHandle>,
    responses: [Counter; CLASSES.len()],
    latency: Histogram,
    metrics: Metrics,
}

/// All revisions that requests have met.
#[derive(Debug)]
pub(crate) struct Lanes {
    activator: Arc<Activator>,
    metrics: Metrics,
    by_key: RwLock<HashMap<RevisionKey, Arc<Lane>>>,
}

impl Lanes {
    /// No lanes yet.
    pub fn new(activator: Arc<Activator>, metrics: Metrics) -> Self {
        Self { activator, metrics, by_key: RwLock::default() }
    }

    /// The lane of a revision.
    pub fn of(&self, key: &RevisionKey) -> Arc<Lane> {
        if let Some(lane) = self.by_key.read().get(key) {
            return lane.clone();
        }
        let lane = Arc::new(Lane::new(self.activator.handle(key), self.metrics.clone()));
        self.by_key.write().entry(key.clone()).or_insert(lane).clone()
    }

    /// Forgets the lanes of revisions that do not exist, or no longer. So the lanes are bounded by the revisions, and by the
    /// names that a table has wrongly.
    pub fn forget_gone(&self) {
        self.by_key.write().retain(|key, lane| {
            let stays = lane.line.exists();
            if !stays {
                self.metrics.forget(key);
            }
            stays
        });
    }
}

impl Lane {
    fn new(line: Arc<RevisionHandle>, metrics: Metrics) -> Self {
        let of = OfRevision::new(line.key());
        let response = |class| metrics.responses.get_or_create_owned(&OfResponse::new(&of, class));
        let (responses, latency) = (CLASSES.map(response), metrics.latency.get_or_create_owned(&of));
        Self { line, responses, latency, metrics }
    }

    /// Counts an answer.
    pub fn answered(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(counter) = self.responses.get(class) {
            counter.inc();
        }
    }
}

impl Metrics {
    fn forget(&self, key: &RevisionKey) {
        let of = OfRevision::new(key);
        for class in CLASSES {
            self.responses.remove(&OfResponse::new(&of, class));
        }
        self.latency.remove(&of);
    }
}

impl OfRevision {
    fn new(key: &RevisionKey) -> Self {
        Self { namespace_name: key.namespace.to_string(), revision_name: key.name.to_string() }
    }
}

impl OfResponse {
    fn new(of: &OfRevision, response_code_class: &'static str) -> Self {
        Self { namespace_name: of.namespace_name.clone(), revision_name: of.revision_name.clone(), response_code_class }
    }
}

/// One request in a lane, from its head to the end of its answer. Dropping it before it has ended means that the client
/// has left.
#[derive(Debug)]
pub(crate) struct Visit {
    lane: Arc<Lane>,
    arrived: Instant,
    open: bool,
}

impl Visit {
    /// A request that came at `arrived`.
    pub fn new(lane: Arc<Lane>, arrived: Instant) -> Self {
        Self { lane, arrived, open: true }
    }

    /// The answer is complete.
    pub fn ended(&mut self) {
        if std::mem::replace(&mut self.open, false) {
            self.lane.latency.observe(self.arrived.elapsed().as_secs_f64());
        }
    }

    /// The answer was broken off for this reason.
    pub fn failed(&mut self, why: Refused) {
        if std::mem::replace(&mut self.open, false) {
            self.lane.metrics.failed(why.fault(false).as_str(), why.as_str());
        }
    }

    /// The request is answered with a failure that is counted elsewhere.
    pub fn refused(mut self) {
        self.open = false;
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if self.open {
            self.lane.metrics.failed(Fault::Client.as_str(), Refused::ClientLeft.as_str());
        }
    }
}
