//! Tells people what went wrong with a pod, as Kubernetes Events. Nobody waits for them, and losing one loses nothing but
//! its text: the pod's status says the same.

use std::collections::HashMap;

use ebb_plumbing::{BoxError, CancellationToken};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client, ResourceExt};
use tokio::sync::mpsc;

use crate::patches;

/// Events that wait to be written. More than a hundred at once only repeat each other.
const LINE: usize = 128;
/// Events that are remembered so that repeats only count: more than the containers that fail at the same time.
const REMEMBERED: usize = 512;

/// Who says so.
const COMPONENT: &str = "ebb-node";

struct News {
    about: ObjectReference,
    reason: &'static str,
    message: String,
}

/// Takes events. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Events(mpsc::Sender<News>);

/// Writes them.
pub struct Writer {
    client: Client,
    news: mpsc::Receiver<News>,
    node: String,
    written: HashMap<(String, &'static str, String), (String, i32)>,
}

/// A pair of both.
pub fn channel(client: Client, node: String) -> (Events, Writer) {
    let (sender, news) = mpsc::channel(LINE);
    (Events(sender), Writer { client, news, node, written: HashMap::new() })
}

impl std::fmt::Debug for News {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.reason, self.message)
    }
}

impl Events {
    /// Something a person may want to look at.
    pub fn warning(&self, pod: &Pod, reason: &'static str, message: impl Into<String>) {
        let about = ObjectReference {
            api_version: Some("v1".into()),
            kind: Some("Pod".into()),
            name: pod.metadata.name.clone(),
            namespace: pod.metadata.namespace.clone(),
            uid: pod.metadata.uid.clone(),
            ..ObjectReference::default()
        };
        // A full line is dropped: see above.
        let _ = self.0.try_send(News { about, reason, message: message.into() });
    }
}

impl Writer {
    /// Writes until shutdown.
    ///
    /// # Errors
    /// None: an event that cannot be written is logged and forgotten.
    pub async fn run(mut self, shutdown: CancellationToken) -> Result<(), BoxError> {
        loop {
            let news = tokio::select! {
                () = shutdown.cancelled() => return Ok(()),
                news = self.news.recv() => news,
            };
            let Some(news) = news else {
                // All senders are gone: the node has ended.
                shutdown.cancelled().await;
                return Ok(());
            };
            if let Err(error) = self.write(&news).await {
                tracing::debug!(%error, reason = news.reason, "an event was not written");
            }
        }
    }

    async fn write(&mut self, news: &News) -> Result<(), BoxError> {
        let api: Api<Event> = Api::namespaced(self.client.clone(), news.about.namespace.as_deref().unwrap_or("default"));
        let key = (news.about.uid.clone().unwrap_or_default(), news.reason, news.message.clone());
        let now = Time(Timestamp::now());
        if let Some((name, count)) = self.written.get_mut(&key) {
            *count += 1;
            let places = [("/count".to_owned(), (*count).into()), ("/lastTimestamp".to_owned(), serde_json::to_value(&now)?)];
            let patch = Patch::Json::<()>(patches::many(places)?);
            match api.patch(name, &PatchParams::default(), &patch).await {
                Err(error) if patches::is_gone(&error) => drop(self.written.remove(&key)),
                result => return result.map(drop).map_err(Into::into),
            }
        }
        let created = api.create(&PostParams::default(), &self.event(news, now)).await?;
        if self.written.len() >= REMEMBERED {
            self.written.clear();
        }
        self.written.insert(key, (created.name_any(), 1));
        Ok(())
    }

    fn event(&self, news: &News, now: Time) -> Event {
        Event {
            metadata: ObjectMeta {
                name: Some(format!("{}.{:016x}", news.about.name.as_deref().unwrap_or_default(), rand::random::<u64>())),
                namespace: news.about.namespace.clone(),
                ..ObjectMeta::default()
            },
            involved_object: news.about.clone(),
            type_: Some("Warning".into()),
            reason: Some(news.reason.into()),
            message: Some(news.message.clone()),
            count: Some(1),
            first_timestamp: Some(now.clone()),
            last_timestamp: Some(now),
            reporting_component: Some(COMPONENT.into()),
            reporting_instance: Some(self.node.clone()),
            source: Some(EventSource { component: Some(COMPONENT.into()), host: Some(self.node.clone()) }),
            ..Event::default()
        }
    }
}
