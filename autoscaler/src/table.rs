//! What is remembered of every revision, in one place behind one lock that is held for a decision and never longer.
//!
//! This module must not touch the API server.

use std::collections::HashMap;
use std::sync::Arc;

use ebb_api::autoscaling::PodAutoscaler;
use ebb_api::config::Snapshots;
use ebb_api::k8s_openapi::api::apps::v1::Deployment;
use ebb_api::observation::RevisionKey;
use ebb_autoscaler_core::{Moment, Sample};

use crate::tracked::Tracked;

/// Observations of revisions that nothing is known of yet. They are rare (a revision is made long before a request can
/// find it), they come again every second, and one is about 200 bytes: 1,024 of them are 200 KB.
const EARLY_MAX: usize = 1_024;

/// A value that was written to an object, and the version of the object that it was written over: as long as the cache
/// shows that version, the cache is older than the value.
pub struct Written<T> {
    /// What was written.
    pub value: T,
    /// `metadata.resourceVersion` before.
    pub over: Option<String>,
}

/// All revisions.
#[derive(Default)]
pub struct Table {
    /// Those that are scaled here. They are large, and the empty places of a map are as large as what it holds.
    pub revisions: HashMap<RevisionKey, Box<Tracked>>,
    early: HashMap<RevisionKey, (Sample, Moment)>,
}

impl Table {
    /// Writes an observation down, also when the revision is not known yet.
    pub fn observe(&mut self, key: &RevisionKey, sample: Sample, now: Moment) {
        let idle = sample.in_flight == 0 && sample.queued == 0 && !sample.poke;
        if let Some(tracked) = self.revisions.get_mut(key) {
            tracked.observe(sample, now);
        } else if idle {
            self.early.remove(key);
        } else if self.early.len() < EARLY_MAX || self.early.contains_key(key) {
            self.early.insert(key.clone(), (sample, now));
        } else {
            tracing::debug!(revision = %key, "an observation of an unknown revision is dropped: there are too many of them");
        }
    }

    /// A revision's memory, tuned as its PodAutoscaler says now. A new one begins with what stands in the world and with
    /// what was observed too early. One that was deleted and made anew under the same name is new, even if nobody looked
    /// in between.
    pub fn track(
        &mut self,
        key: &RevisionKey,
        pa: &PodAutoscaler,
        deployment: &Deployment,
        settings: Arc<Snapshots>,
        ready: u32,
        now: Moment,
    ) -> &mut Tracked {
        let early = &mut self.early;
        if self.revisions.get(key).is_some_and(|tracked| !tracked.is_of(pa)) {
            self.revisions.remove(key);
        }
        let tracked = self.revisions.entry(key.clone()).or_insert_with(|| {
            let mut tracked = Tracked::new(key, pa, deployment, settings.clone(), ready, now);
            if let Some((sample, at)) = early.remove(key) {
                tracked.observe(sample, at);
            }
            Box::new(tracked)
        });
        tracked.tune(key, pa, settings);
        tracked
    }
}

#[cfg(test)]
mod tests;
