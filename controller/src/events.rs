//! Tells people by Kubernetes Events, without making anybody wait.
//!
//! What is news is decided elsewhere, except that nobody hears of one object without end. This module must not retry.

mod budget;
#[cfg(test)]
mod tests;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use ebb_controller_core::{Event, EventKind};
use ebb_plumbing::Tasks;
use governor::clock::MonotonicClock;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event as CoreEvent, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::{Client, Resource};
use serde_json::json;
use tokio::sync::mpsc;

use self::budget::Budgets;
use crate::metrics::{Dropped, Metrics};

/// Events that may wait to be told: a thousand Services made at once, each with its handful of children. At about 1 kB each
/// that is 8 MB at the very most. What comes on top is dropped and counted: Events are a courtesy.
const WAITING: usize = 8192;
/// Who tells.
const COMPONENT: &str = "ebb-controller";

/// Tells Events. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Recorder {
    waiting: mpsc::Sender<Told>,
    budgets: Arc<Budgets>,
    metrics: Metrics,
}

#[derive(Debug)]
struct Told {
    about: Arc<ObjectReference>,
    event: Event,
    at: Timestamp,
}

impl Recorder {
    /// Starts the task that tells.
    pub fn start(client: Client, tasks: &Tasks, metrics: Metrics) -> Self {
        let (recorder, mut told) = Self::new(metrics);
        let shutdown = tasks.shutdown().clone();
        tasks.spawn("tell Events", async move {
            loop {
                let next = tokio::select! {
                    () = shutdown.cancelled() => return Ok::<(), std::convert::Infallible>(()),
                    next = told.recv() => next,
                };
                // The senders live in reconciles, which end with the shutdown.
                let Some(told) = next else { return Ok(()) };
                tell(&client, told).await;
            }
        });
        recorder
    }

    /// A recorder, and what it is asked to tell.
    fn new(metrics: Metrics) -> (Self, mpsc::Receiver<Told>) {
        let (waiting, told) = mpsc::channel(WAITING);
        (Self { waiting, budgets: Arc::new(Budgets::new(MonotonicClock)), metrics }, told)
    }

    /// Tells an Event about an object, some time soon, unless too much was told already.
    pub fn tell(&self, about: &Arc<ObjectReference>, event: Event) {
        // Before the queue, so that an object that talks too much takes no room from the others.
        if !self.budgets.take(about) {
            return self.metrics.event_dropped(Dropped::TooManyAboutObject);
        }
        let told = Told { about: about.clone(), event, at: Timestamp::now() };
        if self.waiting.try_send(told).is_err() {
            self.metrics.event_dropped(Dropped::TooManyWaiting);
        }
    }
}

/// What an Event is about.
pub fn about<K: Resource<DynamicType = ()>>(object: &K) -> Arc<ObjectReference> {
    Arc::new(object.object_ref(&()))
}

async fn tell(client: &Client, told: Told) {
    let namespace = told.about.namespace.clone().unwrap_or_default();
    let api: Api<CoreEvent> = Api::namespaced(client.clone(), &namespace);
    let event = event(&told);
    let name = event.metadata.name.clone().unwrap_or_default();
    let result = match api.create(&PostParams::default(), &event).await {
        Err(kube::Error::Api(status)) if status.code == 409 => count_up(&api, &name, told.at).await,
        result => result.map(drop),
    };
    if let Err(error) = result {
        tracing::debug!(event = name, %error, "an Event could not be told");
    }
}

/// The same news again: one Event, counted.
async fn count_up(api: &Api<CoreEvent>, name: &str, at: Timestamp) -> Result<(), kube::Error> {
    let Some(event) = api.get_opt(name).await? else { return Ok(()) };
    let patch = json!({"count": event.count.unwrap_or(1).saturating_add(1), "lastTimestamp": Time(at)});
    api.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.map(drop)
}

/// The name is made from what is told, so that the same news is the same Event.
fn event(told: &Told) -> CoreEvent {
    let Told { about, event, at } = told;
    let mut hasher = DefaultHasher::new();
    (&about.uid, event.reason, &event.message).hash(&mut hasher);
    let name = format!("{}.{:016x}", about.name.as_deref().unwrap_or_default(), hasher.finish());
    let kind = match event.kind {
        EventKind::Normal => "Normal",
        EventKind::Warning => "Warning",
    };
    CoreEvent {
        metadata: ObjectMeta { name: Some(name), namespace: about.namespace.clone(), ..ObjectMeta::default() },
        involved_object: about.as_ref().clone(),
        type_: Some(kind.to_owned()),
        reason: Some(event.reason.to_owned()),
        message: Some(event.message.clone()),
        count: Some(1),
        first_timestamp: Some(Time(*at)),
        last_timestamp: Some(Time(*at)),
        source: Some(EventSource { component: Some(COMPONENT.to_owned()), host: None }),
        reporting_component: Some(COMPONENT.to_owned()),
        ..CoreEvent::default()
    }
}
