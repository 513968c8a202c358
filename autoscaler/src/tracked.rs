//! What is remembered of one revision between two reconciles.
//!
//! This module must not touch the API server.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ebb_api::autoscaling::{PodAutoscaler, PodAutoscalerStatus};
use ebb_api::conditions::{Conditioned, kind};
use ebb_api::config::Snapshots;
use ebb_api::k8s_openapi::api::apps::v1::Deployment;
use ebb_api::k8s_openapi::jiff::Timestamp;
use ebb_api::observation::RevisionKey;
use ebb_autoscaler_core::{Decision, Memory, Moment, Phase, Problem, Sample, Seed, Seen, Spec, decide};

use crate::table::Written;

/// How long the status of a revision that has been ready before waits to be written. A cold start is over by then, so
/// it costs one write instead of two, and none of them competes with the pod that starts.
const STATUS_PATIENCE: Duration = Duration::from_millis(100);

/// A revision's tuning and what it was read from.
struct Tuning {
    spec: Spec,
    problems: Vec<Problem>,
    of: State,
    settings: Arc<Snapshots>,
}

/// Which state of which PodAutoscaler it is. The object itself is not held: thousands of revisions sleep.
#[derive(PartialEq, Eq)]
struct State {
    uid: Option<String>,
    version: Option<String>,
}

impl State {
    fn of(pa: &PodAutoscaler) -> Self {
        Self { uid: pa.metadata.uid.clone(), version: pa.metadata.resource_version.clone() }
    }

    /// Whether it is surely this one: without a version nobody knows.
    fn is_of(&self, pa: &PodAutoscaler) -> bool {
        self.version.is_some() && self.version == pa.metadata.resource_version && self.uid == pa.metadata.uid
    }
}

/// One revision.
pub struct Tracked {
    tuning: Tuning,
    memory: Memory,
    /// The last decision.
    pub decision: Option<Decision>,
    /// The scale that was set last.
    pub scale: Option<Written<u32>>,
    /// The status that was written last.
    pub status: Option<Written<PodAutoscalerStatus>>,
    /// The first poke that no scale was set for yet.
    pub poked: Option<Moment>,
}

impl Tracked {
    /// The beginning of a memory.
    pub fn new(key: &RevisionKey, pa: &PodAutoscaler, deployment: &Deployment, settings: Arc<Snapshots>, ready: u32, now: Moment) -> Self {
        let status = pa.status.clone().unwrap_or_default();
        let seed = Seed {
            replicas: replicas_of(deployment),
            ready,
            initialized: status.is_true(kind::SCALE_TARGET_INITIALIZED),
            phase: Phase::of(&status),
        };
        Self {
            tuning: Tuning::read(key, pa, settings, &[]),
            memory: Memory::new(seed, now),
            decision: None,
            scale: None,
            status: None,
            poked: None,
        }
    }

    /// Whether this is the memory of this very PodAutoscaler, and not of an earlier one of its name.
    pub fn is_of(&self, pa: &PodAutoscaler) -> bool {
        self.tuning.of.uid == pa.metadata.uid
    }

    /// Reads the tuning again if the PodAutoscaler or the settings are others than before, and forgets the status that
    /// was written when the PodAutoscaler shows it.
    pub fn tune(&mut self, key: &RevisionKey, pa: &PodAutoscaler, settings: Arc<Snapshots>) {
        if !self.tuning.of.is_of(pa) || !Arc::ptr_eq(&self.tuning.settings, &settings) {
            self.tuning = Tuning::read(key, pa, settings, &self.tuning.problems);
        }
        self.status.take_if(|written| written.over != pa.metadata.resource_version);
    }

    /// Writes an observation down.
    pub fn observe(&mut self, sample: Sample, at: Moment) {
        self.memory.observe(&self.tuning.spec, sample, at);
        if sample.poke && self.poked.is_none() {
            self.poked = Some(at);
        }
    }

    /// Decides, and remembers it.
    pub fn decide(&mut self, key: &RevisionKey, seen: Seen, now: Moment) -> Decision {
        let before = self.memory.want();
        let memory = std::mem::replace(&mut self.memory, Memory::new(Seed::default(), now));
        let (memory, decision) = decide(&self.tuning.spec, seen, memory, now);
        self.memory = memory;
        if decision.want != before {
            tracing::debug!(
                revision = %key,
                from = before,
                want = decision.want,
                because = decision.because.as_str(),
                ready = seen.ready,
                stable = decision.figures.stable.concurrency,
                panic = decision.figures.panic.concurrency,
                panicking = decision.figures.panicking,
                "another scale is wanted"
            );
        }
        self.decision = Some(decision.clone());
        decision
    }

    /// What the Deployment asks for, as far as is known.
    pub fn scale_of(&self, deployment: &Deployment) -> u32 {
        match &self.scale {
            Some(Written { value, over }) if *over == deployment.metadata.resource_version => *value,
            _ => replicas_of(deployment),
        }
    }

    /// What the PodAutoscaler's status says, as far as is known.
    pub fn status_of<'a>(&'a self, pa: &'a PodAutoscaler) -> Cow<'a, PodAutoscalerStatus> {
        match (&self.status, &pa.status) {
            (Some(Written { value, over }), _) if *over == pa.metadata.resource_version => Cow::Borrowed(value),
            (_, Some(status)) => Cow::Borrowed(status),
            (_, None) => Cow::Owned(PodAutoscalerStatus::default()),
        }
    }

    /// Whether the status says something else than the last decision, and how long its writing may wait. What a new
    /// revision is waiting for does not wait.
    pub fn status_is_due(&self, pa: &PodAutoscaler) -> Option<Duration> {
        let standing = self.decision.as_ref()?.standing;
        let told = self.status_of(pa);
        if standing.is_told_by(&told, pa.metadata.generation) {
            return None;
        }
        let is_new = !told.is_true(kind::SCALE_TARGET_INITIALIZED) || told.observed_generation != pa.metadata.generation;
        Some(if is_new { Duration::ZERO } else { STATUS_PATIENCE })
    }

    /// The status that the last decision asks for, if it is not the present one.
    pub fn due_status(&self, pa: &PodAutoscaler, revision: &str, now: Timestamp) -> Option<PodAutoscalerStatus> {
        let standing = self.decision.as_ref()?.standing;
        let told = self.status_of(pa);
        if standing.is_told_by(&told, pa.metadata.generation) {
            return None;
        }
        Some(standing.status(&told, revision, pa.metadata.generation, now))
    }
}

impl Tuning {
    /// Reads it, and tells the problems that are new.
    fn read(key: &RevisionKey, pa: &PodAutoscaler, settings: Arc<Snapshots>, known: &[Problem]) -> Self {
        let none = BTreeMap::new();
        let annotations = pa.metadata.annotations.as_ref().unwrap_or(&none);
        let (spec, problems) = Spec::read(annotations, &pa.spec, &settings.autoscaler, &settings.deployment);
        for problem in problems.iter().filter(|problem| !known.contains(problem)) {
            tracing::info!(revision = %key, %problem, "a scaling annotation is not used");
        }
        Self { spec, problems, of: State::of(pa), settings }
    }
}

/// Kubernetes takes a missing count for one.
fn replicas_of(deployment: &Deployment) -> u32 {
    let replicas = deployment.spec.replicas.unwrap_or(1);
    u32::try_from(replicas).unwrap_or(0)
}
