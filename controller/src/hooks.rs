//! Which keys a change wakes: children wake their owners, what is referred to wakes those who refer to it.
//!
//! This module must not read state to decide anything; waking too often is harmless, too seldom is not.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use ebb_api::conditions::Conditioned;
use ebb_api::keys::label;
use ebb_api::serving::Revision;
use ebb_controller_core::controller_of;
use ebb_plumbing::cache::Change;
use ebb_plumbing::{Key, WorkQueue};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::{Resource, ResourceExt};

use crate::caches::{Caches, configuration_word, domain_word, revision_word, route_word, target_word};

/// One queue per kind of plan. Cheap to clone.
#[derive(Clone, Default)]
pub struct Queues {
    pub service: WorkQueue<Key>,
    pub configuration: WorkQueue<Key>,
    pub revision: WorkQueue<Key>,
    pub route: WorkQueue<Key>,
    pub labeler: WorkQueue<Key>,
    pub gc: WorkQueue<Key>,
    pub domain_mapping: WorkQueue<Key>,
}

impl Queues {
    /// Wakes everything, because the settings changed.
    pub fn add_all(&self, caches: &Caches) {
        caches.services.keys().iter().for_each(|key| self.service.add(Key::clone(key)));
        for key in caches.configurations.keys() {
            self.configuration.add(Key::clone(&key));
            self.gc.add(Key::clone(&key));
        }
        caches.revisions.keys().iter().for_each(|key| self.revision.add(Key::clone(key)));
        caches.routes.keys().iter().for_each(|key| self.route.add(Key::clone(key)));
        caches.domain_mappings.keys().iter().for_each(|key| self.domain_mapping.add(Key::clone(key)));
    }

    fn add_routes(&self, caches: &Caches, word: &str) {
        for route in caches.routes.by_index(word) {
            self.add_route(Key::of(route.as_ref()));
        }
    }

    fn add_domain_mappings(&self, caches: &Caches, word: &str) {
        for mapping in caches.domain_mappings.by_index(word) {
            self.domain_mapping.add(Key::of(mapping.as_ref()));
        }
    }

    fn add_route(&self, route: Key) {
        self.route.add(route.clone());
        self.labeler.add(route);
    }
}

/// Connects every cache to the queues.
pub fn connect(caches: &Caches, queues: &Queues) {
    let (wake, all) = (queues.clone(), caches.clone());
    caches.services.on_change(move |service, _| {
        let key = Key::of(service.as_ref());
        wake.add_domain_mappings(&all, &target_word(&key.namespace, &key.name));
        wake.service.add(key);
    });
    connect_configurations(caches, queues);
    connect_revisions(caches, queues);
    let (wake, all) = (queues.clone(), caches.clone());
    caches.routes.on_change(move |route, _| {
        let key = Key::of(route.as_ref());
        wake.add_domain_mappings(&all, &target_word(&key.namespace, &key.name));
        // A Service has the name of its Route; if somebody else holds the name, the Service waits for it.
        wake.service.add(key.clone());
        wake.add_route(key);
    });
    let wake = queues.clone();
    caches.ingresses.on_change(move |ingress, _| match controller_of(&ingress.metadata) {
        Some(owner) if owner.kind == "DomainMapping" => {
            wake.domain_mapping.add(Key::new(ingress.namespace().unwrap_or_default(), owner.name.clone()));
        }
        _ => wake.route.add(Key::of(ingress.as_ref())),
    });
    connect_domains(caches, queues);
    let wake = queues.clone();
    caches.autoscalers.on_change(move |autoscaler, _| wake.revision.add(Key::of(autoscaler.as_ref())));
    connect_pods_and_their_makers(caches, queues);
}

fn connect_domains(caches: &Caches, queues: &Queues) {
    let (wake, all) = (queues.clone(), caches.clone());
    caches.domain_mappings.on_change(move |mapping, change| {
        wake.domain_mapping.add(Key::of(mapping.as_ref()));
        if change == Change::Deleted {
            // Another namespace may wait for the domain.
            wake.add_domain_mappings(&all, &domain_word(&mapping.name_any()));
        }
    });
    let (wake, all) = (queues.clone(), caches.clone());
    caches.domain_claims.on_change(move |claim, _| wake.add_domain_mappings(&all, &domain_word(&claim.name_any())));
}

fn connect_configurations(caches: &Caches, queues: &Queues) {
    let (wake, all) = (queues.clone(), caches.clone());
    caches.configurations.on_change(move |configuration, _| {
        let key = Key::of(configuration.as_ref());
        wake.add_routes(&all, &configuration_word(&key.namespace, &key.name));
        wake_written_routes(&wake, &configuration.metadata);
        wake.service.add(key.clone());
        wake.gc.add(key.clone());
        wake.configuration.add(key);
    });
}

