//! Carries out a plan about one object: children, status, Events, and when to look again. The same for every kind.
//!
//! This module must not know any kind.

use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use ebb_controller_core::{After as CoreAfter, Apply, Event, Plan};
use ebb_plumbing::{After, Cache, Key, Tasks, WorkQueue};
use jiff::Timestamp;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::api::{Api, PostParams};
use kube::{Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::apply;
use crate::caches::Caches;
use crate::error::Error;
use crate::events::{Recorder, about};
use crate::metrics::Metrics;
use crate::settings::Keeper;
use crate::written::Written;

/// What every reconcile may use. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    pub client: Client,
    pub caches: Caches,
    pub settings: Keeper,
    pub recorder: Recorder,
    pub metrics: Metrics,
    pub written: Written,
}

/// An object whose status a plan can write.
pub trait HasStatus: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + Serialize + DeserializeOwned {
    /// Its status.
    type Status;
    /// The same object with another status.
    fn with_status(&self, status: Self::Status) -> Self;
}

/// One kind of plan.
pub trait Reconciler: Clone + Send + Sync + 'static {
    /// Name of the queue, and the label in metrics.
    const NAME: &'static str;
    /// Observes, plans and carries out.
    fn reconcile(&self, context: &Context, key: &Key) -> impl Future<Output = Result<CoreAfter, Error>> + Send;
}

/// Runs a queue until shutdown.
pub fn start<R: Reconciler>(reconciler: R, context: &Context, queue: &WorkQueue<Key>, concurrency: usize, tasks: &Tasks) {
    let (context, queue, shutdown) = (context.clone(), queue.clone(), tasks.shutdown().clone());
    tasks.spawn(R::NAME, async move {
        let one = |key: Key| timed(reconciler.clone(), context.clone(), key);
        queue.run(R::NAME, concurrency, shutdown, one).await
    });
}

async fn timed<R: Reconciler>(reconciler: R, context: Context, key: Key) -> Result<After, Error> {
    let begun = Instant::now();
    let result = reconciler.reconcile(&context, &key).await;
    let outcome = result.as_ref().map_or_else(Error::outcome, |_| "done");
    context.metrics.reconciled(R::NAME, outcome, begun.elapsed());
    result.map(|after| match after {
        CoreAfter::NextChange => After::Settled,
        CoreAfter::AtMost(delay) => After::Again(delay),
    })
}

impl Context {
    /// The present. Plans get it as an argument.
    pub fn now() -> Timestamp {
        Timestamp::now()
    }

    /// The object of a key, unless it is not there, or the cache has not heard yet of the last status that was written to
    /// it. In that case nothing is to be done now: when the cache hears of it, the key is woken.
    pub fn find<K: HasStatus + Send + Sync + 'static>(&self, cache: &Cache<K>, key: &Key) -> Option<Arc<K>> {
        let found = cache.find(key);
        let version = found.as_ref().and_then(|object| object.meta().resource_version.as_deref());
        if self.written.is_behind(kind_of::<K>(), key, version) { None } else { found }
    }

    /// Carries out a plan whose status goes onto `object`.
    pub async fn carry_out<K: HasStatus>(&self, object: &K, plan: Plan<K::Status>) -> Result<CoreAfter, Error> {
        let Plan { apply, delete, status, events, after, because } = plan;
        let about = about(object);
        if !apply.is_empty() || !delete.is_empty() || status.is_some() {
            tracing::debug!(kind = %K::kind(&()), object = %Key::of(object), because = because.as_str(), "carrying out a plan");
        }
        self.children(&about, &apply, &delete).await?;
        if let Some(status) = status {
            self.status(object.with_status(status)).await?;
        }
        events.into_iter().for_each(|event| self.recorder.tell(&about, event));
        Ok(after)
    }

    /// Carries out a plan that has no status.
    pub async fn carry_out_without_status<K>(&self, object: &K, plan: Plan) -> Result<CoreAfter, Error>
    where
        K: Resource<DynamicType = ()>,
    {
        let Plan { apply, delete, status: _, events, after, because } = plan;
        let about = about(object);
        if !apply.is_empty() || !delete.is_empty() {
            tracing::debug!(kind = %K::kind(&()), object = %Key::of(object), because = because.as_str(), "carrying out a plan");
        }
        self.children(&about, &apply, &delete).await?;
        events.into_iter().for_each(|event| self.recorder.tell(&about, event));
        Ok(after)
    }

    async fn children(
        &self,
        about: &Arc<ObjectReference>,
        applies: &[Apply],
        deletes: &[ebb_controller_core::Object],
    ) -> Result<(), Error> {
        for write in applies {
            let (kind, name) = (write.object().kind(), write.object().name());
            let is_new = matches!(write, Apply::Create(_));
            let result = apply::apply(&self.client, write).await;
            match &result {
                Ok(()) => self.metrics.wrote(kind, if is_new { "create" } else { "update" }),
                Err(Error::Refused(refusal)) if is_new => {
                    let message = format!("Failed to create {kind} \"{name}\": {}", refusal.message);
                    self.recorder.tell(about, Event::warning("CreationFailed", message));
                }
                Err(_) => {}
            }
            result?;
            if is_new {
                self.recorder.tell(about, Event::normal("Created", format!("Created {kind} \"{name}\"")));
            }
        }
        for object in deletes {
            apply::delete(&self.client, object).await?;
            self.metrics.wrote(object.kind(), "delete");
            self.recorder.tell(about, Event::normal("Deleted", format!("Deleted {} \"{}\"", object.kind(), object.name())));
        }
        Ok(())
    }

    async fn status<K: HasStatus>(&self, object: K) -> Result<(), Error> {
        let metadata = object.meta();
        let api: Api<K> = Api::namespaced(self.client.clone(), metadata.namespace.as_deref().unwrap_or_default());
        let name = metadata.name.clone().unwrap_or_default();
        let kind = kind_of::<K>();
        let stored = api
            .replace_status(&name, &PostParams::default(), &object)
            .await
            .map_err(|error| Error::new("status update", kind, &name, error))?;
        self.metrics.wrote(kind, "status");
        self.written.replaced(kind, Key::of(&object), metadata, stored.meta());
        Ok(())
    }
}

fn kind_of<K: Resource<DynamicType = ()>>() -> &'static str {
    // Our kinds' names are constants; only the trait hides it.
    match K::kind(&()) {
        std::borrow::Cow::Borrowed(kind) => kind,
        std::borrow::Cow::Owned(_) => "object",
    }
}
