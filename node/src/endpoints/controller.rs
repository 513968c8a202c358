//! Carries the plans for EndpointSlices out. Decides nothing.

use std::sync::Arc;
use std::time::Duration;

use ebb_plumbing::{After, BoxError, Cache, CancellationToken, Key, WorkQueue};
use futures::future::join_all;
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::api::{DeleteParams, PostParams};
use kube::{Api, Client, ResourceExt};

use super::plan::{SERVICE_LABEL, plan, selects};
use crate::index::{label_word, service_words};
use crate::patches;

/// Nobody waits for slices: few at a time leave the machine to those who start.
const CONCURRENCY: usize = 4;
/// And a pod that has just become ready has a request to answer first. Also, several changes of one pod are one write.
const LATER: Duration = Duration::from_millis(20);

/// What the controller works with.
pub struct Controller {
    client: Client,
    services: Cache<Service>,
    pods: Cache<Pod>,
    slices: Cache<EndpointSlice>,
    queue: WorkQueue<Key>,
}

impl std::fmt::Debug for Controller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Controller").field("services", &self.services).finish_non_exhaustive()
    }
}

/// The word by which a slice is found from its Service.
pub fn slice_words(slice: &EndpointSlice) -> Vec<String> {
    let namespace = slice.metadata.namespace.as_deref().unwrap_or_default();
    slice.labels().get(SERVICE_LABEL).map(|service| label_word(namespace, SERVICE_LABEL, service)).into_iter().collect()
}

impl Controller {
    /// A controller that hears of every change of its caches, which are indexed by the functions of [`crate::index`] and
    /// [`slice_words`].
    pub fn new(client: Client, services: Cache<Service>, pods: Cache<Pod>, slices: Cache<EndpointSlice>) -> Arc<Self> {
        let queue = WorkQueue::default();
        let added = queue.clone();
        services.on_change(move |service, _| added.add(Key::of(service.as_ref())));
        let (added, known) = (queue.clone(), services.clone());
        pods.on_change(move |pod, _| {
            let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
            for (key, value) in pod.labels() {
                let found = known.by_index(&label_word(namespace, key, value));
                let selecting = found.iter().filter(|service| selects(service, pod));
                selecting.for_each(|service| added.add_after(Key::of(service.as_ref()), LATER));
            }
        });
        let added = queue.clone();
        slices.on_change(move |slice, _| {
            if let Some(service) = slice.labels().get(SERVICE_LABEL) {
                added.add(Key::new(slice.namespace().unwrap_or_default(), service.clone()));
            }
        });
        Arc::new(Self { client, services, pods, slices, queue })
    }

    /// Reconciles until shutdown.
    ///
    /// # Errors
    /// None of its own; see [`WorkQueue::run`].
    pub async fn run(self: Arc<Self>, shutdown: CancellationToken) -> Result<(), BoxError> {
        self.queue.run("endpointslices", CONCURRENCY, shutdown, |key| self.reconcile(key)).await
    }

    async fn reconcile(&self, key: Key) -> Result<After, BoxError> {
        let service = self.services.find(&key);
        let word = service.as_ref().and_then(|service| service_words(service).pop());
        let pods = word.map(|word| self.pods.by_index(&word)).unwrap_or_default();
        let existing = self.slices.by_index(&label_word(&key.namespace, SERVICE_LABEL, &key.name));
        let plan = plan(service.as_deref(), &pods, &existing);
        let api: Api<EndpointSlice> = Api::namespaced(self.client.clone(), &key.namespace);
        let (post, delete) = (PostParams::default(), DeleteParams::default());
        let creates = join_all(plan.create.iter().map(|slice| api.create(&post, slice)));
        let names: Vec<String> = plan.replace.iter().map(ResourceExt::name_any).collect();
        let replaces = join_all(plan.replace.iter().zip(&names).map(|(slice, name)| api.replace(name, &post, slice)));
        let deletes = join_all(plan.delete.iter().map(|name| api.delete(name, &delete)));
        let (created, replaced, deleted) = futures::join!(creates, replaces, deletes);
        let written =
            created.into_iter().chain(replaced).map(|result| result.map(drop)).chain(deleted.into_iter().map(|result| result.map(drop)));
        for result in written {
            match result {
                Err(error) if !patches::is_gone(&error) => return Err(error.into()),
                _ => {}
            }
        }
        Ok(After::Settled)
    }
}
