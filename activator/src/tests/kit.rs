//! A room to test in: an activator that is told of revisions and pods by hand, and the autoscaler's end of the channel.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ebb_activator_core::{Limit, Refused};
use ebb_api::observation::{Observation, RevisionKey};
use ebb_plumbing::{CancellationToken, Supervisor};
use futures::future::BoxFuture;
use k8s_openapi::jiff::Timestamp;
use parking_lot::Mutex;
use prometheus_client::registry::Registry;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::objects::{PodFacts, PodKey, RevisionFacts};
use crate::recheck::Door;
use crate::{Activator, Place, RevisionHandle, Settings};

pub struct Room {
    pub activator: Arc<Activator>,
    pub observations: mpsc::Receiver<Observation>,
    pub door: Arc<Script>,
    pub registry: Registry,
    pub supervisor: Supervisor,
}

/// A door that answers as its script says, and refuses when the script is used up.
#[derive(Debug, Default)]
pub struct Script(Mutex<VecDeque<bool>>);

impl Script {
    pub fn write(&self, answers: impl IntoIterator<Item = bool>) {
        self.0.lock().extend(answers);
    }

    pub fn left(&self) -> usize {
        self.0.lock().len()
    }
}

impl Door for Script {
    fn accepts(&self, _: SocketAddr) -> BoxFuture<'static, bool> {
        Box::pin(std::future::ready(self.0.lock().pop_front().unwrap_or(false)))
    }
}

pub fn room() -> Room {
    room_with_channel(1024)
}

pub fn room_with_channel(capacity: usize) -> Room {
    let (sender, observations) = mpsc::channel(capacity);
    let supervisor = Supervisor::new(CancellationToken::new());
    let (door, mut registry) = (Arc::new(Script::default()), Registry::default());
    let activator = Activator::without_watches(sender, &supervisor.tasks(), door.clone(), &mut registry);
    activator.directory().set_synced();
    Room { activator, observations, door, registry, supervisor }
}

pub fn key(name: &str) -> RevisionKey {
    RevisionKey::new("dev", name)
}

pub fn revision(name: &str, container_concurrency: i64) -> RevisionFacts {
    RevisionFacts {
        key: key(name),
        uid: Arc::default(),
        service: "shop".into(),
        configuration: "shop".into(),
        settings: Settings { limit: Limit::of(container_concurrency), ..Settings::default() },
        problem: None,
    }
}

/// A ready pod of the revision `r`. Its port tells it apart.
pub fn pod(name: &str, port: u16) -> PodFacts {
    PodFacts {
        key: PodKey { namespace: "dev".into(), name: name.into() },
        uid: format!("uid-of-{name}").into(),
        revision: key("r"),
        revision_uid: Arc::default(),
        addr: Some(SocketAddr::from(([127, 0, 0, 1], port))),
        ready: true,
        leaving: false,
        epoch: (Some(Timestamp::UNIX_EPOCH), 0),
        problem: None,
    }
}

impl Room {
    /// The line of a revision `r` with this limit.
    pub fn revision(&self, container_concurrency: i64) -> Arc<RevisionHandle> {
        self.activator.directory().apply_revision(&revision("r", container_concurrency));
        self.activator.revision(&key("r")).unwrap()
    }

    pub fn apply(&self, facts: PodFacts) {
        self.activator.directory().apply_pod(facts);
    }

    pub fn delete(&self, facts: &PodFacts) {
        self.activator.directory().delete_pod(&facts.key, &facts.uid);
    }

    /// The next observation, which must come within a minute of virtual time.
    pub async fn heard(&mut self) -> Observation {
        tokio::time::timeout(Duration::from_secs(60), self.observations.recv()).await.expect("an observation").unwrap()
    }

    /// That nothing was sent.
    pub fn heard_nothing(&mut self) {
        assert_eq!(self.observations.try_recv().ok(), None);
    }
}

/// A deadline that no test reaches by accident.
pub fn late() -> Instant {
    Instant::now() + Duration::from_secs(300)
}

/// A request in a task of its own.
pub fn request(line: &Arc<RevisionHandle>) -> tokio::task::JoinHandle<Result<Place, Refused>> {
    let line = line.clone();
    tokio::spawn(async move { line.acquire(late(), 100).await })
}

/// Lets all tasks run as far as they can without time passing.
pub async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// Lets all tasks run until something is so. Time does not pass meanwhile; after a million turns it will never be so.
pub async fn until(what: impl Fn() -> bool) {
    for _ in 0..1_000_000 {
        if what() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it did not come about");
}