fn connect_revisions(caches: &Caches, queues: &Queues) {
    let (wake, all) = (queues.clone(), caches.clone());
    let faces = Faces::default();
    caches.revisions.on_change(move |revision, change| {
        let key = Key::of(revision.as_ref());
        wake.revision.add(key.clone());
        if !faces.changed(&key, revision, change) {
            return;
        }
        if let Some(owner) = controller_of(&revision.metadata) {
            let configuration = Key::new(key.namespace.clone(), owner.name.clone());
            wake.gc.add(configuration.clone());
            wake.configuration.add(configuration);
        }
        if change == Change::Deleted {
            wake_those_who_wait_for_a_name(&wake, &all, &key);
        }
        wake.add_routes(&all, &revision_word(&key.namespace, &key.name));
        wake_written_routes(&wake, &revision.metadata);
    });
}

fn connect_pods_and_their_makers(caches: &Caches, queues: &Queues) {
    let wake = queues.clone();
    caches.deployments.on_change(move |deployment, _| {
        if let Some(revision) = revision_of(&deployment.metadata) {
            wake.revision.add(revision);
        } else if let Some(name) = deployment.name_any().strip_suffix("-deployment") {
            // Somebody else's, but a Revision may wait for the name.
            wake.revision.add(Key::new(deployment.namespace().unwrap_or_default(), name));
        }
    });
    let (wake, all) = (queues.clone(), caches.clone());
    caches.pods.on_change(move |pod, _| {
        let Some(name) = pod.labels().get(label::REVISION) else { return };
        let key = Key::new(pod.namespace().unwrap_or_default(), name);
        // Readiness is sticky, so the pods of a Revision that was ready once have nothing more to say.
        let ready = all.revisions.find(&key).is_some_and(|revision| revision.status.as_ref().is_some_and(Conditioned::is_ready));
        if !ready {
            wake.revision.add(key);
        }
    });
    let (wake, all) = (queues.clone(), caches.clone());
    caches.core_services.on_change(move |service, _| {
        let key = Key::of(service.as_ref());
        wake.add_domain_mappings(&all, &target_word(&key.namespace, &key.name));
        match controller_of(&service.metadata).map(|owner| (owner.kind.as_str(), owner.name.clone())) {
            Some(("Route", route)) => wake.route.add(Key::new(key.namespace, route)),
            Some(("Revision", revision)) => wake.revision.add(Key::new(key.namespace, revision)),
            _ => wake_those_who_want_the_name(&wake, &all, key),
        }
    });
}

/// A Revision's name is free again: a Configuration whose own name it starts with may want it.
fn wake_those_who_wait_for_a_name(wake: &Queues, caches: &Caches, gone: &Key) {
    for (at, _) in gone.name.match_indices('-') {
        let key = Key::new(gone.namespace.clone(), &gone.name[..at]);
        if caches.configurations.find(&key).is_some() {
            wake.configuration.add(key);
        }
    }
}

/// Somebody else's Kubernetes Service changed or is gone: a Revision, a Route or a Route's tag may want its name.
fn wake_those_who_want_the_name(wake: &Queues, caches: &Caches, key: Key) {
    for (at, _) in key.name.match_indices('-') {
        let route = Key::new(key.namespace.clone(), &key.name[at + 1..]);
        if caches.routes.find(&route).is_some() {
            wake.route.add(route);
        }
    }
    if caches.routes.find(&key).is_some() {
        wake.route.add(key.clone());
    }
    if caches.revisions.find(&key).is_some() {
        wake.revision.add(key);
    }
}

fn revision_of(metadata: &ObjectMeta) -> Option<Key> {
    let owner = controller_of(metadata).filter(|owner| owner.kind == "Revision")?;
    Some(Key::new(metadata.namespace.clone().unwrap_or_default(), owner.name.clone()))
}

/// Wakes the Routes that are written on an object: the labeler may have to take them off.
fn wake_written_routes(wake: &Queues, metadata: &ObjectMeta) {
    let namespace = metadata.namespace.clone().unwrap_or_default();
    for route in ebb_controller_core::routes_of(metadata) {
        wake.labeler.add(Key::new(namespace.clone(), route));
    }
}

/// What owners and Routes see of a Revision. The number of its pods changes often and is none of it.
#[derive(Default)]
struct Faces(Mutex<HashMap<Key, u64>>);

impl Faces {
    /// Whether the Revision looks different from last time.
    fn changed(&self, key: &Key, revision: &Revision, change: Change) -> bool {
        let mut faces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match change {
            Change::Deleted => {
                faces.remove(key);
                true
            }
            Change::Applied => {
                let face = face(revision);
                faces.insert(key.clone(), face) != Some(face)
            }
        }
    }
}

fn face(revision: &Revision) -> u64 {
    let metadata = revision.meta();
    let ready = revision.status.as_ref().and_then(Conditioned::happy);
    let mut hasher = DefaultHasher::new();
    (&metadata.uid, &metadata.labels, &metadata.annotations, metadata.deletion_timestamp.is_some()).hash(&mut hasher);
    ready.map(|ready| (&ready.status, &ready.reason, &ready.message)).hash(&mut hasher);
    hasher.finish()
}

/// The index word of a Route's key.
pub fn word_of_route(key: &Key) -> String {
    route_word(&key.namespace, &key.name)
}
