//! Everything that the autoscaler's tasks share, and the wires from the caches to the queues.
//!
//! This module must not decide.

use std::sync::Arc;

use ebb_api::config::{Live, autoscaler, deployment};
use ebb_api::k8s_openapi::api::core::v1::ConfigMap;
use ebb_api::observation::{Observation, RevisionKey};
use ebb_autoscaler_core::Sample;
use ebb_plumbing::WorkQueue;
use ebb_plumbing::cache::Change;
use kube::{Client, ResourceExt};
use parking_lot::Mutex;
use prometheus_client::registry::Registry;

use crate::caches::{Caches, key_of, revision_of};
use crate::clock::Clock;
use crate::figures::Figures;
use crate::metrics::Metrics;
use crate::table::Table;

/// The shared state.
pub struct Room {
    pub client: Client,
    pub clock: Clock,
    pub caches: Caches,
    /// The settings in force.
    pub settings: Live,
    pub table: Arc<Mutex<Table>>,
    /// Revisions to decide on.
    pub scales: WorkQueue<RevisionKey>,
    /// PodAutoscalers whose status may have to be written.
    pub statuses: WorkQueue<RevisionKey>,
    pub metrics: Metrics,
}

impl Room {
    /// A room that knows nothing yet.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            clock: Clock::start(),
            caches: Caches::new(),
            settings: Live::default(),
            table: Arc::default(),
            scales: WorkQueue::default(),
            statuses: WorkQueue::default(),
            metrics: Metrics::default(),
        }
    }

    /// Makes the metrics known.
    pub fn register(&self, registry: &mut Registry) {
        self.metrics.register(registry);
        registry.register_collector(Box::new(Figures::new(self.table.clone())));
    }

    /// Lets every change in the caches wake the revisions that it concerns.
    pub fn connect(room: &Arc<Self>) {
        let queues = (room.scales.clone(), room.statuses.clone());
        room.caches.autoscalers.on_change(move |pa, _| {
            queues.0.add(key_of(pa.as_ref()));
            queues.1.add(key_of(pa.as_ref()));
        });
        let queue = room.scales.clone();
        room.caches.pods.on_change(move |pod, _| {
            if let Some(key) = revision_of(pod) {
                queue.add(key);
            }
        });
        // The hooks live in the caches that live in the room, so they may not keep the room alive.
        let weak = Arc::downgrade(room);
        room.caches.deployments.on_change(move |deployment, _| {
            if let Some(room) = weak.upgrade() {
                room.caches.scaled_by(deployment).for_each(|key| room.scales.add(key));
            }
        });
        let weak = Arc::downgrade(room);
        room.caches.config_maps.on_change(move |map, change| {
            if let Some(room) = weak.upgrade() {
                room.configure(map, change);
            }
        });
    }

    /// Takes a ConfigMap's contents, if it is one that scaling reads.
    fn configure(&self, map: &ConfigMap, change: Change) {
        let name = map.name_any();
        if name != autoscaler::NAME && name != deployment::NAME {
            return;
        }
        match self.settings.take(&name, map.data.as_ref().filter(|_| change == Change::Applied)) {
            Ok(true) => {
                self.caches.autoscalers.keys().iter().for_each(|key| self.scales.add(RevisionKey::new(&*key.namespace, &*key.name)));
            }
            Ok(false) => {}
            Err(error) => tracing::error!(config_map = name, %error, "settings make no sense; the last good ones stay in force"),
        }
    }

    /// Writes an observation down and asks for a decision.
    pub fn observe(&self, observation: Observation) {
        let Observation { revision, over, concurrency, requests, in_flight, queued, poke } = observation;
        let sample = Sample { over, concurrency, requests, in_flight, queued, poke };
        self.table.lock().observe(&revision, sample, self.clock.now());
        self.scales.add(revision);
    }
}
