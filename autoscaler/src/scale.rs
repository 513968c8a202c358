//! One revision's decision and its scale: look, decide, set the Deployment's scale.
//!
//! This module must not write status: it only says that there is something to write.

use std::sync::Arc;
use std::time::Duration;

use ebb_api::autoscaling::PodAutoscaler;
use ebb_api::k8s_openapi::api::apps::v1::Deployment;
use ebb_api::keys::KPA_CLASS;
use ebb_api::keys::annotation::CLASS;
use ebb_api::observation::RevisionKey;
use ebb_autoscaler_core::Seen;
use ebb_plumbing::After;
use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, PatchOperation};
use kube::Api;
use kube::api::{Patch, PatchParams};

use crate::room::Room;
use crate::table::Written;

/// What is to be done about a decision.
struct Order {
    pa: Arc<PodAutoscaler>,
    /// The scale to set, if it is another one than stands there.
    scale: Option<u32>,
    after: After,
}

/// Decides on a revision and carries it out. A scale that could not be set is an error, so that it is tried again.
pub async fn reconcile(room: Arc<Room>, key: RevisionKey) -> Result<After, kube::Error> {
    let Some(Order { pa, scale, after }) = room.order(&key) else { return Ok(After::Settled) };
    if let Some(want) = scale {
        room.set_scale(&key, &pa.spec.scale_target_ref.name, want).await?;
    }
    room.have_status_written(key, &pa);
    Ok(after)
}

impl Room {
    /// Looks at a revision and decides. `None` if it is not ours, or not complete yet.
    fn order(&self, key: &RevisionKey) -> Option<Order> {
        let Some(pa) = self.caches.autoscaler(key).filter(|pa| self.is_ours(pa)) else {
            self.table.lock().revisions.remove(key);
            return None;
        };
        let deployment = self.caches.target(&pa)?;
        let ready = self.caches.ready_pods(key);
        let now = self.clock.now();

        let mut table = self.table.lock();
        let tracked = table.track(key, &pa, &deployment, self.settings.current(), ready, now);
        let decision = tracked.decide(key, Seen { ready }, now);
        let change = (tracked.scale_of(&deployment) != decision.want).then_some(decision.want);
        match change {
            Some(_) => self.metrics.decided(decision.because),
            // The poke met enough pods, or pods that are on their way.
            None => tracked.poked = None,
        }
        let after = decision.next.map_or(After::Settled, |next| After::Again(next.since(now)));
        drop(table);
        Some(Order { pa, scale: change, after })
    }

    /// A foreign class is left alone.
    pub fn is_ours(&self, pa: &PodAutoscaler) -> bool {
        let class = pa.metadata.annotations.as_ref().and_then(|annotations| annotations.get(CLASS));
        class.map_or_else(|| self.settings.current().autoscaler.pod_autoscaler_class == KPA_CLASS, |class| class == KPA_CLASS)
    }

    async fn set_scale(&self, key: &RevisionKey, name: &str, want: u32) -> Result<(), kube::Error> {
        let over = self.caches.deployments.get(&key.namespace, name).and_then(|deployment| deployment.metadata.resource_version.clone());
        let replicas = AddOperation { path: PointerBuf::from_tokens(["spec", "replicas"]), value: want.into() };
        let patch = Patch::Json::<()>(json_patch::Patch(vec![PatchOperation::Add(replicas)]));
        let deployments: Api<Deployment> = Api::namespaced(self.client.clone(), &key.namespace);
        match deployments.patch_scale(name, &PatchParams::default(), &patch).await {
            Ok(_) => {
                self.scale_is_set(key, Written { value: want, over });
                Ok(())
            }
            // The Deployment is gone. If it comes back, its event brings us here again.
            Err(kube::Error::Api(status)) if status.is_not_found() => Ok(()),
            Err(error) => {
                self.metrics.scale_was_refused();
                Err(error)
            }
        }
    }

    fn have_status_written(&self, key: RevisionKey, pa: &PodAutoscaler) {
        let due = self.table.lock().revisions.get(&key).and_then(|tracked| tracked.status_is_due(pa));
        match due {
            Some(Duration::ZERO) => self.statuses.add(key),
            Some(patience) => self.statuses.add_after(key, patience),
            None => {}
        }
    }

    fn scale_is_set(&self, key: &RevisionKey, scale: Written<u32>) {
        let mut table = self.table.lock();
        let Some(tracked) = table.revisions.get_mut(key) else { return };
        tracked.scale = Some(scale);
        if let Some(poked) = tracked.poked.take() {
            self.metrics.poke_was_answered(self.clock.now().since(poked));
        }
    }
}
